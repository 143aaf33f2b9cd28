"""Isotonic calibration of a yes/no probability: a rising line through knots, kept as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Knots:
    """A rising piecewise linear map of probabilities; flat beyond its ends."""

    before: tuple[float, ...]
    after: tuple[float, ...]

    def __call__(self, probability_B: Floats) -> Floats:
        """Calibrated probabilities (B,)."""
        return np.asarray(np.interp(probability_B, self.before, self.after))


def fit_isotonic(probability_B: Floats, truth_B: Floats) -> Knots:
    """The rising map of least squared error (Zadrozny & Elkan 2002, KDD), never quite sure.

    Its ends keep the distance from 0 and 1 that Laplace's rule gives n rows, so that one new row cannot
    cost an infinite loss.
    """
    from sklearn.isotonic import IsotonicRegression

    least = 1.0 / (len(truth_B) + 2)
    solver = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
    solver.fit(probability_B, truth_B)
    return Knots(
        before=tuple(float(one) for one in solver.X_thresholds_),
        after=tuple(float(one) for one in solver.y_thresholds_),
    )
