"""A frame without identifying text: found by its look, removed unless it reads as a position marker."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from osteon.deid.pixels.box import Box, black_out, groups_of, share_of
from osteon.deid.pixels.grey import Grey, stretch_of
from osteon.deid.pixels.looking import Look, hidden_by, look_at
from osteon.deid.pixels.second_opinion import seen_closer
from osteon.deid.pixels.segmentation import Earlier
from osteon.domain.errors import QuarantinedError

_LOOKS = 5  # what was hidden beside larger writing is seen once that is gone
_MIN_SIDE = 24


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
    original = frame
    removed: tuple[Box, ...] = ()
    markers: tuple[Box, ...] = ()
    read = 0
    stretch = stretch_of(frame)
    earlier: list[Earlier] | None = None
    for look in range(_LOOKS):
        own = stretch_of(frame)
        if own.least == own.most or min(frame.shape) < _MIN_SIDE:
            return CleanedFrame(frame, removed, markers, read)
        if not stretch.shows_as(own):  # bright ink is gone: what it squeezed can be seen only now
            stretch, earlier = own, None
        found = _looked(stretch.grey(frame), forbidden, markers, earlier, pages=look == 0 and most < 1)
        read += found.read
        if not (found.removed or found.waiting):
            return CleanedFrame(frame, removed, found.markers + found.single, read)
        hidden = tuple(hidden_by(box, frame.shape) for box in found.markers if box not in markers)
        markers, removed = found.markers, removed + found.removed
        filled = [group for group in groups_of(removed) if any(box in found.removed for box in group)]
        earlier = found.regions.since((*(box for group in filled for box in group), *hidden))
        frame = black_out(original, removed)
        if share_of(removed, frame.shape) > most:
            raise QuarantinedError("a radiograph", "a picture full of text", "review it: it may be a scan")
    raise QuarantinedError(
        "an output without text in its pixels", "a line that looks like text", "review the instance"
    )


def _looked(
    grey: Grey,
    forbidden: frozenset[str],
    markers: tuple[Box, ...],
    earlier: list[Earlier] | None,
    *,
    pages: bool,
) -> Look:
    """What `look_at` sees; where that is nothing to remove, what a closer look at the half-seen shows."""
    found = look_at(grey, forbidden, markers, earlier, pages=pages)
    if found.removed or found.waiting:
        return found
    hidden = black_out(grey, tuple(hidden_by(box, grey.shape) for box in found.markers))
    closer = seen_closer(hidden, found.regions.kinds[0])
    if closer is None:
        return found
    first, *halves = found.regions.since(())
    again = look_at(grey, forbidden, found.markers, [replace(first, kinds=closer, closer=True), *halves])
    seen = again if again.removed or again.waiting else found
    return replace(seen, read=found.read + again.read)
