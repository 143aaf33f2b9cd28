"""Which grades an expectation cannot rule out: for each grade, bounds of the expectations of its own rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from osteon.models.conformal import COVERAGE, ConformalSet, rows_needed

Floats = NDArray[np.float64]
Bounds = tuple[tuple[float, float] | None, ...]


def grade_bounds(
    mean_B: Floats, truth_B: Floats, named_B: NDArray[np.int64], values_K: Floats, coverage: float = COVERAGE
) -> Bounds:
    """For each grade, from where to where expectations lie that leave it possible; None for too few rows.

    Of the rows of a grade the stated part lies within, also counting those for which the grade itself is
    answered and that are held whatever their expectation. What may be left out is taken equally from both
    ends; where one end has too few rows that are answered otherwise, the rest is taken from the other.
    Expectations of higher grades lie higher, so that these bounds rise with the grade and those that hold
    one expectation stand side by side: a range has no gap to fill with grades that its bounds left out.

    Args:
        mean_B: expectation of each row's belief, (B,), within the K values.
        named_B: index of the grade that is answered for each row; it rises with the expectation.
    Source: Vovk 2012, arXiv:1209.2673, section 4 (label-conditional), with the tails of Linusson et al.
        2014 (signed errors); ranks between two rows as in `conformal_quantile`.
    """
    ends = float(values_K[0]), float(values_K[-1])
    found: list[tuple[float, float] | None] = []
    for number, value in enumerate(values_K):
        own = truth_B == value
        if own.sum() < rows_needed(coverage):
            found.append(None)
            continue
        below, above = int((named_B[own] < number).sum()), int((named_B[own] > number).sum())
        left, right = _left_out(int(own.sum()), below, above, coverage)
        ordered = np.sort(mean_B[own])
        low = ends[0] if left == 0 else _at_rank(ordered, left)
        high = ends[1] if right == 0 else -_at_rank(-ordered[::-1], right)
        found.append((low, high))
    return tuple(found)


def _left_out(rows: int, below: int, above: int, coverage: float) -> tuple[float, float]:
    """Ranks that lie outside at either end, each 0 or at least 1, in sum what the coverage leaves.

    >>> _left_out(39, 20, 20, 0.9), _left_out(39, 0, 20, 0.9), _left_out(9, 3, 4, 0.9)
    ((2.0, 2.0), (0, 4.0), (0.0, 1.0))
    """
    spare = (rows + 1) - (rows + 1) * coverage
    left = min(below, max(spare / 2, spare - above))
    right = min(above, spare - left)
    if 0 < left < 1 or 0 < right < 1:  # beyond the first row nothing is known
        return (min(below, spare), 0.0) if below > above else (0.0, min(above, spare))
    return left, right


def _at_rank(ordered: Floats, rank: float) -> float:
    """The value at a rank of ordered values, the first being 1; between two of them in proportion."""
    return float(np.interp(rank, np.arange(1, len(ordered) + 1), ordered))


def grade_range(
    mean: float, bounds: Bounds, values_K: Floats, coverage: float = COVERAGE, *, named: int
) -> ConformalSet:
    """The grades from the lowest to the highest whose bounds hold the expectation, or that is `named`.

    >>> bounds = ((0.0, 1.2), (0.4, 2.2), (1.3, 3.0))
    >>> grade_range(1.25, bounds, np.arange(3.0), named=1).classes
    (1,)
    >>> grade_range(1.25, (*bounds[:2], None), np.arange(3.0), named=1)
    ConformalSet(classes=(1, 2), coverage=0.9, untested=(2,))
    """
    within = min(max(mean, float(values_K[0])), float(values_K[-1]))  # a sum of parts may end beyond
    kept = [
        number
        for number, one in enumerate(bounds)
        if one is None or one[0] <= within <= one[1] or number == named
    ]
    untested = tuple(number for number, one in enumerate(bounds) if one is None)
    return ConformalSet(classes=tuple(range(kept[0], kept[-1] + 1)), coverage=coverage, untested=untested)
