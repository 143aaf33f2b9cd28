"""How many labels one curve needs for the level of another, and what can be said beyond what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bound = Literal["exact", "at least", "at most"]


@dataclass(frozen=True, kw_only=True)
class Factor:
    """Labels of the other curve divided by labels of this one, at the same figure.

    Attributes:
        bound: `at least` where this curve begins at or above the level already; `at most` where it never
            reaches it with the labels there are. The factor is then the bound.
    """

    factor: float
    bound: Bound

    def words(self) -> str:
        """As a table shows it."""
        sign = {"exact": "", "at least": "≥ ", "at most": "< "}[self.bound]
        return f"{sign}{self.factor:.1f}"


def labels_to_reach(
    labels_P: Floats, figure_P: Floats, level: float, other_labels: float, *, higher: bool = True
) -> Factor:
    """The factor by which fewer labels reach `level`, interpolated linearly in the logarithm of the labels.

    The level counts as reached from where the curve stays at or above it to its end: a lucky small sample
    does not count.

    Args:
        labels_P: rising numbers of labels.
        figure_P: the figure at each.
        other_labels: labels with which the other encoder reached `level`.
        higher: whether larger figures are better.

    >>> labels_to_reach(np.array([10.0, 100.0]), np.array([0.6, 0.8]), 0.7, 100.0).words()
    '3.2'
    >>> labels_to_reach(np.array([10.0, 100.0]), np.array([0.6, 0.8]), 0.5, 100.0).words()
    '≥ 10.0'
    >>> labels_to_reach(np.array([10.0, 100.0]), np.array([0.6, 0.8]), 0.9, 100.0).words()
    '< 1.0'
    """
    sign = 1.0 if higher else -1.0
    above_P = sign * figure_P >= sign * level
    if not above_P[-1]:
        return Factor(factor=other_labels / float(labels_P[-1]), bound="at most")
    below = np.flatnonzero(~above_P)
    if not len(below):
        return Factor(factor=other_labels / float(labels_P[0]), bound="at least")
    last = int(below[-1])
    low, high = float(figure_P[last]), float(figure_P[last + 1])
    share = (level - low) / (high - low)
    log_labels = np.log(labels_P[last]) + share * (np.log(labels_P[last + 1]) - np.log(labels_P[last]))
    return Factor(factor=float(other_labels / np.exp(log_labels)), bound="exact")
