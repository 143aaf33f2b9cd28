"""Which grades an expectation cannot rule out: for each grade, bounds of the expectations of its own rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.models.conformal import COVERAGE, ConformalSet, rows_needed

Floats = NDArray[np.float64]
Bounds = tuple[tuple[float, float] | None, ...]
_YIELDED = 0.015  # part of a grade's rows that it gives up at most for bounds that rise
_STEPS = 65


def grade_bounds(
    mean_B: Floats, truth_B: Floats, named_B: NDArray[np.int64], values_K: Floats, coverage: float = COVERAGE
) -> Bounds:
    """For each grade, from where to where expectations lie that leave it possible; None for too few rows.

    Of the rows of a grade the stated part lies within, also counting those for which the grade itself is
    answered and that are held whatever their expectation. What may be left out is taken equally from both
    ends; where one end has too few rows that are answered otherwise, the rest is taken from the other.
    Expectations of higher grades lie higher, so the bounds rise with the grade and those that hold one
    expectation stand side by side: a range has no gap to fill with grades that their bounds left out. Where
    a model hardly tells two grades apart, luck turns their order; they then share a bound (`_risen`).

    Args:
        mean_B: expectation of each row's belief, (B,), within the K values.
        named_B: index of the grade that is answered for each row; it rises with the expectation.
    Source: Vovk 2012, arXiv:1209.2673, section 4 (label-conditional), with a quantile for either sign of
        the error (Linusson et al. 2014); ranks between two rows as in `conformal_quantile`.
    """
    rows = [np.flatnonzero(truth_B == value) for value in values_K]
    tested = [number for number, own in enumerate(rows) if len(own) >= rows_needed(coverage)]
    ordered, lows, highs = [], [], []
    for number in tested:
        own, named = np.sort(mean_B[rows[number]]), named_B[rows[number]]
        below, above = int((named < number).sum()), int((named > number).sum())
        left, right = _left_out(len(own), below, above, coverage)
        ordered.append(own)
        lows.append(_first(own, left, float(values_K[0]), answered_all=below == 0 < number))
        turned = _first(
            -own[::-1], right, -float(values_K[-1]), answered_all=above == 0 and number < len(values_K) - 1
        )
        highs.append(-turned)
    highs = _risen(ordered, highs)
    lows = [-one for one in _risen([-own[::-1] for own in ordered][::-1], [-one for one in lows][::-1])][::-1]
    found = dict(zip(tested, zip(lows, highs, strict=True), strict=True))
    return tuple(found.get(number) for number in range(len(values_K)))


def _risen(ordered: list[Floats], highs: list[float]) -> list[float]:
    """Upper bounds that rise with the grade: of two that fall, both take one that lies between.

    A falling one would make the range hold the higher grade wherever it holds the lower. The shared bound
    leaves out as many of both together as before, but of none _YIELDED more of its rows: a model that truly
    puts a grade above the next keeps its coverage.

    >>> own = [np.linspace(0.0, 1.0, 99), np.linspace(0.0, 1.0, 99)]
    >>> [round(one, 2) for one in _risen(own, [0.91, 0.89])], _risen(own, [0.8, 0.9])
    ([0.9, 0.9], [0.8, 0.9])
    """
    first = [_part_below(own, high) for own, high in zip(ordered, highs, strict=True)]
    found = list(highs)
    for _ in found:
        for low in range(len(found) - 1):
            pair = (low, low + 1)
            if found[low] <= found[low + 1]:
                continue
            between = np.linspace(found[low + 1], found[low], _STEPS)
            moved = [_part_below(ordered[one], between) - first[one] for one in pair]
            allowed = np.flatnonzero(moved[0] >= -_YIELDED)
            start = int(allowed[0]) if len(allowed) else _STEPS - 1
            best = max(int(np.argmin(np.abs(moved[0] + moved[1]))), start)
            found[low] = found[low + 1] = float(between[best])
    return found


def _part_below(ordered: Floats, bound: Any) -> Any:
    """Chance that a new row lies below a bound, by its rank between the ordered rows."""
    return np.interp(bound, ordered, np.arange(1, len(ordered) + 1)) / (len(ordered) + 1)


def _left_out(rows: int, below: int, above: int, coverage: float) -> tuple[float, float]:
    """Ranks that lie outside at either end, each 0 or at least 1, in sum what the coverage leaves.

    >>> _left_out(39, 20, 20, 0.9), _left_out(39, 0, 20, 0.9), _left_out(9, 3, 4, 0.9)
    ((2.0, 2.0), (0, 4.0), (0.0, 1.0))
    """
    spare = (rows + 1) - (rows + 1) * coverage
    # One rank more: beyond the last of them the bound reaches the first row that is answered rightly.
    below, above = below + (below > 0), above + (above > 0)
    left = min(below, max(spare / 2, spare - above))
    right = min(above, spare - left)
    if 0 < left < 1 or 0 < right < 1:  # beyond the first row nothing is known
        return (min(below, spare), 0.0) if below > above else (0.0, min(above, spare))
    return left, right


def _first(ordered: Floats, left: float, end: float, *, answered_all: bool) -> float:
    """Where those begin that are not left out.

    Args:
        end: the bound where none may be left out.
        answered_all: none of the rows is answered lower, though a lower grade is there to be answered. They
            begin at the first row then: a new row below it that is answered lower comes with a chance of
            0.37 / (n + 1) at most.
    """
    if left:
        return _at_rank(ordered, left)
    return float(ordered[0]) if answered_all else end


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
