"""Conformal prediction: what holds the truth with a stated chance, whatever the model believes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Quantiles = tuple[float | None, ...]
COVERAGE = 0.9


def conformal_quantile(scores: Floats, coverage: float = COVERAGE) -> float | None:
    """The score at rank (n + 1) * coverage of n scores, between two of them in proportion.

    The whole rank above covers a new score with a chance of up to coverage + 1 / (n + 1): 94.7 % of 90 %
    with 18 rows. Between two ranks the chance is what is stated where scores are equally dense, and more
    where they thin out towards the larger. None when n is too small for the coverage.

    >>> conformal_quantile(np.arange(1.0, 10.0)), conformal_quantile(np.arange(1.0, 9.0))
    (9.0, None)
    >>> conformal_quantile(np.arange(1.0, 15.0))
    13.5
    """
    rank = (len(scores) + 1) * coverage
    if rank > len(scores):
        return None
    return float(np.interp(rank, np.arange(1, len(scores) + 1), np.sort(scores)))


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


def class_quantiles(probability_BK: Floats, truth_B: Floats, coverage: float = COVERAGE) -> Quantiles:
    """For each class, the quantile of 1 - its probability among the rows of that class alone.

    Rare classes keep their coverage, which one quantile for all rows does not give them.
    Source: Vovk 2012, arXiv:1209.2673, section 4 (label-conditional, "Mondrian", conformal predictors).
    """
    return tuple(
        conformal_quantile(1.0 - probability_BK[truth_B == number, number], coverage)
        for number in range(probability_BK.shape[1])
    )


def conformal_range(
    score_K: Floats,
    quantiles: Quantiles,
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


def conformal_set(probability_K: Floats, quantiles: Quantiles, coverage: float = COVERAGE) -> ConformalSet:
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
