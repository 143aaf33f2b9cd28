"""A frame without identifying text: found by its look, removed unless it reads as a position marker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box, black_out, share_of
from osteon.deid.pixels.grey import Grey, grey_of
from osteon.deid.pixels.neighbours import is_echo, is_initial, is_marked, is_of_single, same_marker, with_room
from osteon.deid.pixels.regions import Region, regions_of
from osteon.deid.pixels.verdict import is_legible, kind_of
from osteon.domain.errors import QuarantinedError

_LOOKS = 4  # what was hidden beside larger writing is seen once that is gone
_MIN_SIDE = 24
_PAGE_LINES = 26
_PAGE_LETTERS = 500


@dataclass(frozen=True, slots=True)
class CleanedFrame:
    """A frame without identifying text, and what was done.

    Attributes:
        frame: the input itself where nothing was removed.
        removed: what was made one value.
        kept: lone letters and shapes, and lines read as position markers.
        read: how many short lines were read.
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
    texts: list[Region] = []
    read = 0
    for region in found.lines:
        if any(same_marker(box, region) for box in kept):
            continue
        kind, box = kind_of(region, grey, forbidden)
        read += 1
        if kind == "marker":
            kept.append(box)
        elif kind == "lone":
            single.append(box)
        elif kind != "ground":
            unnamed.append(region)
            texts += [region] if kind == "text" else []
    legible = [line for line in found.doubtful if is_legible(line, grey, forbidden)]
    unnamed += legible
    read += len(found.doubtful)
    removed = [line for line in unnamed if not is_marked(line, kept)]
    removed = [
        line
        for line in removed
        if line.plain or line in texts or not any(is_of_single(line, box) for box in single)
    ]
    initials = [box for box in single if any(is_initial(line, box) for line in removed)]
    sides = [box for box in single if box not in initials]
    gone = [with_room(line, kept + sides, frame.shape) for line in removed]
    gone += [box.grown(4, 4, frame.shape) for box in initials]
    echoes = [echo for echo in found.echoes if is_echo(echo, gone) and not is_marked(echo, kept)]
    gone += [echo.box.grown(2, 2, frame.shape) for echo in echoes]
    single = [box for box in single if not any(box.meets(other) for other in gone)]
    gone.sort(key=lambda box: box.area)  # the largest is painted last: its rim is free of writing
    return _Look(tuple(gone), tuple(kept), tuple(single), read)


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
