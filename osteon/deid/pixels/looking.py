"""One look at a picture: what has to go, and which letters, words and shapes stay."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from osteon.deid.pixels.box import Box, black_out
from osteon.deid.pixels.grain import is_grain
from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.initials import is_flanked, is_initial
from osteon.deid.pixels.neighbours import (
    above_or_below,
    apart,
    beside,
    holds,
    is_again,
    is_cut,
    is_echo,
    is_marked,
    is_of_single,
    is_rim,
    room_around,
    same_marker,
    with_rest,
)
from osteon.deid.pixels.regions import Found, Region, follows, regions_of
from osteon.deid.pixels.segmentation import Earlier
from osteon.deid.pixels.verdict import is_legible, is_marker_word, kind_of
from osteon.domain.errors import QuarantinedError

_PAGE_LINES = 26
_PAGE_LETTERS = 500
_COVERS, _HIGHER = 0.85, 2.5  # share of a marker in a far higher line, and that line's height over its own


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen.

    Attributes:
        removed: what has to go.
        markers: lines read as position markers, now or in an earlier look.
        single: lone letters and shapes that stay.
        read: how many lines were read.
        regions: what the network saw.
        waiting: a line holds a marker: what of it is more is seen when that is hidden, in the next look.
    """

    removed: tuple[Box, ...]
    markers: tuple[Box, ...]
    single: tuple[Box, ...]
    read: int
    regions: Found
    waiting: bool = False


@dataclass(slots=True)
class _Judged:
    """Markers and lone letters that stay, lines that may name somebody, those that read, and ground."""

    kept: list[Box]
    single: list[Box]
    read: int
    unnamed: list[Region] = field(default_factory=list)
    texts: list[Region] = field(default_factory=list)
    grounds: list[Region] = field(default_factory=list)


def look_at(
    grey: Grey,
    forbidden: frozenset[str],
    markers: tuple[Box, ...] = (),
    earlier: list[Earlier] | None = None,
    *,
    pages: bool = False,
) -> Look:
    """What a picture shows, in which these markers were found before.

    Args:
        grey: the picture.
        forbidden: words of the known identity, folded.
        markers: found in an earlier look.
        earlier: what the network saw then; it looks again only at what changed.
        pages: refuse what is a page of text and no radiograph.
    Raises:
        QuarantinedError: a page.
    """
    grey = black_out(grey, tuple(hidden_by(box, grey.shape) for box in markers))
    found = apart(_but_of_grain(regions_of(grey, earlier), grey))
    if pages:
        _refuse_pages(found.lines, grey)
    judged = _judged(found, grey, forbidden, markers)
    kept, single = judged.kept, judged.single
    unnamed = _but_of_ground(judged.unnamed, judged.grounds, grey, forbidden)
    unnamed += [line for line in found.doubtful if is_legible(line, grey, forbidden)]
    rims = [
        line
        for line in unnamed
        if any(is_rim(line, hidden_by(box, grey.shape)) for box in markers)
        and not is_legible(line, grey, forbidden)
    ]
    removed = [
        line
        for line in unnamed
        if not (line in rims or is_marked(line, kept))
        and (line.plain or line in judged.texts or not any(is_of_single(line, box) for box in single))
    ]
    new = [box for box in kept if box not in markers]
    waiting = [line for line in removed if any(holds(line, box) for box in new)]
    removed = [line for line in removed if line not in waiting]
    gone, stay = _gone_and_staying(removed, found, kept, single, grey)
    return Look(tuple(gone), tuple(kept), tuple(stay), judged.read, found, bool(waiting))


def _judged(found: Found, grey: Grey, forbidden: frozenset[str], markers: tuple[Box, ...]) -> _Judged:
    """Each line that was found, by what it reads as; parts of markers are left out."""
    judged = _Judged(
        kept=[*markers, *_nested_markers(found, grey, forbidden)],
        single=[mark.box for mark in found.lone],
        read=len(found.doubtful) + len(found.within),
    )
    judged.texts += [line for line in found.within if is_legible(line, grey, forbidden)]
    judged.unnamed += judged.texts
    for region in found.lines:
        if any(same_marker(box, region) for box in judged.kept):
            continue
        kind, box = kind_of(region, grey, forbidden)
        judged.read += 1
        if kind == "line" and _is_marker_elsewhere(region, found.echoes, grey, forbidden):
            kind, box = "marker", region.core
        if kind == "marker":
            judged.kept.append(box)
        elif kind == "lone":
            judged.single.append(box)
        elif kind == "ground":
            judged.grounds.append(region)
        else:
            judged.unnamed.append(region)
            if kind == "text" and _reads_itself(region, grey, forbidden):
                judged.texts.append(region)
    return judged


def _is_marker_elsewhere(line: Region, echoes: list[Region], grey: Grey, forbidden: frozenset[str]) -> bool:
    """True for a line that cannot be read as it is and reads as a marker as it was seen at another size."""
    same = [echo for echo in echoes if echo.sure and is_again(echo, line)]
    return any(is_marker_word(echo, grey, forbidden) for echo in same)


def hidden_by(marker: Box, shape: tuple[int, ...]) -> Box:
    """A marker with the soft rim of its strokes: what is hidden once it is known."""
    rim = max(4, min(marker.bottom - marker.top, marker.right - marker.left) // 5)
    return marker.grown(rim, rim, shape)


def _nested_markers(found: Found, grey: Grey, forbidden: frozenset[str]) -> list[Box]:
    """Words of markers that were passed over since a far higher line, bone with them in it, covers them."""
    covered = [
        echo
        for echo in found.echoes
        if echo.sure
        and any(
            line.box.share_of(echo.core) > _COVERS and line.height >= _HIGHER * echo.height
            for line in found.lines
        )
    ]
    return [line.box for line in covered if is_marker_word(line, grey, forbidden)]


def _but_of_grain(found: Found, grey: Grey) -> Found:
    """What was found but for what is noise."""
    lines, doubtful = (
        [line for line in some if not is_grain(grey, line.box)] for some in (found.lines, found.doubtful)
    )
    return replace(found, lines=lines, doubtful=doubtful)


def _but_of_ground(
    unnamed: list[Region], grounds: list[Region], grey: Grey, forbidden: frozenset[str]
) -> list[Region]:
    """These lines but for faint ones that follow ground alone and read as nothing."""
    sure = [line for line in unnamed if line.sure]
    faint = [line for line in unnamed if not line.sure]
    for line in sure:  # grows
        sure += (near := [one for one in faint if follows(one, line, grey.shape)])
        faint = [one for one in faint if one not in near]
    alone = [one for one in faint if any(follows(one, ground, grey.shape) for ground in grounds)]
    return [line for line in unnamed if line not in alone or is_legible(line, grey, forbidden)]


def _reads_itself(region: Region, grey: Grey, forbidden: frozenset[str]) -> bool:
    """True when a line reads without what may continue it: a marker's strokes read as the line beside it."""
    return region.sure or kind_of(replace(region, box=region.core), grey, forbidden)[0] == "text"


def _gone_and_staying(
    removed: list[Region], found: Found, kept: list[Box], single: list[Box], grey: Grey
) -> tuple[list[Box], list[Box]]:
    """The boxes that go with the lines that are removed, and the lone letters that stay."""
    initials = [
        box
        for box in single
        if not any(marker.share_of(box) >= _COVERS for marker in kept)
        and (is_flanked(removed, box) or any(is_initial(grey, line, box) for line in removed))
    ]
    stays = kept + [box for box in single if box not in initials]
    gone = [_with_room(line, grey, kept, stays) for line in removed]
    gone += [box.grown(4, 4, grey.shape) for box in initials]
    of_gone = [echo for echo in found.echoes if is_echo(echo, gone) and not is_marked(echo, kept)]
    gone += [beside(echo.box.grown(2, 2, grey.shape), echo, stays) for echo in of_gone]
    cut = [
        one for one in found.doubtful if is_cut(one, gone) and not any(one.core.meets(box) for box in stays)
    ]
    gone += [_with_room(one, grey, kept, stays) for one in cut]
    return gone, [box for box in single if not any(box.meets(other) for other in gone)]


def _with_room(line: Region, grey: Grey, kept: list[Box], stays: list[Box]) -> Box:
    """The box of a line that goes, with its room and what goes on with it, but for what stays beside it."""
    room = with_rest(room_around(line, grey), line, grey)
    return above_or_below(beside(room, line, stays), line, kept)


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
