"""Letters in the pixels: found by their shape, blacked out, single position markers kept.

Cheap first: letters are thin strokes that stand out sharply from what is around them, which bone does
not. A top-hat filter leaves only such strokes; a picture without three of them in a row is clean after
that one filter. Nothing is read: every line of three or more letters goes, whatever it says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box, black_out, share_of
from osteon.deid.pixels.cleaning import CleanedFrame
from osteon.domain.errors import QuarantinedError

MARKER_GLYPHS = 2  # up to two letters standing alone are a position marker (L, R, G, D, AP), not a name
_STROKE_FRACTION = 1 / 160  # of the frame's height: strokes are at most this wide
_CONTRASTS = (0.22, 0.34, 0.5)  # of the value range; the next is taken where the one before sees a texture
_MIN_AREA = 10  # pixels
_MIN_HEIGHT_PX, _MAX_HEIGHT_FRACTION = 7, 0.05
_MAX_GLYPHS = 400  # more of them are a texture, to be seen at a higher contrast
_MAX_PAGE_GLYPHS = 5000
_MIN_EDGE = 0.35  # of the value range within three pixels, on the outline of a letter
_SAME_INK = 0.02  # of the value range: the letters of one line are drawn in one value, bone is not
_MIN_FLAT = 0.45  # share of a letter's pixels that have that value


@dataclass(frozen=True, slots=True)
class _Glyph:
    left: int
    top: int
    width: int
    height: int
    value: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height


def find_text(frame: NDArray[Any]) -> list[Box]:
    """Boxes of lines that look like text of more than `MARKER_GLYPHS` letters, bright or dark.

    Args:
        frame: stored values of one monochrome frame, (rows, columns).
    """
    low, high = float(frame.min()), float(frame.max())
    if high <= low or min(frame.shape) < 4 * _MIN_HEIGHT_PX:
        return []
    grey = cv2.convertScaleAbs(
        frame.astype(np.float32), alpha=255 / (high - low), beta=-low * 255 / (high - low)
    )
    stroke = max(5, round(frame.shape[0] * _STROKE_FRACTION)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (stroke + 2, stroke + 2))
    return [
        box
        for image in (grey, cv2.bitwise_not(grey))
        for box in _lines(_glyphs(cv2.morphologyEx(image, cv2.MORPH_TOPHAT, kernel), image), grey.shape)
    ]


def clean_shapes(frame: NDArray[Any], *, most: float = 0.08) -> CleanedFrame:
    """The frame with every line that looks like text made the value around it.

    Raises:
        QuarantinedError: too much to remove: a page.
    """
    boxes = tuple(find_text(frame))
    if share_of(boxes, frame.shape) > most:
        raise QuarantinedError("a radiograph", "a picture full of text", "review it: it may be a scan")
    return CleanedFrame(black_out(frame, boxes) if boxes else frame, boxes, (), 0)


def _glyphs(strokes: NDArray[np.uint8], grey: NDArray[np.uint8]) -> list[_Glyph]:
    """Components of strokes with the size, fill and sharp outline of a letter, from left to right."""
    found: NDArray[np.int32] = np.empty((0, 5), np.int32)
    steepness = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    if not _may_hold_a_line(strokes, steepness):
        return []
    for contrast in _CONTRASTS:
        mask = _at_least(strokes, contrast)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
        like = _letter_like(stats, strokes.shape[0])
        like[0] = False
        found = stats[like]
        if len(found) <= _MAX_GLYPHS or (contrast == _CONTRASTS[-1] and len(found) <= _MAX_PAGE_GLYPHS):
            return _sharp(np.flatnonzero(like), labels, stats, grey, steepness)
    height, width = strokes.shape  # letters all over: the whole frame is one text
    return [_Glyph(k * width // 3, 0, width // 3, height, 255) for k in range(MARKER_GLYPHS + 1)]


def _at_least(image: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """1 where the image has at least that share of the value range."""
    return np.asarray(cv2.threshold(image, math.ceil(share * 255) - 1, 1, cv2.THRESH_BINARY)[1])


def _may_hold_a_line(strokes: NDArray[np.uint8], steepness: NDArray[np.uint8]) -> bool:
    """False where too few pixels are steep for a line's letters, and too few bright for a page of text.

    Counting pixels takes a twentieth of the time that finding their components takes.
    """
    steep = cv2.bitwise_and(_at_least(strokes, _CONTRASTS[0]), _at_least(steepness, _MIN_EDGE))
    if cv2.countNonZero(steep) >= (MARKER_GLYPHS + 1) * (_MIN_AREA // 2):  # half of each letter's are steep
        return True
    return bool(cv2.countNonZero(_at_least(strokes, _CONTRASTS[-1])) > _MAX_PAGE_GLYPHS * _MIN_AREA)


def _letter_like(stats: NDArray[np.int32], rows: int) -> NDArray[np.bool_]:
    width, height, area = stats[:, 2], stats[:, 3], stats[:, 4]
    fill = area / np.maximum(1, width * height)
    tallest = max(24, int(rows * _MAX_HEIGHT_FRACTION))
    return np.asarray(
        (height >= _MIN_HEIGHT_PX)
        & (height <= tallest)
        & (width <= 2.2 * height)
        & (width >= 0.06 * height)
        & (area >= _MIN_AREA)
        & ((fill < 0.75) | (width < 0.4 * height))
    )


def _sharp(
    numbers: NDArray[np.intp],
    labels: NDArray[np.int32],
    stats: NDArray[np.int32],
    grey: NDArray[np.uint8],
    steepness: NDArray[np.uint8],
) -> list[_Glyph]:
    """The components whose outline is as steep as a drawn letter's."""
    glyphs = []
    for number in numbers.tolist():
        left, top, width, height = (int(v) for v in stats[number][:4])
        window = (slice(top, top + height), slice(left, left + width))
        inside = labels[window] == number
        steep = np.sort(steepness[window][inside])
        if steep[len(steep) // 2] < _MIN_EDGE * 255:
            continue
        ink = np.sort(grey[window][inside])
        value = int(ink[int(0.9 * (len(ink) - 1))])
        spread = round(_SAME_INK * 255)
        flat = np.searchsorted(ink, value + spread, "right") - np.searchsorted(ink, value - spread, "left")
        if flat >= _MIN_FLAT * len(ink):
            glyphs.append(_Glyph(left, top, width, height, value))
    return sorted(glyphs, key=lambda glyph: glyph.left)


def _lines(glyphs: list[_Glyph], shape: tuple[int, ...]) -> list[Box]:
    """Glyphs side by side on one baseline with letter-like gaps and heights, as padded boxes."""
    lines: list[list[_Glyph]] = []
    for glyph in glyphs:
        for line in reversed(lines):
            if _follows(line[-1], glyph):
                line.append(glyph)
                break
        else:
            lines.append([glyph])
    return [_box(line, shape) for line in lines if len(line) > MARKER_GLYPHS]


def _box(line: list[_Glyph], shape: tuple[int, ...]) -> Box:
    """The line with room for accents, dots and commas, which stand outside the letters."""
    top, bottom = min(g.top for g in line), max(g.bottom for g in line)
    left, right = min(g.left for g in line), max(g.right for g in line)
    pad = max(4, round(0.5 * (bottom - top)))
    return Box(
        max(0, top - pad), max(0, left - 2 * pad), min(shape[0], bottom + pad), min(shape[1], right + 2 * pad)
    )


def _follows(last: _Glyph, glyph: _Glyph) -> bool:
    tall, short = max(last.height, glyph.height), min(last.height, glyph.height)
    gap = glyph.left - last.right
    overlap = min(last.bottom, glyph.bottom) - max(last.top, glyph.top)
    same_ink = abs(last.value - glyph.value) <= _SAME_INK * 255
    return same_ink and short >= 0.5 * tall and -0.5 * tall <= gap <= 1.6 * tall and overlap >= 0.6 * short
