"""Letters in the pixels: found by their shape, blacked out, single position markers kept.

Cheap first: consoles burn text in at the very end of the value range, so a picture without small
components at either end of its range is clean after one threshold. Nothing is read; every line of
three or more letters goes, whatever it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MARKER_GLYPHS = 2  # up to two letters standing alone are a position marker (L, R, G, D, AP), not a name
_NEAR_END = 0.02  # of the value range
_MIN_HEIGHT_PX, _MAX_HEIGHT_FRACTION = 6, 0.06
_MAX_COMPONENTS = 4000


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


def find_text(frame: NDArray[Any]) -> list[Box]:
    """Boxes of lines that look like text of more than `MARKER_GLYPHS` letters.

    Args:
        frame: stored values of one monochrome frame, (rows, columns).
    """
    low, high = int(frame.min()), int(frame.max())
    margin = max(1, round((high - low) * _NEAR_END)) if high > low else 0
    if not margin:
        return []
    boxes = _lines(_glyphs((frame >= high - margin).astype(np.uint8)), frame.shape)
    boxes += _lines(_glyphs((frame <= low + margin).astype(np.uint8)), frame.shape)
    return boxes


def black_out(frame: NDArray[Any], boxes: list[Box]) -> NDArray[Any]:
    """A copy of the frame in which each box has the median of the pixels around it."""
    cleaned = frame.copy()
    for box in boxes:
        pad = 4
        around = frame[max(0, box.top - pad) : box.bottom + pad, max(0, box.left - pad) : box.right + pad].copy()
        border = np.concatenate([around[:2].ravel(), around[-2:].ravel(), around[:, :2].ravel(), around[:, -2:].ravel()])
        cleaned[box.top : box.bottom, box.left : box.right] = np.median(border).astype(frame.dtype)
    return cleaned


def text_fraction(boxes: list[Box], frame: NDArray[Any]) -> float:
    """Share of the frame's area inside the boxes."""
    return sum(box.area for box in boxes) / max(1, frame.shape[0] * frame.shape[1])


def _glyphs(mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Components the size and fill of a letter: rows of left, top, width, height."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    if count < 2:
        return np.empty((0, 4), np.int32)
    stats = stats[1:]
    width, height, area = stats[:, 2], stats[:, 3], stats[:, 4]
    tallest = max(24, int(mask.shape[0] * _MAX_HEIGHT_FRACTION))
    fill = area / np.maximum(1, width * height)
    like = (
        (height >= _MIN_HEIGHT_PX)
        & (height <= tallest)
        & (width <= 2.2 * height)
        & (width >= 0.08 * height)
        & (area >= 8)
        & ((fill < 0.78) | (width < 0.45 * height))
    )
    found = stats[like][:, :4]
    return found[np.argsort(found[:, 0])] if len(found) <= _MAX_COMPONENTS else np.empty((0, 4), np.int32)


def _lines(glyphs: NDArray[np.int32], shape: tuple[int, ...]) -> list[Box]:
    """Glyphs side by side on one baseline with letter-like gaps and like heights, as padded boxes."""
    lines: list[list[NDArray[np.int32]]] = []
    for glyph in glyphs:
        for line in lines:
            if _follows(line[-1], glyph):
                line.append(glyph)
                break
        else:
            lines.append([glyph])
    boxes = []
    for line in lines:
        if len(line) <= MARKER_GLYPHS:
            continue
        left = min(int(g[0]) for g in line)
        top = min(int(g[1]) for g in line)
        right = max(int(g[0] + g[2]) for g in line)
        bottom = max(int(g[1] + g[3]) for g in line)
        pad = max(3, round(0.45 * (bottom - top)))  # accents, dots and commas stand outside the letters
        boxes.append(
            Box(max(0, top - pad), max(0, left - pad), min(shape[0], bottom + pad), min(shape[1], right + pad))
        )
    return boxes


def _follows(last: NDArray[np.int32], glyph: NDArray[np.int32]) -> bool:
    tall, short = max(last[3], glyph[3]), min(last[3], glyph[3])
    gap = glyph[0] - (last[0] + last[2])
    overlap = min(last[1] + last[3], glyph[1] + glyph[3]) - max(last[1], glyph[1])
    return bool(short >= 0.45 * tall and -0.5 * tall <= gap <= 2.0 * tall and overlap >= 0.5 * short)
