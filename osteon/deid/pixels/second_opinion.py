"""Half-seen writing looked at again, larger and inverted, where small letters are better seen."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.segmentation import CELL, kinds_of

_HALF_SEEN, _LEAST = 0.25, 2  # probability of a cell that is asked about, and how many such cells touch
_SEEN, _ENOUGH = 0.97, 8  # with so many cells as sure it is a line already
_LEVELS = (0.7, 0.9, 0.97)  # probabilities of cells that make a line, as `regions` counts them
_UPSIDE_DOWN = 0.89  # the most that the views upside down add: what they alone see goes when it can be read
_LONE, _BESIDE = 0.5, 3  # probability of a lone letter, and cells beside one: its strokes are half seen, too
_HALO = 20  # cells around them that the network sees
_ALIGNED = 2  # cells: windows begin where the network's own strides do
_LARGER = 1.5
_MOST = 24  # windows of a picture, the largest first: bounds the time


def seen_closer(grey: Grey, kinds: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The kinds with writing where two views see it: as it is, inverted, larger, and both; then upside down.

    Letters of nine pixels are at the end of what the network knows; larger by a half they are well within it.
    Strokes of bone look like writing in one view, hardly ever in two.

    Args:
        grey: the picture.
        kinds: what `kinds_in` saw in it, (2, rows / 4, columns / 4).
    Returns:
        None where nothing more is seen.
    """
    raised = kinds.copy()
    for cells in _half_seen(kinds):
        crop = grey[CELL * cells.top : CELL * cells.bottom, CELL * cells.left : CELL * cells.right]
        part = raised[0][cells.window]
        views, turned = _views(crop, part.shape)
        seen = np.sort([part, *views], axis=0)[-2]
        legible = np.minimum(np.sort([part, *views, *turned], axis=0)[-2], np.float32(_UPSIDE_DOWN))
        np.maximum(part, np.maximum(seen, legible), out=part)
    more = any(((raised[0] >= level) & (kinds[0] < level)).any() for level in _LEVELS)
    return raised if more else None


def _views(crop: Grey, shape: tuple[int, ...]) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """The probability of writing in a piece inverted, larger, and both; and upside down, bright and dark."""
    stride = CELL * _ALIGNED
    whole = np.pad(crop, [(0, -n % stride) for n in crop.shape], mode="edge")
    cells = whole.shape[1] // CELL, whole.shape[0] // CELL
    larger = [stride * round(_LARGER * n / stride) for n in whole.shape[::-1]]
    large = np.asarray(cv2.resize(whole, larger, interpolation=cv2.INTER_CUBIC), np.uint8)
    turned = np.ascontiguousarray(np.rot90(whole, 2))
    seen = [kinds_of(255 - whole)[0]]
    seen += [cv2.resize(kinds_of(v)[0], cells, interpolation=cv2.INTER_AREA) for v in (large, 255 - large)]
    over = [np.rot90(kinds_of(view)[0], 2) for view in (turned, 255 - turned)]
    rows, columns = shape
    return [view[:rows, :columns] for view in seen], [view[:rows, :columns] for view in over]


def _half_seen(kinds: NDArray[np.float32]) -> list[Box]:
    """Windows, in cells, around each piece that is rather writing, and not sure to be."""
    writing, lone = kinds
    maybe = (writing > _HALF_SEEN) & (writing > lone)
    if not maybe.any():
        return []
    count, labels, stats, _ = cv2.connectedComponentsWithStats(maybe.astype(np.uint8))
    sure = np.bincount(labels[writing >= _SEEN], minlength=count)
    near_lone = cv2.dilate((lone > _LONE).astype(np.uint8), np.ones((2 * _BESIDE + 1,) * 2, np.uint8)) > 0
    at_lone = np.bincount(labels[near_lone & maybe], minlength=count) > 0
    areas = stats[:, cv2.CC_STAT_AREA]
    asked = [n for n in range(1, count) if sure[n] < _ENOUGH and not at_lone[n] and areas[n] >= _LEAST]
    windows = []
    for number in sorted(asked, key=lambda n: -int(areas[n]))[:_MOST]:
        left, top, wide, high, _ = stats[number].tolist()
        box = Box(top, left, top + high, left + wide).grown(_HALO, _HALO, writing.shape)
        windows.append(Box(_even(box.top), _even(box.left), box.bottom, box.right))
    return windows


def _even(edge: int) -> int:
    return edge // _ALIGNED * _ALIGNED
