"""Where a picture could hold writing at all: the rectangles that are worth a closer look."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.grey import Grey

TILE = 64  # pixels
_HALO = 40  # pixels around a tile that the network sees
_KERNEL = 7  # strokes narrower than this, in pixels
_FAINT = 12.0  # of 255 above the ground: the least that is looked at
_OVER_GROUND = 2.3  # times the mean of the neighbourhood's own strokes
_PLAIN = 90  # of 255 above the ground: looked at however rough the ground is
_LEAST_INK = 12  # pixels of strokes in a tile: half a small letter
_BLOCK = 8
_LONGEST = 2048  # pixels along a side: bounds the network's memory
_MOST = 0.7  # share of the picture above which the whole is cheaper


def likely_rectangles(grey: Grey, within: NDArray[np.bool_] | None = None) -> list[Box]:
    """Rectangles, a halo around them included, that hold every stroke thin and sharp enough for a letter.

    Counting strokes is cheap beside the network, and most of a radiograph has none.

    Args:
        grey: the picture.
        within: the tiles to look at, (rows, columns); all without it.
    """
    whole = Box(0, 0, *grey.shape)
    inked = _inked(grey, *(-(-n // TILE) for n in grey.shape))
    tiles = [Box(*edges) for edges in _cut(inked if within is None else inked & within, 0, 0)]
    found = [
        Box(tile.top * TILE, tile.left * TILE, tile.bottom * TILE, tile.right * TILE).grown(
            _HALO, _HALO, grey.shape
        )
        for tile in tiles
    ]
    if sum(box.area for box in found) > _MOST * whole.area:
        found = [whole]
    return [piece for box in found for piece in _pieces(box, grey.shape)]


def tiles_near(boxes: list[Box], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """True for each tile that lies in or beside a box, (rows, columns)."""
    near = np.zeros([-(-n // TILE) for n in shape], bool)
    for box in boxes:
        wide = box.grown(_HALO, _HALO, shape)
        near[wide.top // TILE : -(-wide.bottom // TILE), wide.left // TILE : -(-wide.right // TILE)] = True
    return near


def _pieces(box: Box, shape: tuple[int, ...]) -> list[Box]:
    """The box in overlapping parts small enough for the network's memory."""
    if max(box.bottom - box.top, box.right - box.left) <= _LONGEST:
        return [box]
    step = _LONGEST - 4 * _HALO
    return [
        Box(top, left, min(top + step, box.bottom), min(left + step, box.right)).grown(_HALO, _HALO, shape)
        for top in range(box.top, box.bottom, step)
        for left in range(box.left, box.right, step)
    ]


def _cut(likely: NDArray[np.bool_], top: int, left: int) -> list[tuple[int, int, int, int]]:
    """Rectangles of tiles that hold all likely ones: cut in two wherever that leaves less to look at."""
    rows, columns = np.flatnonzero(likely.any(1)), np.flatnonzero(likely.any(0))
    if not len(rows):
        return []
    likely = likely[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    top, left = top + int(rows[0]), left + int(columns[0])
    high, wide = likely.shape
    cuts = [(_cost(likely[:k]) + _cost(likely[k:]), k, 0) for k in range(1, high)]
    cuts += [(_cost(likely[:, :k]) + _cost(likely[:, k:]), 0, k) for k in range(1, wide)]
    least, row, column = min(cuts, default=(0, 0, 0))
    if not cuts or least >= _cost(likely):
        return [(top, left, top + high, left + wide)]
    if row:
        return _cut(likely[:row], top, left) + _cut(likely[row:], top + row, left)
    return _cut(likely[:, :column], top, left) + _cut(likely[:, column:], top, left + column)


def _cost(likely: NDArray[np.bool_]) -> int:
    """Pixels to look at for the likely tiles in one rectangle with its halo."""
    rows, columns = np.flatnonzero(likely.any(1)), np.flatnonzero(likely.any(0))
    if not len(rows):
        return 0
    high, wide = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    return (high * TILE + 2 * _HALO) * (wide * TILE + 2 * _HALO)


def _inked(grey: Grey, rows: int, columns: int) -> NDArray[np.bool_]:
    """True for each tile with enough thin strokes, (rows, columns)."""
    kernel = np.ones((_KERNEL, _KERNEL), np.uint8)
    strokes = np.asarray(
        cv2.max(
            cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, kernel),
            cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, kernel),
        )
    )
    small = (max(1, grey.shape[1] // _BLOCK), max(1, grey.shape[0] // _BLOCK))
    ground = cv2.blur(cv2.resize(strokes, small, interpolation=cv2.INTER_AREA).astype(np.float32), (17, 17))
    floor = np.clip(_OVER_GROUND * ground, _FAINT, _PLAIN).astype(np.uint8)
    ink = cv2.compare(strokes, cv2.resize(floor, grey.shape[::-1]), cv2.CMP_GT)
    padded = np.zeros((rows * TILE, columns * TILE), np.uint8)
    padded[: grey.shape[0], : grey.shape[1]] = ink
    counted = np.count_nonzero(padded.reshape(rows, TILE, columns, TILE), axis=(1, 3))
    return np.asarray(counted >= _LEAST_INK)
