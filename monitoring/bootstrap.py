"""Means over patients drawn with all of their pictures."""

import numpy as np
from numpy.typing import NDArray

from monitoring.statistics.result import Floats

_DRAWS_AT_ONCE = 250  # bounds the memory: draws x patients


def cluster_interval(
    values: Floats, patient: NDArray[np.str_], rng: np.random.Generator, *, coverage: float, resamples: int
) -> tuple[float, float]:
    """The percentile interval of the mean of `values`, (n,), all finite.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 8 (clusters) and 13
        (percentiles).
    """
    names, owner = np.unique(patient, return_inverse=True)
    total, count = np.bincount(owner, values), np.bincount(owner).astype(np.float64)
    share, means = np.full(len(names), 1 / len(names)), []
    for start in range(0, resamples, _DRAWS_AT_ONCE):
        draws = min(_DRAWS_AT_ONCE, resamples - start)
        drawn = rng.multinomial(len(names), share, size=draws).astype(np.float64)
        means.append((drawn @ total) / (drawn @ count))
    tail = (1 - coverage) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(low), float(high)
