"""Which lone letters belong to a line of writing: an initial goes with its name, a side stays."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.drawn import drawn_in, inside_of, strokes_in, turned
from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.regions import Region

_APART = 1.1  # how far from its line an initial stands, in heights of it: a side stands farther off
_DOTTED = 2.6  # the same of an initial with a dot: fonts of one width set it far off
_ON_LINE, _TALLEST = 0.6, 1.7  # how much of an initial is on the line, and how high it is
_DOT, _TO_DOT = 0.35, 0.6  # size of a dot, and how far from its letter it stands, in heights
_INSIDE, _PART = 0.9, 0.5  # share of a mark in a line, and its height over the line's: a stroke of a letter
_SPECK = 3  # pixels of ink in a column that a grain has at the most


def is_initial(grey: Grey, line: Region, single: Box) -> bool:
    """True for a lone letter so near before or behind a line that it belongs to it.

    The network's cells tell neither the height nor the ends of large writing well, so the gap is measured
    between strokes. Where the letter has none like the line's, the boxes decide.
    """
    side, near = _beside(line, single)
    if side is None or near > _DOTTED * line.height:
        return False
    if not side:
        return True
    drawn = drawn_in(grey, replace(line, box=line.core))
    height = min(drawn.height, line.height)
    gap, dotted = _gap(grey, line, single, height)
    if gap is None:
        return near <= _APART * height
    return gap <= _APART * height or (dotted and gap <= _DOTTED * height)


def is_flanked(lines: list[Region], single: Box) -> bool:
    """True for a lone letter with a part of a line on either side, and for a stroke of a far larger letter.

    Fonts of one width set a letter far off both. A line reaches as far as its fainter cells do.
    """
    if any(_is_stroke(line, single) for line in lines):
        return True
    near = [_beside(replace(line, core=line.box), single) for line in lines]
    reached = {side for (side, far), line in zip(near, lines, strict=True) if far <= _DOTTED * line.height}
    return {-1, 1} <= reached


def _is_stroke(line: Region, single: Box) -> bool:
    """True for a mark within a line and far smaller than its letters."""
    one = turned(single, line.upright)
    return line.box.share_of(single) >= _INSIDE and one.bottom - one.top <= _PART * line.height


def _beside(line: Region, single: Box) -> tuple[int | None, int]:
    """Before (-1), within (0) or behind (1) the line, None where not on it; and how far off, in pixels."""
    box, one = turned(line.core, line.upright), turned(single, line.upright)
    across = min(box.bottom, one.bottom) - max(box.top, one.top)
    high, near = one.bottom - one.top, max(one.left - box.right, box.left - one.right)
    if across < _ON_LINE * high or high > _TALLEST * line.height:
        return None, near
    middle = (one.left + one.right) // 2
    return (-1 if middle < box.left else 1 if middle >= box.right else 0), near


def _gap(grey: Grey, line: Region, single: Box, height: int) -> tuple[int | None, bool]:
    """The widest empty stretch between letter and line, in pixels, and whether a dot stands at the letter.

    None where nothing is drawn at the letter that looks like the line.
    """
    core, margin = line.core, round((_TO_DOT + _DOT) * height)
    whole = Box(
        min(core.top, single.top), min(core.left, single.left),
        max(core.bottom, single.bottom), max(core.right, single.right),
    )  # fmt: skip
    outer = whole.grown(margin, margin, grey.shape)
    _, ink = strokes_in(grey[outer.window], inside_of(core, outer), height)
    base, box, one = (turned(b, line.upright) for b in (outer, core, single))
    if not line.upright:
        ink = np.ascontiguousarray(ink.T)
    rows = slice(min(box.top, one.top) - base.top, max(box.bottom, one.bottom) - base.top)
    columns = np.count_nonzero(ink[rows], axis=0) >= _SPECK
    left, right = one.left - base.left, one.right - base.left
    if not columns[left:right].any():
        return None, False
    behind = one.left >= box.right
    middle = (left + right) // 2
    if behind:
        between = columns[max(0, box.right - base.left - height) : middle]
    else:
        between = columns[middle : box.left - base.left + height]
    return _longest_gap(between), _has_dot(ink[rows], left, right, height)


def _longest_gap(columns: NDArray[np.bool_]) -> int:
    """The most columns in a row without ink."""
    edges = np.flatnonzero(np.concatenate([[True], columns, [True]]))
    return int(np.diff(edges).max()) - 1


def _has_dot(ink: NDArray[np.uint8], left: int, right: int, height: int) -> bool:
    """True when a piece as small as a dot stands beside the letter, at either end of its height."""
    rows = np.flatnonzero(ink[:, left:right].any(1))
    first, last = int(rows[0]), int(rows[-1])
    start = max(0, left - round(_TO_DOT * height))
    beside = np.ascontiguousarray(ink[:, start : right + round(_TO_DOT * height)])
    for x, y, wide, high, area in cv2.connectedComponentsWithStats(beside)[2][1:].tolist():
        outside = start + x >= right - _DOT * height or start + x + wide <= left + _DOT * height
        small = max(wide, high) <= _DOT * height and area >= max(4, 0.3 * wide * high)
        at_foot = y + high >= last - 0.2 * height or y <= first + 0.2 * height
        if outside and small and high >= 0.08 * height and at_foot:
            return True
    return False
