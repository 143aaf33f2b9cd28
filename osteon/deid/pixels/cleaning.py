"""A frame without identifying text: found by its look, read only where it could be a marker."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box, black_out, share_of
from osteon.deid.pixels.drawn import drawn_in
from osteon.deid.pixels.grey import Grey, grey_of
from osteon.deid.pixels.lettering import readings_of
from osteon.deid.pixels.markers import is_marker
from osteon.deid.pixels.regions import Region, regions_of
from osteon.domain.errors import QuarantinedError

_MARKER_LETTERS = 14  # by its length; a longer line is no marker and need not be read
_LOOKS = 4  # what was hidden beside larger writing is seen once that is gone
_LONE_LETTERS, _LONE_LENGTH = 3.0, 2.6
_MIN_WHOLE = 0.65  # a marker's letters as read, of those that its length holds: no part of a name is a marker
_MIN_SIDE = 24
_SURE, _SURE_LETTER = 0.6, 2.5  # of four readings, one at each size, that agree
_SEVERAL = 4.0  # letters by its length, of which none reads: bone
_LEGIBLE, _SURE_LEGIBLE = 3, 0.15
_NEXT_BEST = 0.6  # of the best reading's: a word is another word when it is turned over
_INITIAL = 1.0  # how far from its line an initial stands, in heights of it: a side stands farther off
_ON_LINE, _TALLEST = 0.6, 1.7  # how much of an initial is on the line, and how high it is
_WITHIN = 0.6  # share of a line's box inside a marker's
_TOGETHER = 0.35  # the same of several markers, where the line is faint
_AGAIN, _ALIKE = 0.9, 0.3  # share of the marker's box inside the line's, and its share of the line's area
_PAGE_LINES = 26
_PAGE_LETTERS = 500


@dataclass(frozen=True, slots=True)
class CleanedFrame:
    """A frame without identifying text, and what was done.

    Attributes:
        frame: the input itself where nothing was removed.
        removed: what was made one value.
        kept: lone letters and shapes, and lines read as position markers.
        read: how many lines went to the OCR.
    """

    frame: NDArray[Any] = field(repr=False)
    removed: tuple[Box, ...]
    kept: tuple[Box, ...]
    read: int


def clean_pixels(
    frame: NDArray[Any], *, forbidden: frozenset[str] = frozenset(), most: float = 0.08
) -> CleanedFrame:
    """The frame with every line of text but position markers made the value around it.

    Lone letters and pairs stay: L, R, G, D, AP. A line that cannot be read goes. Where anything went the
    result is looked at again, until nothing more is found.

    Args:
        frame: stored values of one monochrome frame, (rows, columns).
        forbidden: words of the known identity, folded; never kept as a marker.
        most: share of the frame above which it is no radiograph with text but a page; 1: none is a page.
    Raises:
        QuarantinedError: a page of text, too much to remove, or lines that no look is the last to find.
        FaultError: the OCR's language data are missing and a line must be read.
    """
    removed: tuple[Box, ...] = ()
    markers: tuple[Box, ...] = ()
    read = 0
    for look in range(_LOOKS):
        found = _looked_at(frame, forbidden, most if look == 0 else 1.0, markers)
        markers, read = found.markers, read + found.read
        if not found.removed:
            return CleanedFrame(frame, removed, markers + found.single, read)
        frame, removed = black_out(frame, found.removed), removed + found.removed
        if share_of(removed, frame.shape) > most:
            raise QuarantinedError("a radiograph", "a picture full of text", "review it: it may be a scan")
    raise QuarantinedError(
        "an output without text in its pixels", "a line that looks like text", "review the instance"
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What has to go; markers as read; lone letters and shapes that stay; how many lines were read."""

    removed: tuple[Box, ...]
    markers: tuple[Box, ...]
    single: tuple[Box, ...]
    read: int


def _looked_at(
    frame: NDArray[Any], forbidden: frozenset[str], most: float, markers: tuple[Box, ...]
) -> _Look:
    """One look at the frame, in which these markers were found before."""
    if min(frame.shape) < _MIN_SIDE or frame.min() == frame.max():
        return _Look((), markers, (), 0)
    grey = grey_of(frame)
    found = regions_of(grey)
    if most < 1:
        _refuse_pages(found.lines, grey)
    kept = list(markers)
    single = [mark.box for mark in found.lone]
    unnamed: list[Region] = []
    read = 0
    for region in found.lines:
        if any(_same(box, region.box) for box in kept):
            continue
        kind, box, asked = _kind_of(region, grey, forbidden)
        read += asked
        if kind == "marker":
            kept.append(box)
        elif kind == "lone":
            single.append(box)
        elif kind == "line":
            unnamed.append(region)
    legible = [line for line in found.doubtful if _is_legible(line, grey)]
    unnamed += legible
    read += len(found.doubtful)
    removed = [line for line in unnamed if not _is_marked(line, kept)]
    removed = [line for line in removed if line.plain or not any(_is_of(line, box) for box in single)]
    initials = [box for box in single if any(_continues(line, box) for line in removed)]
    sides = [box for box in single if box not in initials]
    gone = [_beside(line, kept + sides, frame.shape) for line in removed]
    gone += [box.grown(4, 4, frame.shape) for box in initials]
    gone += [
        echo.box
        for echo in found.echoes
        if not _is_marked(echo, kept) and any(echo.box.share_of(line.box) >= _WITHIN for line in removed)
    ]
    single = [box for box in single if not any(box.meets(other) for other in gone)]
    return _Look(tuple(gone), tuple(kept), tuple(single), read)


def _same(kept: Box, box: Box) -> bool:
    """True for a part of a marker, and for a marker seen again at another size."""
    return kept.share_of(box) >= _WITHIN or (box.share_of(kept) >= _AGAIN and kept.area >= _ALIKE * box.area)


def _is_marked(line: Region, markers: list[Box]) -> bool:
    """True for a marker, or several, seen again at a size at which they look like one faint line."""
    together = sum(box.share_of(line.box) for box in markers)
    return any(_same(box, line.box) for box in markers) or (not line.plain and together >= _TOGETHER)


def _is_of(line: Region, single: Box) -> bool:
    """True for what looks like a line but is a lone letter or shape, or a part of one."""
    return single.share_of(line.box) >= _WITHIN or (line.compact and line.box.share_of(single) >= _WITHIN)


def _beside(line: Region, kept: list[Box], shape: tuple[int, ...]) -> Box:
    """The line with room around it, but for what stays on either side of it."""
    box, apart = line.padded(shape), round(_INITIAL * line.height)
    for one in kept:
        if not box.meets(one):
            continue
        if line.upright and one.right <= line.box.left - apart:
            box = replace(box, left=one.right)
        elif line.upright and one.left >= line.box.right + apart:
            box = replace(box, right=one.left)
        elif not line.upright and one.bottom <= line.box.top - apart:
            box = replace(box, top=one.bottom)
        elif not line.upright and one.top >= line.box.bottom + apart:
            box = replace(box, bottom=one.top)
    return box


def _continues(line: Region, single: Box) -> bool:
    """True for a lone letter that follows a line or stands before it: an initial."""
    high = single.bottom - single.top if line.upright else single.right - single.left
    reach = round(_INITIAL * line.height)
    beside = line.box.grown(*((0, reach) if line.upright else (reach, 0)), (1 << 30, 1 << 30))
    return beside.share_of(single) >= _ON_LINE and high <= _TALLEST * line.height


def _kind_of(region: Region, grey: Grey, forbidden: frozenset[str]) -> tuple[str, Box, bool]:
    """Whether the line is a marker, a lone letter, a line or ground, its place, and whether it was read."""
    if region.letters > _MARKER_LETTERS:
        return "line", region.box, False
    letters, sure, marker = _read(region, grey, forbidden)
    if marker:
        return "marker", region.box, True
    if len(letters) <= 1 and region.letters >= _SEVERAL and not (region.plain or region.small):
        return "ground", region.box, True
    if region.letters > _LONE_LETTERS or (sure >= _SURE and len(letters) > 1):
        return "line", region.box, True
    drawn = drawn_in(grey, region)
    lone = drawn.lone and region.length <= _LONE_LENGTH * drawn.height
    return ("lone", drawn.box, True) if lone else ("line", region.box, True)


def _read(region: Region, grey: Grey, forbidden: frozenset[str]) -> tuple[str, float, bool]:
    """What the line reads as, the probabilities of the readings that agree, and if it is a marker."""
    added: dict[str, float] = {}
    for text, sure in readings_of(grey, region.box.window, region.height, upright=region.upright):
        added[text] = added.get(text, 0.0) + sure
    letters = max(added, key=lambda text: added[text])
    for text, sure in added.items():
        enough = sure >= (_SURE_LETTER if len(text) == 1 else _SURE) and sure >= _NEXT_BEST * added[letters]
        if enough and len(text) >= _MIN_WHOLE * region.letters and is_marker(text, forbidden):
            return text, sure, True
    return letters, added[letters], False


def _is_legible(region: Region, grey: Grey) -> bool:
    """True when several letters can be read: it is no bone."""
    letters, sure, marker = _read(region, grey, frozenset())
    return not marker and len(letters) >= _LEGIBLE and sure >= _SURE_LEGIBLE


def _refuse_pages(regions: list[Region], grey: Grey) -> None:
    """Documents are identity as a whole: many lines, or a few lines on nothing.

    Raises:
        QuarantinedError: a page, a dose report, a filled form.
    """
    letters = sum(region.letters for region in regions)
    if len(regions) >= _PAGE_LINES or letters >= _PAGE_LETTERS:
        raise QuarantinedError("a radiograph", "a page of text", "review it: it may be a scanned document")
    if len(regions) >= 3 and _empty_beside(regions, grey):
        raise QuarantinedError(
            "a radiograph", "text on an empty ground", "review it: it may be a dose report"
        )


def _empty_beside(regions: list[Region], grey: Grey) -> bool:
    """True when almost every block outside the text is of one grey: no detector makes that."""
    rows, columns = (n // 16 for n in grey.shape)
    blocks = grey[: rows * 16, : columns * 16].reshape(rows, 16, columns, 16)
    flat = (blocks.max((1, 3)).astype(np.int16) - blocks.min((1, 3))) <= 1
    outside = np.ones(flat.shape, bool)
    for region in regions:
        box = region.padded(grey.shape)
        outside[box.top // 16 : box.bottom // 16 + 1, box.left // 16 : box.right // 16 + 1] = False
    return bool(outside.any()) and float(flat[outside].mean()) > 0.97
