"""What is drawn in a region: bright or dark, how many pieces stand side by side, and how far they reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.regions import Region

_CONTEXT = 2.0  # of the height, looked at beyond both ends: a part of a name is no lone letter
_BESIDE = 0.6
_MAX_GAP = 1.6
_LONE_LENGTH, _PAIR_LENGTH = 1.4, 2.3  # of the height
_STROKE = 0.45  # a stroke is thinner than this part of the height
_GOES_ON = 5.0  # how far behind its ends letters may go on with a line, in heights
_NEXT = 1.25  # over which gap they do


@dataclass(frozen=True, slots=True)
class Drawn:
    """The pieces of a line.

    Attributes:
        dark: darker than the paper around it.
        pieces: groups of strokes side by side, a letter or several that touch.
        length, height: of all of them along and across the line, in pixels.
        box: around them all and the region.
    """

    dark: bool
    pieces: int
    length: int
    height: int
    box: Box

    @property
    def lone(self) -> bool:
        """One letter, with or without a ring, or a pair: a position marker, and too little for a name."""
        most = {1: _LONE_LENGTH, 2: _PAIR_LENGTH}.get(self.pieces, 0.0)
        return self.length <= most * self.height


def drawn_in(grey: Grey, region: Region) -> Drawn:
    """The pieces at the region and those that follow on its line."""
    height = max(4, region.height)
    rim, across, along = max(2, height // 4), max(3, round(_BESIDE * height)), round(_CONTEXT * height)
    outer = region.reaching(along, across, grey.shape)
    dark, ink = strokes_in(
        grey[outer.window], inside_of(region.box.grown(rim, rim, grey.shape), outer), height
    )
    box, base = turned(region.box, region.upright), turned(outer, region.upright)
    if not region.upright:
        ink = np.ascontiguousarray(ink.T)
    pieces = _pieces(ink, height, box.top - base.top, box.bottom - base.top)
    first, last, count = _chain(_spans(pieces), box.left - base.left, box.right - base.left, height)
    mine = pieces[(pieces[:, 0] < last) & (pieces[:, 0] + pieces[:, 2] > first)]
    top = base.top + int(min(mine[:, 1].min(initial=box.top - base.top), box.top - base.top))
    bottom = base.top + int(max((mine[:, 1] + mine[:, 3]).max(initial=0), box.bottom - base.top))
    whole = Box(top, min(box.left, base.left + first), bottom, max(box.right, base.left + last))
    tallest = int(mine[:, 3].max()) if len(mine) else height
    return Drawn(dark, count, last - first, tallest, turned(whole, region.upright))


def going_on(grey: Grey, line: Region) -> Box:
    """A line's core with the letters that follow at its ends, where nothing taller than they are is drawn.

    The network may see the end of a line alone: what is drawn like it, letter after letter, is the rest.
    """
    height = max(4, line.height)
    outer = line.reaching(round(_GOES_ON * height), height // 4, grey.shape)
    _, ink = strokes_in(grey[outer.window], inside_of(line.core, outer), height)
    core, base = turned(line.core, line.upright), turned(outer, line.upright)
    if not line.upright:
        ink = np.ascontiguousarray(ink.T)
    pieces = _pieces(ink, height, core.top - base.top, core.bottom - base.top)
    first, last, _ = _chain(_spans(pieces), core.left - base.left, core.right - base.left, height, _NEXT)
    whole = replace(core, left=min(core.left, base.left + first), right=max(core.right, base.left + last))
    return turned(whole, line.upright)


def inside_of(box: Box, outer: Box) -> tuple[slice, slice]:
    """The box's window within the outer one."""
    return (
        slice(box.top - outer.top, box.bottom - outer.top),
        slice(box.left - outer.left, box.right - outer.left),
    )


def strokes_in(crop: Grey, near: tuple[slice, slice], height: int) -> tuple[bool, NDArray[np.uint8]]:
    """Whether the ink is dark, and where its strokes are: of one value, whatever lies under them."""
    side = max(5, round(_STROKE * height)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    found = []
    for operation in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        raised = cv2.morphologyEx(np.ascontiguousarray(crop), operation, kernel)
        least = max(5.0, 0.5 * float(np.quantile(raised[near], 0.97)))
        ink = (raised >= least).astype(np.uint8)
        values = crop[near][ink[near] > 0].astype(np.float32)
        spread = float(np.abs(values - np.median(values)).mean()) if len(values) else 255.0
        found.append((spread / least, ink))
    (bright, bright_ink), (shade, dark_ink) = found
    if 0.7 < bright / max(shade, 1e-6) < 1.4:  # an even ground: its rim tells what is ink
        inner = np.ascontiguousarray(crop[near])
        level, _ = cv2.threshold(inner, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        rim = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
        dark = bool(np.median(rim) > level)
    else:
        dark = shade < bright
    return dark, dark_ink if dark else bright_ink


def turned(box: Box, upright: bool) -> Box:
    """The box with rows for columns where the line is not upright."""
    return box if upright else Box(box.left, box.top, box.right, box.bottom)


def _pieces(ink: NDArray[np.uint8], height: int, top: int, bottom: int) -> NDArray[np.int32]:
    """Components of a letter's height that stand in the rows of the line: left, top, width, height, area."""
    stats = cv2.connectedComponentsWithStats(ink, connectivity=8)[2][1:]
    overlap = np.minimum(stats[:, 1] + stats[:, 3], bottom) - np.maximum(stats[:, 1], top)
    real = (
        (stats[:, 3] <= 1.45 * height)
        & (stats[:, 3] >= 0.3 * height)
        & (stats[:, 4] >= 6)
        & (overlap >= 0.3 * height)
    )
    return np.asarray(stats[real], np.int32)


def _spans(pieces: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Where pieces begin and end along the line, overlapping ones as one."""
    spans: list[tuple[int, int]] = []
    for left, width in sorted(zip(pieces[:, 0].tolist(), pieces[:, 2].tolist(), strict=True)):
        if spans and left < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], left + width))
        else:
            spans.append((left, left + width))
    return spans


def _chain(
    spans: list[tuple[int, int]], first: int, last: int, height: int, gap: float = _MAX_GAP
) -> tuple[int, int, int]:
    """From where to where pieces follow each other through the region, and how many they are.

    Between two of them is no more than the gap, in heights.
    """
    mine = [i for i, (a, b) in enumerate(spans) if a < last and b > first]
    if not mine:
        return first, last, 0
    low, high = mine[0], mine[-1]
    while low > 0 and spans[low][0] - spans[low - 1][1] <= gap * height:
        low -= 1
    while high + 1 < len(spans) and spans[high + 1][0] - spans[high][1] <= gap * height:
        high += 1
    return spans[low][0], spans[high][1], high - low + 1
