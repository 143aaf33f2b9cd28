"""Distances between two samples seen as Gaussians; meant for a few principal components."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh, pinvh
from scipy.stats import f

from monitoring.statistics.result import Floats, Result, two_samples


def _covariance(sample: Floats) -> Floats:
    return np.atleast_2d(np.cov(sample, rowvar=False))


def mahalanobis_shift(reference: ArrayLike, production: ArrayLike) -> float:
    """Mahalanobis distance between the two means under the reference's covariance, in standard deviations.

    Source: Mahalanobis 1936, Proceedings of the National Institute of Sciences of India 2(1).
    """
    x, y = two_samples(reference, production)
    shift = y.mean(axis=0) - x.mean(axis=0)
    return float(np.sqrt(max(0.0, shift @ pinvh(_covariance(x)) @ shift)))


def hotelling_test(reference: ArrayLike, production: ArrayLike) -> Result:
    """Two-sample Hotelling T^2 on the means, with the p-value of its F distribution.

    Source: Hotelling 1931, Annals of Mathematical Statistics 2(3), section 4.
    Raises:
        ValueError: m + n - 2 is smaller than the number of columns.
    """
    x, y = two_samples(reference, production)
    (m, width), n = x.shape, len(y)
    free = m + n - width - 1
    if free < 1:
        raise ValueError(
            f"Hotelling's T^2 needs m + n > {width + 1}, got {m + n}; project on fewer components"
        )
    pooled = ((m - 1) * _covariance(x) + (n - 1) * _covariance(y)) / (m + n - 2)
    shift = y.mean(axis=0) - x.mean(axis=0)
    t_squared = m * n / (m + n) * float(shift @ pinvh(pooled) @ shift)
    p_value = float(f.sf(t_squared * free / (width * (m + n - 2)), width, free))
    return Result(value=t_squared, p_value=p_value)


def frechet_distance(reference: ArrayLike, production: ArrayLike) -> float:
    """|mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^1/2), the squared Fréchet distance of two Gaussians.

    Source: Dowson and Landau 1982, Journal of Multivariate Analysis 12, equation 4; Heusel et al. 2017,
    arXiv:1706.08500, equation 6.
    """
    x, y = two_samples(reference, production)
    a, b = _covariance(x), _covariance(y)
    # The trace of (ab)^1/2 is that of the symmetric root of a^1/2 b a^1/2, whose eigenvalues are real.
    values, vectors = eigh(a)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    eigenvalues = eigh(root @ b @ root, eigvals_only=True)
    cross = np.sqrt(np.clip(eigenvalues, 0, None)).sum()
    shift = x.mean(axis=0) - y.mean(axis=0)
    return float(max(0.0, shift @ shift + np.trace(a) + np.trace(b) - 2 * cross))
