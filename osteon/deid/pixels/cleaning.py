"""A frame without identifying text: found cheaply, read only where a verdict needs it, removed in doubt."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box, black_out, share_of
from osteon.deid.pixels.candidates import find_candidates
from osteon.deid.pixels.drawn import Drawn, drawn_in
from osteon.deid.pixels.grey import Grey, grey_of
from osteon.deid.pixels.markers import is_marker
from osteon.deid.pixels.reading import line_picture, reader, turns, words_of
from osteon.deid.pixels.regions import Region, is_part_of_a_letter, regions_of
from osteon.domain.errors import QuarantinedError

MAYBE = -1.0  # log odds: below, bone; between, text if it reads; above, text whatever is read
SURE, SURE_SMALL = 1.5, -1.0  # bone looks like large letters now and then, hardly ever like small ones
SURE_IN_CLUTTER, _FEW_WEAK = 4.0, 4
SMALL = 26  # letters lower than this, in pixels of the frame
_LONE_LETTERS, _LONE_LENGTH = 6, 2.6
_MIN_WHOLE = 0.7  # a marker's letters as read, of the pieces that are there: no part of a name is a marker
MARKER_LETTERS = 10  # a longer line is no marker and need not be read
_MIN_SIDE = 24
_TALL, _SHORT = 36, 26  # letter heights to read at: what tesseract's network was trained on, and below
_WITHIN, _GONE = 0.45, 0.9  # share of a line's box inside one that was decided on before
_PAGE_LINES = 26
_PAGE_LETTERS = 500
_MIN_LEGIBLE, _MIN_CONFIDENCE, _CLEAR, _UNREAD = 3, 60.0, 80.0, 40.0


@dataclass(frozen=True, slots=True)
class CleanedFrame:
    """A frame without identifying text, and what was done.

    Attributes:
        frame: the input itself where nothing was removed.
        removed: what was made one value.
        kept: lines read as position markers.
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

    Lone letters and pairs stay: L, R, G, D, AP. A line that cannot be read goes.

    Args:
        frame: stored values of one monochrome frame, (rows, columns).
        forbidden: words of the known identity, folded; never kept as a marker.
        most: share of the frame above which it is no radiograph with text but a page; 1: none is a page.
    Raises:
        QuarantinedError: a page of text, or too much to remove.
        FaultError: the OCR's language data are missing and a line must be read.
    """
    if min(frame.shape) < _MIN_SIDE or frame.min() == frame.max():
        return CleanedFrame(frame, (), (), 0)
    grey = grey_of(frame)
    found = find_candidates(grey, frame)
    regions = [r for r in regions_of(found, MAYBE, frame.shape) if not is_part_of_a_letter(r, found)]
    if most < 1:
        _refuse_pages(regions, grey)
    odds = sure_odds(regions)
    removed: list[Box] = []
    kept: list[Box] = []
    read = 0
    for region in regions:  # the surest first
        if any(box.share_of(region.box) >= _WITHIN for box in kept):
            continue  # bars and holes of a marker's letters
        if any(box.share_of(region.box) >= _GONE for box in removed):
            continue
        drawn = drawn_in(grey, region)
        verdict, asked = _verdict(region, drawn, grey, forbidden, sure=is_sure(region, odds))
        read += asked
        if verdict == "text":
            removed.append(replace(region, box=drawn.box).padded(frame.shape))
        elif verdict == "marker":
            kept.append(drawn.box)
    boxes = tuple(removed)
    if share_of(boxes, frame.shape) > most:
        raise QuarantinedError("a radiograph", "a picture full of text", "review it: it may be a scan")
    return CleanedFrame(black_out(frame, boxes) if boxes else frame, boxes, tuple(kept), read)


def sure_odds(regions: list[Region]) -> tuple[float, float]:
    """Log odds at which a large and a small line are text without being read.

    Screws and casts make many small lines that are a little like text; writing makes few, and surer ones.
    """
    weak = sum(region.odds < SURE and region.height < SMALL for region in regions)
    return (SURE, SURE_SMALL) if weak <= _FEW_WEAK else (SURE_IN_CLUTTER, SURE_IN_CLUTTER)


def is_sure(region: Region, odds: tuple[float, float]) -> bool:
    """True for what is taken for text without being read."""
    return region.odds >= (odds[1] if region.height < SMALL else odds[0])


def _verdict(
    region: Region, drawn: Drawn, grey: Grey, forbidden: frozenset[str], *, sure: bool
) -> tuple[str, int]:
    """Text, marker or bone, and how often the OCR was asked."""
    if drawn.lone and region.letters <= _LONE_LETTERS and region.length <= _LONE_LENGTH * drawn.height:
        return "marker", 0
    short = drawn.pieces <= MARKER_LETTERS and region.letters <= 2 * MARKER_LETTERS
    if sure and not short:
        return "text", 0
    reads, asked, clearest = False, 0, 0.0
    for dark, height in ((drawn.dark, _TALL), (drawn.dark, _SHORT), (not drawn.dark, _TALL)):
        if height == _SHORT and not short:
            continue  # no marker is that long
        if dark != drawn.dark and clearest >= _UNREAD:
            break  # it was nearly read: it is not the other way about
        window = drawn.window(grey.shape)
        factor = height / max(4, drawn.height)
        picture = line_picture(grey, window, dark=dark, factor=factor)
        for turned in turns(picture, upright=region.upright):
            text, confidence = reader().read(turned)
            asked += 1
            whole = _MIN_WHOLE * drawn.pieces <= len("".join(words_of(text)))
            if short and whole and is_marker(text, confidence, forbidden):
                return "marker", asked
            legible = confidence >= _MIN_CONFIDENCE and sum(map(len, words_of(text))) >= _MIN_LEGIBLE
            reads |= legible
            clearest = max(clearest, confidence)
            if legible and confidence >= _CLEAR:
                break  # it reads this way round: nothing is gained by the other
    return ("text" if sure or reads else "bone"), asked


def _refuse_pages(regions: list[Region], grey: Grey) -> None:
    """Documents are identity as a whole: many lines, or a few lines on nothing.

    Raises:
        QuarantinedError: a page, a dose report, a filled form.
    """
    sure = [region for region in regions if region.odds >= SURE]
    letters = sum(region.letters for region in sure)
    if len(sure) >= _PAGE_LINES or letters >= _PAGE_LETTERS:
        raise QuarantinedError("a radiograph", "a page of text", "review it: it may be a scanned document")
    if len(sure) >= 3 and _empty_beside(sure, grey):
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
