"""Energy distance and sliced Wasserstein distance."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from monitoring.statistics.pairwise import squared_distances
from monitoring.statistics.permutation import block_sums, relabelled, sequential_p_value
from monitoring.statistics.result import Floats, Result, two_samples


def energy_distance(reference: ArrayLike, production: ArrayLike) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| with Euclidean norms; 0 only when the samples are equal in law.

    In one dimension it is the square of `scipy.stats.energy_distance`.

    Source: Székely and Rizzo 2013, Journal of Statistical Planning and Inference 143, equation 5.
    """
    x, y = two_samples(reference, production, least=1)
    return float(2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean())


def energy_test(
    reference: ArrayLike,
    production: ArrayLike,
    rng: np.random.Generator,
    *,
    most_draws: int = 999,
    squares: Floats | None = None,
) -> Result:
    """Energy distance with its permutation p-value.

    Args:
        squares: squared distances of the pooled rows (`squared_distances`), when they are known already.

    Source: Székely and Rizzo 2004, InterStat 5 (the permutation test of equal distributions).
    """
    x, y = two_samples(reference, production)
    m, n = len(x), len(y)
    distances = np.sqrt(squared_distances(np.vstack([x, y])) if squares is None else squares)

    def statistic(first: Floats, second: Floats, across: Floats) -> Floats:
        return 2 * across / (m * n) - first / m**2 - second / n**2

    observed = float(statistic(*block_sums(distances, m))[0])
    draws = relabelled(distances, m, rng, statistic)
    return Result(value=observed, p_value=sequential_p_value(observed, draws, most_draws=most_draws))


def sliced_wasserstein(
    reference: ArrayLike, production: ArrayLike, rng: np.random.Generator, *, projections: int = 64
) -> float:
    """Mean 1-Wasserstein distance over random directions of the unit sphere.

    Source: Bonneel et al. 2015, Journal of Mathematical Imaging and Vision 51, definition 8, with p = 1.
    """
    x, y = two_samples(reference, production, least=1)
    directions = rng.standard_normal((x.shape[1], projections))
    directions /= np.linalg.norm(directions, axis=0)
    along_x, along_y = (x @ directions).T, (y @ directions).T
    return float(np.mean([wasserstein_distance(a, b) for a, b in zip(along_x, along_y, strict=True)]))
