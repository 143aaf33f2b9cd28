"""The paired bootstrap over patients: how much better is one model than the other, and how sure is that?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.bootstrap import cluster_interval
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
    """
    known = np.isfinite(gain)
    gain, patient = gain[known], patient[known]
    patients = len(np.unique(patient))
    if patients < 2:
        whole = float(gain.mean()) if len(gain) else float("nan")
        return Difference(value=whole, low=-np.inf, high=np.inf, cases=len(gain), patients=patients)
    low, high = cluster_interval(gain, patient, rng, coverage=coverage, resamples=resamples)
    return Difference(value=float(gain.mean()), low=low, high=high, cases=len(gain), patients=patients)
