"""Stored values as eight bits in which ink of any depth can be seen."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

_TAIL = 0.002  # share of the pixels on each side that may lie far outside the picture's own range
_LOW, _HIGH = 16, 239  # the picture's own range; what lies outside it, ink at the ends, keeps the rest


def grey_of(frame: NDArray[Any]) -> Grey:
    """The frame in 8 bits: its own range wide, values far outside it still apart from it.

    Ink at 65535 over anatomy up to 4095 must neither squeeze the anatomy to nothing nor vanish in it.

    Args:
        frame: stored values of one monochrome frame, (rows, columns), any integer type.
    """
    low, high = int(frame.min()), int(frame.max())
    if high <= low:
        return np.full(frame.shape, _LOW, np.uint8)
    sample = frame[::7, ::5].ravel()
    a, b = (float(v) for v in np.quantile(sample, (_TAIL, 1 - _TAIL)))
    if b - a < 0.02 * (high - low):
        a, b = float(low), float(high)
    span = b - a
    points = [
        min(low, a - 0.3 * span) - 1,
        a - 0.3 * span,
        a,
        b,
        b + 0.3 * span,
        max(high, b + 0.3 * span) + 1,
    ]
    greys = [0, 0 + 2, _LOW, _HIGH, 253, 255]
    if high - low < 1 << 16:
        table = np.interp(np.arange(low, high + 1), points, greys).round().astype(np.uint8)
        if frame.dtype == np.uint8:
            whole = np.zeros(256, np.uint8)
            whole[low : high + 1] = table
            return np.asarray(cv2.LUT(np.ascontiguousarray(frame), whole), np.uint8)
        return table[frame.astype(np.int32) - low if low else frame]
    return np.interp(frame.astype(np.float64), points, greys).round().astype(np.uint8)
