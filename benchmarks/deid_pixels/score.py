"""The strict score of one scene: is any stroke left, is any marker touched?"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.deid_pixels.placements import Placement

_MARKER_SHARE = 0.99  # of a marker's ink pixels must be as they were


def residue(placement: Placement, before: NDArray[Any], after: NDArray[Any]) -> float:
    """Share of the ink's pixels that can still be seen: unchanged, and not alone in an even ground.

    An ink pixel is gone when its value changed, or when all pixels within two of it have one value now
    (ink that happened to have the fill's value).
    """
    window = _window(placement)
    rows, columns = (slice(max(0, s.start - 2), s.stop + 2) for s in window)
    wide = after[rows, columns].astype(np.float32)
    even = cv2.dilate(wide, np.ones((5, 5))) == cv2.erode(wide, np.ones((5, 5)))
    top, left = window[0].start - rows.start, window[1].start - columns.start
    even = even[top : top + placement.ink.shape[0], left : left + placement.ink.shape[1]]
    seen = placement.ink & (before[window] == after[window]) & ~even
    return float(np.count_nonzero(seen)) / max(1, int(np.count_nonzero(placement.ink)))


def is_removed(placement: Placement, before: NDArray[Any], after: NDArray[Any]) -> bool:
    """True when not one pixel of its ink can still be seen."""
    return residue(placement, before, after) == 0


def is_kept(placement: Placement, before: NDArray[Any], after: NDArray[Any]) -> bool:
    """True when a marker is as it was, but for one ink pixel in a hundred at the most."""
    window = _window(placement)
    same = (before[window] == after[window])[placement.ink]
    return bool(same.mean() >= _MARKER_SHARE)


def _window(placement: Placement) -> tuple[slice, slice]:
    height, width = placement.ink.shape
    return slice(placement.top, placement.top + height), slice(placement.left, placement.left + width)
