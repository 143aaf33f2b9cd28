"""The paired bootstrap over patients: how much better is one model than the other, and how sure is that?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.statistics.result import Floats


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A mean difference with its interval; positive: the challenger is better."""

    value: float
    low: float
    high: float
    cases: int
    patients: int


def paired_difference(
    gain: Floats, patient: NDArray[np.str_], rng: np.random.Generator, *, coverage: float, resamples: int
) -> Difference:
    """Mean gain per picture, its interval by drawing patients with all of their pictures.

    Args:
        gain: champion's loss minus challenger's of each picture, (n,); NaN where it cannot be said.
    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 8 (clusters) and 13
        (percentiles).
    """
    known = np.isfinite(gain)
    gain, patient = gain[known], patient[known]
    names, owner = np.unique(patient, return_inverse=True)
    if len(names) < 2:
        whole = float(gain.mean()) if len(gain) else float("nan")
        return Difference(value=whole, low=-np.inf, high=np.inf, cases=len(gain), patients=len(names))
    total, count = np.bincount(owner, gain), np.bincount(owner).astype(np.float64)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples).astype(float)
    means = (drawn @ total) / (drawn @ count)
    tail = (1 - coverage) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Difference(
        value=float(gain.mean()), low=float(low), high=float(high), cases=len(gain), patients=len(names)
    )
