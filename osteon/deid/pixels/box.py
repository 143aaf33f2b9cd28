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
    """A copy of the frame in which the boxes have the median of the pixels around them.

    Boxes that touch have one value: where two met, ink that happened to have one's could still be seen.
    """
    cleaned = frame.copy()
    for group in groups_of(boxes):
        whole = Box(
            min(box.top for box in group), min(box.left for box in group),
            max(box.bottom for box in group), max(box.right for box in group),
        ).grown(_RIM, _RIM, frame.shape)  # fmt: skip
        inside, ring = np.zeros((2, whole.bottom - whole.top, whole.right - whole.left), bool)
        for box in group:
            for mask, one in ((inside, box), (ring, box.grown(_RIM, _RIM, frame.shape))):
                mask[
                    one.top - whole.top : one.bottom - whole.top,
                    one.left - whole.left : one.right - whole.left,
                ] = True
        ring &= ~inside
        part = cleaned[whole.window]
        part[inside] = np.median(part[ring] if ring.any() else part).astype(frame.dtype)
    return cleaned


def groups_of(boxes: tuple[Box, ...]) -> list[tuple[Box, ...]]:
    """The boxes, those together that touch each other or that others between them join."""
    groups: list[tuple[Box, ...]] = []
    for box in boxes:
        wide = Box(box.top - _RIM, box.left - _RIM, box.bottom + _RIM, box.right + _RIM)
        touching = [group for group in groups if any(wide.meets(other) for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append((*(one for group in touching for one in group), box))
    return groups


def share_of(boxes: tuple[Box, ...], shape: tuple[int, ...]) -> float:
    """Share of the frame inside the boxes, overlaps counted once."""
    small = np.zeros((-(-shape[0] // 4), -(-shape[1] // 4)), bool)
    for box in boxes:
        small[box.top // 4 : -(-box.bottom // 4), box.left // 4 : -(-box.right // 4)] = True
    return float(small.mean())
