"""Statistics of one component at a time, and the projection that makes the components."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh
from scipy.stats import chi2, ks_2samp

from monitoring.statistics.correction import holm
from monitoring.statistics.result import Floats, Result, two_samples


@dataclass(frozen=True, kw_only=True)
class PrincipalComponents:
    """A projection onto the leading principal axes of a reference sample."""

    mean: Floats
    axes: Floats
    variance: Floats

    @classmethod
    def fit(cls, sample: ArrayLike, components: int) -> "PrincipalComponents":
        """Fit on a reference (n, D); keeps at most min(components, n - 1, D) axes that vary at all.

        The sign of an axis is fixed (its largest entry is positive), so that a rerun gives the same one.
        """
        x, _ = two_samples(sample, sample)
        mean = x.mean(axis=0)
        width = x.shape[1]
        wanted = max(1, min(components, len(x) - 1, width))
        values, vectors = eigh(
            np.cov(x, rowvar=False).reshape(width, width), subset_by_index=(width - wanted, width - 1)
        )
        kept = max(1, int((values > max(values[-1], 0.0) * 1e-12).sum()))
        axes, variance = vectors.T[::-1][:kept], np.clip(values[::-1][:kept], 0, None)
        signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
        return cls(mean=mean, axes=axes * np.where(signs == 0, 1.0, signs)[:, None], variance=variance)

    def project(self, sample: ArrayLike) -> Floats:
        """Coordinates (n, components) of the rows of `sample`."""
        coordinates: Floats = (np.asarray(sample, dtype=np.float64) - self.mean) @ self.axes.T
        return coordinates


def component_ks(reference: ArrayLike, production: ArrayLike) -> tuple[Result, list[Result]]:
    """Kolmogorov-Smirnov on every column: (the worst, each) with p-values corrected by Holm over columns.

    Source: Massey 1951, JASA 46 (two samples, by scipy); Rabanser et al. 2019, arXiv:1810.11953, section 3.2,
    for the univariate tests on a reduced representation.
    """
    x, y = two_samples(reference, production)
    outcome = ks_2samp(x, y, axis=0, method="asymp")
    values, corrected = np.atleast_1d(outcome.statistic), holm(np.atleast_1d(outcome.pvalue))
    each = [Result(value=float(v), p_value=float(p)) for v, p in zip(values, corrected, strict=True)]
    return Result(value=float(values.max()), p_value=float(corrected.min())), each


def smallest_detectable_ks(m: int, n: int, level: float) -> float:
    """Smallest KS distance that samples of m and n rows can call significant at `level`, at most 1.

    Source: the Dvoretzky-Kiefer-Wolfowitz form of the two-sample critical value, Massey 1951.
    """
    if min(m, n) < 1 or not 0 < level < 1:
        return 1.0
    return float(min(1.0, np.sqrt(-np.log(level / 2) / 2 * (m + n) / (m * n))))


def population_stability_index(
    reference: ArrayLike, production: ArrayLike, *, bins: int = 10, floor: float = 0.5
) -> Result:
    """PSI of a scalar over quantile bins of the reference, with its chi-squared p-value.

    `floor` is added to every count, so that an empty bin stays finite. Categories pass as integer codes: bins
    then fall between the codes.

    Source: Siddiqi 2006, Credit Risk Scorecards, page 137; Yurdakul 2018 (Western Michigan University,
    dissertation 3208), theorem 3.1, for PSI / (1/m + 1/n) being chi-squared with bins - 1 degrees of freedom.
    """
    x, y = two_samples(reference, production)
    if x.shape[1] != 1:
        raise ValueError(f"PSI needs one column, got {x.shape[1]}; call it once per component")
    inner = np.unique(np.quantile(x, np.linspace(0, 1, bins + 1)[1:-1]))
    cells = len(inner) + 1
    counts = [
        np.bincount(np.searchsorted(inner, sample[:, 0], side="left"), minlength=cells) + floor
        for sample in (x, y)
    ]
    p, q = counts[0] / counts[0].sum(), counts[1] / counts[1].sum()
    value = float(((q - p) * np.log(q / p)).sum())
    scale = 1 / len(x) + 1 / len(y)
    return Result(value=value, p_value=float(chi2.sf(value / scale, cells - 1)) if cells > 1 else 1.0)
