"""A rectangle of pixels, and what stands in it made one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_RIM = 3  # pixels around a box whose median fills it


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels, half-open."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        """Number of pixels."""
        return (self.bottom - self.top) * (self.right - self.left)

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns, to index a frame with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, rows: int, columns: int, shape: tuple[int, ...]) -> Box:
        """Larger on every side, within the frame."""
        return Box(
            max(0, self.top - rows), max(0, self.left - columns),
            min(shape[0], self.bottom + rows), min(shape[1], self.right + columns),
        )  # fmt: skip

    def share_of(self, other: Box) -> float:
        """The part of the other's pixels that lies in this one."""
        rows = min(self.bottom, other.bottom) - max(self.top, other.top)
        columns = min(self.right, other.right) - max(self.left, other.left)
        return max(0, rows) * max(0, columns) / max(1, other.area)

    def meets(self, other: Box) -> bool:
        """True when they share a pixel."""
        return (
            self.top < other.bottom and other.top < self.bottom
            and self.left < other.right and other.left < self.right
        )  # fmt: skip


def black_out(frame: NDArray[Any], boxes: tuple[Box, ...]) -> NDArray[Any]:
    """A copy of the frame in which each box has the median of the pixels around it."""
    cleaned = frame.copy()
    for box in boxes:
        outer = box.grown(_RIM, _RIM, frame.shape)
        ring = frame[outer.window]
        inside = np.zeros(ring.shape, bool)
        inside[
            box.top - outer.top : box.bottom - outer.top, box.left - outer.left : box.right - outer.left
        ] = True
        border = ring[~inside] if not inside.all() else ring.ravel()
        cleaned[box.window] = np.median(border).astype(frame.dtype)
    return cleaned


def share_of(boxes: tuple[Box, ...], shape: tuple[int, ...]) -> float:
    """Share of the frame inside the boxes, overlaps counted once."""
    small = np.zeros((-(-shape[0] // 4), -(-shape[1] // 4)), bool)
    for box in boxes:
        small[box.top // 4 : -(-box.bottom // 4), box.left // 4 : -(-box.right // 4)] = True
    return float(small.mean())
