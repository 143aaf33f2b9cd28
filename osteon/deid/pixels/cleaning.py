"""A frame without identifying text: found by its look, read only where it could be a marker."""

from __future__ import annotations

from dataclasses import dataclass, field
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
_SURE, _SURE_LETTER = 0.8, 2.5  # of four readings, one at each size, that agree
_WITHIN = 0.45  # share of a line's box inside a marker's
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
    kept: tuple[Box, ...] = ()
    read = 0
    for look in range(_LOOKS):
        found = _looked_at(frame, forbidden, most if look == 0 else 1.0, kept)
        kept, read = found.kept, read + found.read
        if not found.removed:
            return CleanedFrame(frame, removed, kept, read)
        frame, removed = black_out(frame, found.removed), removed + found.removed
        if share_of(removed, frame.shape) > most:
            raise QuarantinedError("a radiograph", "a picture full of text", "review it: it may be a scan")
    raise QuarantinedError(
        "an output without text in its pixels", "a line that looks like text", "review the instance"
    )


def _looked_at(
    frame: NDArray[Any], forbidden: frozenset[str], most: float, kept_before: tuple[Box, ...]
) -> CleanedFrame:
    """One look: what has to go, what stays."""
    if min(frame.shape) < _MIN_SIDE or frame.min() == frame.max():
        return CleanedFrame(frame, (), kept_before, 0)
    grey = grey_of(frame)
    regions, lone = regions_of(grey)
    if most < 1:
        _refuse_pages(regions, grey)
    removed: list[Box] = []
    kept = list(kept_before)
    kept += [mark.box for mark in lone if not any(box.meets(mark.box) for box in kept)]
    read = 0
    for region in regions:  # the surest first
        if any(_same(box, region.box) for box in kept):
            continue
        stays, asked = _stays(region, grey, forbidden)
        read += asked
        if stays is None:
            removed.append(region.padded(frame.shape))
        else:
            kept.append(stays)
    return CleanedFrame(frame, tuple(removed), tuple(kept), read)


def _same(kept: Box, box: Box) -> bool:
    """True for a part of a marker, and for a marker seen again at another size."""
    return kept.share_of(box) >= _WITHIN or (box.share_of(kept) >= _AGAIN and kept.area >= _ALIKE * box.area)


def _stays(region: Region, grey: Grey, forbidden: frozenset[str]) -> tuple[Box | None, bool]:
    """The place of the lone letter or marker that the line is, and whether it was read."""
    if region.letters > _MARKER_LETTERS:
        return None, False
    letters, sure = _read(region, grey)
    enough = (
        sure >= (_SURE_LETTER if len(letters) == 1 else _SURE) and len(letters) >= _MIN_WHOLE * region.letters
    )
    if enough and is_marker(letters, forbidden):
        return region.box, True
    if region.letters > _LONE_LETTERS or (sure >= _SURE and len(letters) > 1):
        return None, True
    drawn = drawn_in(grey, region)
    return (drawn.box if drawn.lone and region.length <= _LONE_LENGTH * drawn.height else None), True


def _read(region: Region, grey: Grey) -> tuple[str, float]:
    """What the line reads as, and the probabilities of the readings that agree, added up."""
    readings = readings_of(grey, region.box.window, region.height, upright=region.upright)
    letters = readings[0][0]
    return letters, sum(sure for text, sure in readings if text == letters)


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
