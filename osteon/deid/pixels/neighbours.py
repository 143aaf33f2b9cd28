"""What stands beside what: markers seen again, and the room around what goes."""

from __future__ import annotations

from dataclasses import replace

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.drawn import inside_of, strokes_in
from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.regions import Region

_WITHIN = 0.6  # share of a line's box inside a marker's
_TOGETHER = 0.35  # the same of several markers, where the line is faint
_LONGER = 1.25  # a marker seen again, against the marker
_HELD, _HIGHER = 0.5, 1.5  # share of a marker in a line, and that line's height over the marker's
_EMPTY_ROOM = 1.0  # heights left at an end of a line behind which nothing is drawn
_AGAIN, _ALIKE = 0.9, 0.3  # share of the marker's box inside the line's, and its share of the line's area


def same_marker(kept: Box, line: Region) -> bool:
    """True for a part of a marker, and for a marker seen again at another size, but no name behind it."""
    long = kept.right - kept.left if line.upright else kept.bottom - kept.top
    again = line.box.share_of(kept) >= _AGAIN and kept.area >= _ALIKE * line.box.area
    return kept.share_of(line.box) >= _WITHIN or (again and line.length <= _LONGER * long + line.height)


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


def is_of_single(line: Region, single: Box) -> bool:
    """True for what looks like a line but is a lone letter or shape, or a part of one."""
    return single.share_of(line.core) >= _WITHIN or (line.compact and line.box.share_of(single) >= _WITHIN)


def room_around(line: Region, grey: Grey) -> Box:
    """The box of a line with the room that it takes, less at an end behind which nothing is drawn like it.

    A line seen in a smaller copy is taken for up to half as high again: its whole room is then wider than any
    letter that it may have lost.
    """
    wide, near = line.padded(grey.shape), line.padded(grey.shape, room=_EMPTY_ROOM)
    if line.slant or not line.plain:
        return wide
    _, ink = strokes_in(grey[wide.window], inside_of(line.core, wide), line.height)
    rows, columns = inside_of(near, wide)
    if line.upright:
        before, behind = ink[:, : columns.start].any(), ink[:, columns.stop :].any()
        return replace(
            wide, left=wide.left if before else near.left, right=wide.right if behind else near.right
        )
    before, behind = ink[: rows.start].any(), ink[rows.stop :].any()
    return replace(wide, top=wide.top if before else near.top, bottom=wide.bottom if behind else near.bottom)


def beside(box: Box, line: Region, kept: list[Box]) -> Box:
    """The box of a line, but for what stays before the line or behind it."""
    core = line.core
    for one in kept:
        if not box.meets(one):
            continue
        if line.upright and one.right <= core.left:
            box = replace(box, left=one.right)
        elif line.upright and one.left >= core.right:
            box = replace(box, right=one.left)
        elif not line.upright and one.bottom <= core.top:
            box = replace(box, top=one.bottom)
        elif not line.upright and one.top >= core.bottom:
            box = replace(box, bottom=one.top)
    return box
