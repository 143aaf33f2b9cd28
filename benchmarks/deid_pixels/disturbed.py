"""Patches made smaller, and with boxes of one value: what the detector meets on its second look."""

from __future__ import annotations

import cv2
import numpy as np

from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.segmentation import CELL

_SMALLER, _BOXED = 0.3, 0.35  # shares of the patches


def disturbed(grey: Grey, kinds: Grey, rng: np.random.Generator) -> tuple[Grey, Grey]:
    """Copies of patches (n, s, s) and their cells, some smaller within a mirrored rim, some with boxes.

    Smaller: letters down to six pixels. Boxes have the median of what lies around them, as what was removed
    has, and are ground.
    """
    grey, kinds = grey.copy(), kinds.copy()
    for k in range(len(grey)):
        if rng.random() < _SMALLER:
            grey[k], kinds[k] = _smaller(grey[k], kinds[k], rng)
        if rng.random() < _BOXED:
            for _ in range(int(rng.integers(1, 3))):
                _box(grey[k], kinds[k], rng)
    return grey, kinds


def _smaller(grey: Grey, kinds: Grey, rng: np.random.Generator) -> tuple[Grey, Grey]:
    cells = len(kinds)
    side = int(rng.integers(35, cells))
    rim = cells - side
    small = cv2.resize(grey, (side * CELL, side * CELL), interpolation=cv2.INTER_AREA)
    few = cv2.resize(kinds, (side, side), interpolation=cv2.INTER_NEAREST)
    return (
        np.pad(small, ((0, rim * CELL), (0, rim * CELL)), mode="reflect"),
        np.pad(few, ((0, rim), (0, rim)), mode="reflect"),
    )


def _box(grey: Grey, kinds: Grey, rng: np.random.Generator) -> None:
    """One box, wide or tall, into the patch itself."""
    high, wide = int(rng.integers(2, 16)), int(rng.integers(5, 41))
    if rng.random() < 0.5:
        high, wide = wide, high
    top, left = int(rng.integers(-high // 2, len(kinds))), int(rng.integers(-wide // 2, len(kinds)))
    rows = slice(max(0, top), min(len(kinds), top + high))
    columns = slice(max(0, left), min(len(kinds), left + wide))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    inside = tuple(slice(s.start * CELL, s.stop * CELL) for s in (rows, columns))
    around = tuple(slice(max(0, s.start - 3), s.stop + 3) for s in inside)
    grey[inside] = np.median(grey[around])
    kinds[rows, columns] = 0
