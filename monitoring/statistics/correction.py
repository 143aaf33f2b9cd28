"""Corrections that hold the family-wise error rate."""

import numpy as np
from numpy.typing import ArrayLike

from monitoring.statistics.result import Floats


def bonferroni(p_values: ArrayLike) -> Floats:
    """Adjusted p-values min(1, k p). Source: Dunn 1961, JASA 56."""
    p = np.asarray(p_values, dtype=np.float64)
    adjusted: Floats = np.minimum(1.0, p * max(p.size, 1))
    return adjusted


def holm(p_values: ArrayLike) -> Floats:
    """Step-down adjusted p-values in the input's order; never larger than Bonferroni's.

    Source: Holm 1979, Scandinavian Journal of Statistics 6(2), page 67.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * (p.size - np.arange(p.size)))
    adjusted: Floats = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, steps)
    return adjusted
