"""What stands beside what: markers seen again, letters that belong to a line, room around what goes."""

from __future__ import annotations

from dataclasses import replace

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.regions import Region

_INITIAL = 0.8  # how far from its line an initial stands, in heights of it: a side stands farther off
_ON_LINE, _TALLEST = 0.6, 1.7  # how much of an initial is on the line, and how high it is
_WITHIN = 0.6  # share of a line's box inside a marker's
_TOGETHER = 0.35  # the same of several markers, where the line is faint
_LONGER = 1.25  # a marker seen again, against the marker
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


def is_echo(line: Region, gone: list[Box]) -> bool:
    """True for a line most of which goes: the rest of it goes too."""
    return any(box.share_of(line.box) >= _WITHIN for box in gone)


def is_of_single(line: Region, single: Box) -> bool:
    """True for what looks like a line but is a lone letter or shape, or a part of one."""
    return single.share_of(line.box) >= _WITHIN or (line.compact and line.box.share_of(single) >= _WITHIN)


def with_room(line: Region, kept: list[Box], shape: tuple[int, ...]) -> Box:
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


def is_initial(line: Region, single: Box) -> bool:
    """True for a lone letter that follows a line or stands before it: an initial."""
    box = line.box
    across = min(box.bottom, single.bottom) - max(box.top, single.top)
    along = min(box.right, single.right) - max(box.left, single.left)
    high = single.bottom - single.top
    if not line.upright:
        across, along, high = along, across, single.right - single.left
    near = -along <= _INITIAL * line.height
    return near and across >= _ON_LINE * high and high <= _TALLEST * line.height
