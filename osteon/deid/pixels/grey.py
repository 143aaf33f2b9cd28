"""Stored values as eight bits in which ink of any depth can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

_TAIL = 0.002  # share of the pixels on each side that may lie far outside the picture's own range
_SAME = 0.15  # of the range, by which another range may differ and show the same
_LOW, _HIGH = 16, 239  # the picture's own range; what lies outside it, ink at the ends, keeps the rest


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which stored values become which of 256: the picture's own range wide, what lies outside it apart.

    Ink at 65535 over anatomy up to 4095 must neither squeeze the anatomy to nothing nor vanish in it.

    Attributes:
        low, high: the picture's own range.
        least, most: its least and greatest stored value.
    """

    low: float
    high: float
    least: int
    most: int

    def grey(self, frame: NDArray[Any]) -> Grey:
        """A frame of values from `least` to `most` in 8 bits."""
        least, most, a, b = self.least, self.most, self.low, self.high
        if most <= least:
            return np.full(frame.shape, _LOW, np.uint8)
        tail = 0.3 * (b - a)
        points = [min(least, a - tail) - 1, a - tail, a, b, b + tail, max(most, b + tail) + 1]
        greys = [0, 2, _LOW, _HIGH, 253, 255]
        if most - least >= 1 << 16:
            return np.interp(frame.astype(np.float64), points, greys).round().astype(np.uint8)
        table = np.interp(np.arange(least, most + 1), points, greys).round().astype(np.uint8)
        if frame.dtype == np.uint8:
            whole = np.zeros(256, np.uint8)
            whole[least : most + 1] = table
            return np.asarray(cv2.LUT(np.ascontiguousarray(frame), whole), np.uint8)
        return table[frame.astype(np.int32) - least if least else frame]

    def shows_as(self, other: Stretch) -> bool:
        """True when a picture whose own stretch is the other looks the same in this one."""
        least = _SAME * max(self.high - self.low, 1.0)
        return abs(self.low - other.low) <= least and abs(self.high - other.high) <= least


def stretch_of(frame: NDArray[Any]) -> Stretch:
    """The stretch that shows this frame, (rows, columns) of any integer type, best."""
    least, most = int(frame.min()), int(frame.max())
    sample = frame[::7, ::5].ravel()
    a, b = (float(v) for v in np.quantile(sample, (_TAIL, 1 - _TAIL)))
    if b - a < 0.02 * (most - least):
        a, b = float(least), float(most)
    return Stretch(a, b, least, most)


def grey_of(frame: NDArray[Any]) -> Grey:
    """The frame in 8 bits, in its own stretch."""
    return stretch_of(frame).grey(frame)
