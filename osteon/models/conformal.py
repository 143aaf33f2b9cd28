"""Conformal prediction: what holds the truth with a stated chance, whatever the model believes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
COVERAGE = 0.9
_ROUNDS = 20


def conformal_quantile(scores: Floats, coverage: float = COVERAGE) -> float | None:
    """The ceil((n + 1) * coverage)-th smallest score: covers a new one with that chance at least.

    None when n is too small for the coverage (the finite-sample quantile is infinite).

    >>> conformal_quantile(np.arange(1.0, 10.0)), conformal_quantile(np.arange(1.0, 9.0))
    (9.0, None)
    """
    rank = math.ceil((len(scores) + 1) * coverage)
    return None if rank > len(scores) else float(np.sort(scores)[rank - 1])


def rows_needed(coverage: float = COVERAGE) -> int:
    """Fewest rows from which a quantile of that coverage is finite.

    >>> rows_needed(0.9), rows_needed(0.95)
    (9, 19)
    """
    rows = 1
    while conformal_quantile(np.zeros(rows), coverage) is None:
        rows += 1
    return rows


@dataclass(frozen=True, kw_only=True)
class ConformalSet:
    """The classes that cannot be ruled out.

    Attributes:
        classes: each true class is among them with the stated coverage; empty when the picture is unlike
            those of every class.
        untested: classes that had too few rows to be ruled out ever; they are always among `classes`.
    """

    classes: tuple[int, ...]
    coverage: float
    untested: tuple[int, ...] = ()


def class_quantiles(
    probability_BK: Floats, truth_B: Floats, coverage: float = COVERAGE
) -> tuple[float | None, ...]:
    """For each class, the quantile of 1 - its probability among the rows of that class alone.

    Rare classes keep their coverage, which one quantile for all rows does not give them.
    Source: Vovk 2012, arXiv:1209.2673, section 4 (label-conditional, "Mondrian", conformal predictors).
    """
    return tuple(
        conformal_quantile(1.0 - probability_BK[truth_B == number, number], coverage)
        for number in range(probability_BK.shape[1])
    )


def range_quantiles(
    score_BK: Floats, truth_B: Floats, coverage: float = COVERAGE, *, named_B: NDArray[np.int64] | None = None
) -> tuple[float | None, ...]:
    """For each grade, the quantile with which the range of grades holds it as often as is stated.

    The range runs from the lowest to the highest grade whose score is within its own quantile. It fills the
    gaps of that set, so quantiles of single grades (`class_quantiles`) would hold those in the middle too
    often; each is lowered, in turn until none moves, to the least that still covers the rank of
    `conformal_quantile` of its own rows.

    Args:
        score_BK: how far each of the K grades is from each row's belief.
        named_B: the grade that is answered for each row, which its range holds whatever its score.
    """
    classes = score_BK.shape[1]
    if named_B is not None:
        score_BK = score_BK.copy()
        score_BK[np.arange(len(score_BK)), named_B] = -np.inf
    own = [np.flatnonzero(truth_B == number) for number in range(classes)]
    single = [conformal_quantile(score_BK[rows, number], coverage) for number, rows in enumerate(own)]
    found = [None if one is None else max(0.0, one) for one in single]
    for _ in range(_ROUNDS):
        before = list(found)
        for number, rows in enumerate(own):
            if found[number] is not None:
                between_N = _enclosed(score_BK[rows], found, number)
                rank = math.ceil((len(rows) + 1) * coverage) - int(between_N.sum())
                left_N = np.sort(score_BK[rows, number][~between_N])
                found[number] = max(0.0, float(left_N[rank - 1])) if rank > 0 else 0.0
        if found == before:
            break
    return tuple(found)


def _enclosed(score_BK: Floats, quantiles: list[float | None], number: int) -> NDArray[np.bool_]:
    """Rows in whose set a lower and a higher grade stand."""
    bounds_K = np.asarray([np.inf if one is None else one for one in quantiles])
    held_BK = score_BK <= bounds_K
    return np.asarray(held_BK[:, :number].any(axis=1) & held_BK[:, number + 1 :].any(axis=1))


def conformal_range(
    score_K: Floats,
    quantiles: tuple[float | None, ...],
    coverage: float = COVERAGE,
    *,
    named: int | None = None,
) -> ConformalSet:
    """The grades from the lowest to the highest whose score is within its own quantile, or that is `named`.

    >>> conformal_range(np.array([2.0, 0.9, 0.4, 0.5]), (1.0, 1.0, 0.3, 1.0)).classes
    (1, 2, 3)
    >>> conformal_range(np.array([2.0, 0.9, 0.4, 0.5]), (1.0, 1.0, 0.3, 0.3), named=2).classes
    (1, 2)
    """
    kept = [
        number
        for number, quantile in enumerate(quantiles)
        if quantile is None or score_K[number] <= quantile or number == named
    ]
    untested = tuple(number for number, quantile in enumerate(quantiles) if quantile is None)
    filled = tuple(range(kept[0], kept[-1] + 1)) if kept else ()
    return ConformalSet(classes=filled, coverage=coverage, untested=untested)


def conformal_set(
    probability_K: Floats, quantiles: tuple[float | None, ...], coverage: float = COVERAGE
) -> ConformalSet:
    """The classes whose 1 - probability is within their own quantile.

    >>> conformal_set(np.array([0.7, 0.3]), (0.4, 0.6)).classes
    (0,)
    """
    kept = [
        number
        for number, quantile in enumerate(quantiles)
        if quantile is None or 1.0 - probability_K[number] <= quantile
    ]
    untested = tuple(number for number, quantile in enumerate(quantiles) if quantile is None)
    return ConformalSet(classes=tuple(kept), coverage=coverage, untested=untested)
