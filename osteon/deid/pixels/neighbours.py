"""What stands beside what: markers seen again, and the room around what goes."""

from __future__ import annotations

from dataclasses import replace

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.drawn import going_on, inside_of, strokes_in
from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.regions import Found, Region

_WITHIN = 0.6  # share of a line's box inside a marker's
_TOGETHER = 0.35  # the same of several markers, where the line is faint
_LONGER = 1.25  # a marker seen again, against the marker
_HELD, _HIGHER = 0.5, 1.5  # share of a marker in a line, and that line's height over the marker's
_RIM = 0.3  # heights left behind the last letter that goes on with a line
_EMPTY_ROOM = 1.0  # heights left at an end of a line behind which nothing is drawn
_ROOM, _PLAIN_ROOM = 2.2, 2.8  # the same where something is: over an edge of bone letters are not seen
_SAME = 0.65  # share of each of two lines in the other that are one
_STRIP, _ALONG, _LOWER = 6, 0.8, 0.8  # pixels between a strip and a marker, its share along it, its height
_AGAIN, _ALIKE = 0.9, 0.3  # share of the marker's box inside the line's, and its share of the line's area


def same_marker(kept: Box, line: Region) -> bool:
    """True for a part of a marker, and for a marker seen again at another size, but no name behind it."""
    long = kept.right - kept.left if line.upright else kept.bottom - kept.top
    again = line.box.share_of(kept) >= _AGAIN and kept.area >= _ALIKE * line.box.area
    return kept.share_of(line.box) >= _WITHIN or (again and line.length <= _LONGER * long + line.height)


def is_again(echo: Region, line: Region) -> bool:
    """True for the same line seen at another size: about as long and at the same place."""
    return echo.core.share_of(line.core) >= _SAME and line.core.share_of(echo.core) >= _SAME


def is_marked(line: Region, markers: list[Box]) -> bool:
    """True for a marker, or several, seen again at a size at which they look like one faint line."""
    together = sum(box.share_of(line.box) for box in markers)
    return any(same_marker(box, line) for box in markers) or (not line.plain and together >= _TOGETHER)


def holds(line: Region, marker: Box) -> bool:
    """True for a far higher line with a marker in it: bone around the marker, or other lines beside it."""
    high = min(marker.bottom - marker.top, marker.right - marker.left)
    return line.box.share_of(marker) >= _HELD and line.height >= _HIGHER * high


def is_echo(line: Region, gone: list[Box]) -> bool:
    """True for a line most of which goes: the rest of it goes too."""
    return any(box.share_of(line.box) >= _WITHIN for box in gone)


def is_cut(one: Region, gone: list[Box]) -> bool:
    """True for small half-seen writing of which a part goes with another line: no look sees the rest."""
    return one.small and not one.coarse and any(0 < box.share_of(one.core) < 1 for box in gone)


def is_of_single(line: Region, single: Box) -> bool:
    """True for what looks like a line but is a lone letter or shape, or a part of one."""
    return single.share_of(line.core) >= _WITHIN or (line.compact and line.box.share_of(single) >= _WITHIN)


def room_around(line: Region, grey: Grey) -> Box:
    """The box of a line with the room that it takes, less at an end behind which nothing is drawn like it.

    A line seen in a smaller copy is taken for up to half as high again: its whole room is then wider than any
    letter that it may have lost.
    """
    if line.slant:
        return line.padded(grey.shape)
    wide = line.padded(grey.shape, room=_PLAIN_ROOM if line.plain else _ROOM)
    near = line.padded(grey.shape, room=_EMPTY_ROOM if line.plain else None)
    _, ink = strokes_in(grey[wide.window], inside_of(line.core, wide), line.height)
    rows, columns = inside_of(near, wide)
    if line.upright:
        before, behind = ink[:, : columns.start].any(), ink[:, columns.stop :].any()
        return replace(
            wide, left=wide.left if before else near.left, right=wide.right if behind else near.right
        )
    before, behind = ink[: rows.start].any(), ink[rows.stop :].any()
    return replace(wide, top=wide.top if before else near.top, bottom=wide.bottom if behind else near.bottom)


def with_rest(box: Box, line: Region, grey: Grey) -> Box:
    """The box of a line, longer where letters go on with it behind its ends."""
    if line.slant:
        return box
    rest = going_on(grey, line)
    rim = max(4, round(_RIM * line.height))
    if line.upright:
        rest = rest.grown(0, rim, grey.shape)
        return replace(box, left=min(box.left, rest.left), right=max(box.right, rest.right))
    rest = rest.grown(rim, 0, grey.shape)
    return replace(box, top=min(box.top, rest.top), bottom=max(box.bottom, rest.bottom))


def apart(found: Found) -> Found:
    """The same, where the fainter cells that continue a line are not those of another that stands off it."""
    plain = [line for line in (*found.lines, *found.echoes) if line.plain]
    return replace(found, lines=[_apart_from(line, plain) for line in found.lines])


def _apart_from(line: Region, others: list[Region]) -> Region:
    """The line, its box cut where another begins a height of it or more away from its core."""
    box, core, gap = line.box, line.core, line.height
    for one in (other.core for other in others):
        if not box.meets(one):
            continue
        if one.right <= core.left - gap:
            box = replace(box, left=core.left)
        elif one.left >= core.right + gap:
            box = replace(box, right=core.right)
        elif one.bottom <= core.top - gap:
            box = replace(box, top=core.top)
        elif one.top >= core.bottom + gap:
            box = replace(box, bottom=core.bottom)
    return line if box == line.box else replace(line, box=box)


def is_rim(line: Region, hidden: Box) -> bool:
    """True for a low strip along a marker that is hidden: grain that a box cuts off looks like letters."""
    beside = line.core.grown(_STRIP, _STRIP, (hidden.bottom + _STRIP, hidden.right + _STRIP)).meets(hidden)
    if line.upright:
        along = min(line.core.right, hidden.right) - max(line.core.left, hidden.left)
        high, long = hidden.bottom - hidden.top, line.core.right - line.core.left
    else:
        along = min(line.core.bottom, hidden.bottom) - max(line.core.top, hidden.top)
        high, long = hidden.right - hidden.left, line.core.bottom - line.core.top
    return beside and along >= _ALONG * long and line.height <= _LOWER * high


def above_or_below(box: Box, line: Region, markers: list[Box]) -> Box:
    """The box of a line, but for markers beyond its letters, on the lines above it or below."""
    return box if line.slant else _but_for(box, line.core, markers, sideways=not line.upright)


def beside(box: Box, line: Region, kept: list[Box]) -> Box:
    """The box of a line, but for what stays before the line or behind it."""
    return _but_for(box, line.core, kept, sideways=line.upright)


def _but_for(box: Box, core: Box, others: list[Box], *, sideways: bool) -> Box:
    """The box, ended where others begin beyond the core: to its left and right, or above and below."""
    for one in others:
        if not box.meets(one):
            continue
        if sideways and one.right <= core.left:
            box = replace(box, left=one.right)
        elif sideways and one.left >= core.right:
            box = replace(box, right=one.left)
        elif not sideways and one.bottom <= core.top:
            box = replace(box, top=one.bottom)
        elif not sideways and one.top >= core.bottom:
            box = replace(box, bottom=one.top)
    return box
