"""What a two-sample statistic returns, and the check of its two samples."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The value of one statistic, and the probability of one at least as large without any change.

    `p_value` is None for a distance that is reported as evidence and never decides.
    """

    value: float
    p_value: float | None = None


def two_samples(reference: ArrayLike, production: ArrayLike, *, least: int = 2) -> tuple[Floats, Floats]:
    """Return both samples as finite float64 (n, D) matrices; a vector becomes one column.

    Raises:
        ValueError: widths differ, a sample is shorter than `least`, or a value is not finite.
    """
    matrices = []
    for name, sample in (("reference", reference), ("production", production)):
        matrix = np.asarray(sample, dtype=np.float64)
        matrix = matrix[:, None] if matrix.ndim == 1 else matrix
        if matrix.ndim != 2 or len(matrix) < least:
            raise ValueError(
                f"a two-sample statistic needs (n, D) samples with n >= {least}, got {name} of shape "
                f"{matrix.shape}; wait for more events or widen the window"
            )
        if not np.isfinite(matrix).all():
            raise ValueError(
                f"a two-sample statistic needs finite values, got NaN or infinity in {name}; "
                "drop these rows and count them as a data quality fault"
            )
        matrices.append(matrix)
    if matrices[0].shape[1] != matrices[1].shape[1]:
        raise ValueError(
            f"both samples need the same width, got {matrices[0].shape[1]} and {matrices[1].shape[1]}; "
            "compare only within one embedding space"
        )
    return matrices[0], matrices[1]
