"""Maximum mean discrepancy with a Gaussian kernel."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from scipy.stats import norm

from monitoring.statistics.pairwise import squared_distances
from monitoring.statistics.permutation import block_sums, relabelled, sequential_p_value
from monitoring.statistics.result import Floats, Result, two_samples


def median_bandwidth(reference: ArrayLike, production: ArrayLike) -> float:
    """Median distance between two different rows of the pooled sample; 1.0 when all rows are equal.

    Source: Gretton et al. 2012, JMLR 13, section 8 (the median heuristic).
    """
    x, y = two_samples(reference, production, least=1)
    return _median(squared_distances(np.vstack([x, y])))


def _median(squares: Floats) -> float:
    count = len(squares)
    if count < 2:
        return 1.0
    # Off the diagonal each pair stands twice and the middle ones stay the middle: no copy of one triangle.
    beyond = squares[~np.eye(count, dtype=bool)]
    middle = [len(beyond) // 2 - 1, len(beyond) // 2]
    median = float(np.sqrt(np.partition(beyond, middle)[middle]).mean())
    return median if median > 0 else float(np.sqrt(beyond).mean()) or 1.0


def rbf_kernel(a: Floats, b: Floats, bandwidth: float) -> Floats:
    """Gaussian kernel exp(-|a - b|^2 / (2 bandwidth^2)) between rows, (len(a), len(b))."""
    kernel: Floats = np.exp(-cdist(a, b, "sqeuclidean") / (2 * bandwidth**2))
    return kernel


def _unbiased(m: int, n: int, first: Floats, second: Floats, across: Floats) -> Floats:
    """MMD^2 from block sums; the m + n ones on the kernel's diagonal are taken out."""
    return (first - m) / (m * (m - 1)) + (second - n) / (n * (n - 1)) - 2 * across / (m * n)


def _pooled_kernel(x: Floats, y: Floats, bandwidth: float | None, squares: Floats | None = None) -> Floats:
    squares = squared_distances(np.vstack([x, y])) if squares is None else squares
    sigma = _median(squares) if bandwidth is None else bandwidth
    kernel: Floats = np.exp(-squares / (2 * sigma**2))
    return kernel


def mmd_squared(reference: ArrayLike, production: ArrayLike, bandwidth: float | None = None) -> float:
    """Unbiased squared MMD with a Gaussian kernel; around 0, possibly negative, when nothing changed.

    Source: Gretton et al. 2012, JMLR 13, equation 3.
    """
    x, y = two_samples(reference, production)
    kernel = _pooled_kernel(x, y, bandwidth)
    return float(_unbiased(len(x), len(y), *block_sums(kernel, len(x)))[0])


def mmd_test(
    reference: ArrayLike,
    production: ArrayLike,
    rng: np.random.Generator,
    *,
    bandwidth: float | None = None,
    most_draws: int = 999,
    squares: Floats | None = None,
) -> Result:
    """MMD^2 with its permutation p-value; the bandwidth is a function of the pooled sample only,
    hence the same for every relabelling and the test exact.

    Args:
        squares: squared distances of the pooled rows (`squared_distances`), when they are known already.

    Source: Gretton et al. 2012, JMLR 13, equation 3 and section 5 (permutation); p-value as in
    `sequential_p_value`.
    """
    x, y = two_samples(reference, production)
    m, n = len(x), len(y)
    kernel = _pooled_kernel(x, y, bandwidth, squares)

    def statistic(first: Floats, second: Floats, across: Floats) -> Floats:
        return _unbiased(m, n, first, second, across)

    observed = float(statistic(*block_sums(kernel, m))[0])
    draws = relabelled(kernel, m, rng, statistic)
    return Result(value=observed, p_value=sequential_p_value(observed, draws, most_draws=most_draws))


def linear_time_mmd(reference: ArrayLike, production: ArrayLike, bandwidth: float) -> Result:
    """MMD^2 from consecutive pairs of rows, in time linear in the sample, with its normal p-value.

    Uses the first 2 * floor(min(m, n) / 2) rows of both samples, which must be in random order.

    Source: Gretton et al. 2012, JMLR 13, lemma 14 and corollary 16.
    """
    x, y = two_samples(reference, production, least=4)
    pairs = min(len(x), len(y)) // 2
    x1, x2 = x[0 : 2 * pairs : 2], x[1 : 2 * pairs : 2]
    y1, y2 = y[0 : 2 * pairs : 2], y[1 : 2 * pairs : 2]

    def kernel(a: Floats, b: Floats) -> Floats:
        similarity: Floats = np.exp(-((a - b) ** 2).sum(axis=1) / (2 * bandwidth**2))
        return similarity

    h = kernel(x1, x2) + kernel(y1, y2) - kernel(x1, y2) - kernel(x2, y1)
    value, spread = float(h.mean()), float(h.std(ddof=1)) / np.sqrt(pairs)
    if spread == 0:
        return Result(value=value, p_value=1.0 if value <= 0 else 0.0)
    return Result(value=value, p_value=float(norm.sf(value / spread)))
