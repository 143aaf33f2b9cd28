"""Lines of writing in a picture, each once, at whatever size it is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.segmentation import CELL, Earlier, kinds_in

_SIZES = 4  # the picture and halves of it: letters 8 to 208 pixels high
_UNSURE = 3  # halvings at which fingers look like letters: a line goes only when it can be read
_MAYBE = 0.35  # probability of a cell of a line
_FAINT = 0.05  # of a cell that continues one: letters that run into a ground of their own grey
_CONTINUES = 2.5  # how far such cells are followed, in heights of the line
_PART, _LONE = (0.7, 5), (0.7, 4)  # least probability, and how many cells have it
_SURELY, _SURE_CELLS, _PLAIN_CELLS = 0.97, (8, 4), 15  # of larger and of small writing
_LIKELY, _LIKELY_CELLS = 0.9, (20, 12)
# Faint writing: bone has 5.7 cells for each letter at most.
_RATHER, _RATHER_CELLS, _RATHER_PER_LETTER = 0.7, 24, 6.5
_EVEN_LETTERS = 8.0  # grain along a box of one value is as long as the box
_SMALL, _LEAST = 30, 7  # heights in pixels
_FOLLOWS = 4.0  # how far a part of a line may stand off, in heights of the line
_RIM = 3.0  # pixels of the copy that a line's cells reach beyond its letters, both sides together
_READABLE = (12.0, 46.0)  # heights in pixels of a smaller copy at which a line is best seen
_COVERED, _COVERED_COARSE = 0.85, 0.1  # share of a line that was seen better at another size
_APART, _WORD = 0.2, 3.0  # the same, without the room around lines, of one that was not; its letters
_INSIDE, _TALLER = 0.6, 1.6  # share of a line in a lone letter, and that letter's height over the line's
_COMPACT = 2.8  # length over height of a lone letter or shape, at the most
_LEVEL = 12.0  # degrees from the nearest axis that the reader takes in its stride
_PER_LETTER = 0.75  # a letter's width over its height, gap included


@dataclass(frozen=True, slots=True)
class Region:
    """One line of writing, or one letter or shape.

    Attributes:
        box: around its letters, without margin, and what may continue them at both ends.
        core: around what is seen of it for certain.
        confidence: greatest probability of any of its cells.
        height: of its letters with what hangs below them, in pixels.
        length: along the line, in pixels.
        upright: written from left to right or upside down, not up or down.
        readable: its height at the size it was found at is one that the network knows.
        middle: of its rectangle however turned, row and column in pixels.
        slant: by how many degrees it falls from left to right (rises: less than 0); 0 where it hardly slants.
        coarse: of a size at which fingers look like letters, too.
        cells, likely, rather: how many of its cells are surely, likely, and rather writing than not.
    """

    box: Box
    core: Box
    confidence: float
    height: int
    length: int
    upright: bool
    readable: bool
    cells: int
    likely: int
    middle: tuple[float, float] = (0.0, 0.0)
    slant: float = 0.0
    coarse: bool = False
    rather: int = 0

    @property
    def sure(self) -> bool:
        """Enough of its cells are writing; else it goes as a part of another line, or when it can be read."""
        few = self.small
        likely = self.likely >= _LIKELY_CELLS[few] and self.height >= _LEAST
        return likely or self.cells >= _SURE_CELLS[few] or self.even

    @property
    def even(self) -> bool:
        """A small word, nearly all of it rather writing: too faint to be surer; of bone few cells look so."""
        many = self.rather >= max(_RATHER_CELLS, _RATHER_PER_LETTER * self.letters)
        return self.small and not self.coarse and many and self.letters <= _EVEN_LETTERS

    @property
    def small(self) -> bool:
        """Too small to be read for certain; bone looks like larger writing."""
        return self.height <= _SMALL

    @property
    def plain(self) -> bool:
        """So many are that it cannot be the strokes of one letter or shape."""
        return self.cells >= _PLAIN_CELLS

    @property
    def letters(self) -> float:
        """About how many letters it holds."""
        return self.length / max(1.0, _PER_LETTER * self.height)

    @property
    def compact(self) -> bool:
        """No longer than a letter or a shape may be."""
        return self.length <= _COMPACT * self.height

    def padded(self, shape: tuple[int, ...], *, room: float | None = None) -> Box:
        """With room for accents, dots, commas and the soft rim of the strokes: at the ends in heights."""
        reach = (1.8 if self.plain else 1.2) if room is None else room
        across, along = max(4, round(0.5 * self.height)), max(6, round(reach * self.height))
        return self.reaching(along, across, shape)

    def reaching(self, along: int, across: int, shape: tuple[int, ...]) -> Box:
        """The box with so many pixels more at both ends of the line and at both sides of it."""
        if self.slant:
            across = along = max(along, across)
        return self.box.grown(across, along, shape) if self.upright else self.box.grown(along, across, shape)


@dataclass(frozen=True, slots=True)
class Found:
    """What a picture holds.

    Attributes:
        lines: of writing, the surest first. A line has cells enough that are surely writing; bone hardly ever
            has. Its fainter parts follow it.
        doubtful: what may be a line: small or faint writing, or bone.
        within: small lines that lie in a lone letter or shape: its strokes, or writing in a box.
        lone: letters and shapes that stand alone.
        echoes: lines, seen better at another size, that may reach farther here. A word that lies in the
            room around another line alone is none.
        kinds: of the cells of the picture and of its halves.
    """

    lines: list[Region]
    doubtful: list[Region]
    within: list[Region]
    lone: list[Region]
    echoes: list[Region]
    kinds: list[NDArray[np.float32]]

    def since(self, changed: tuple[Box, ...]) -> list[Earlier]:
        """What was found at each size, where these boxes of the picture have changed."""
        return [
            Earlier(kinds, [_halved(box, halvings) for box in changed])
            for halvings, kinds in enumerate(self.kinds)
        ]


def regions_of(grey: Grey, earlier: list[Earlier] | None = None) -> Found:
    """The lines, what may be some, and the lone letters and shapes of a picture, seen earlier or not."""
    lines, lone, kinds = _by_size(grey, earlier)
    cells, drawn = np.zeros((2, -(-grey.shape[0] // CELL), -(-grey.shape[1] // CELL)), bool)
    regions: list[Region] = []
    within: list[Region] = []
    echoes: list[Region] = []
    for region in sorted(lines, key=lambda one: (not one.sure, not one.readable, -one.confidence)):
        if any(_is_in(region, mark) for mark in lone):
            within += [region] if region.small and region.readable else []
            continue
        covered = _cells(cells, region.box).mean() >= (_COVERED_COARSE if region.coarse else _COVERED)
        own = region.plain and region.letters >= _WORD and _cells(drawn, region.core).mean() < _APART
        if own or not covered:
            if region.sure:
                _cells(cells, region.padded(grey.shape))[...] = True
                _cells(drawn, region.core)[...] = True
            regions.append(region)
        elif region.plain:
            echoes.append(region)
    followed = _followed([one for one in regions if not one.coarse], grey.shape)
    doubtful = [one for one in regions if one not in followed and one.readable]
    return Found(sorted(followed, key=lambda one: -one.confidence), doubtful, within, lone, echoes, kinds)


def _is_in(line: Region, mark: Region) -> bool:
    """True for strokes within a letter or shape that look like a line of smaller letters."""
    inside = mark.box.share_of(line.box) >= _INSIDE and mark.height >= _TALLER * line.height
    return inside and not line.plain and not line.compact


def _cells(cells: NDArray[np.bool_], box: Box) -> NDArray[np.bool_]:
    """The part of them that the box touches."""
    return cells[box.top // CELL : -(-box.bottom // CELL), box.left // CELL : -(-box.right // CELL)]


def _followed(regions: list[Region], shape: tuple[int, ...]) -> list[Region]:
    """The sure ones, with the others that stand on the line of one of them."""
    lines = [region for region in regions if region.sure]
    rest = [region for region in regions if not region.sure]
    for line in lines:  # grows
        lines += [one for one in rest if follows(one, line, shape)]
        rest = [one for one in rest if one not in lines]
    return lines


def follows(one: Region, line: Region, shape: tuple[int, ...]) -> bool:
    """True for a region that stands on a line, before it or behind it, and is hardly higher."""
    reach = line.reaching(round(_FOLLOWS * line.height), round(0.2 * line.height), shape)
    return reach.meets(one.box) and one.height <= 2 * line.height


def _halved(box: Box, halvings: int) -> Box:
    """The box in pixels of a smaller copy."""
    scale = 1 << halvings
    return Box(box.top // scale, box.left // scale, -(-box.bottom // scale), -(-box.right // scale))


def _by_size(
    grey: Grey, earlier: list[Earlier] | None
) -> tuple[list[Region], list[Region], list[NDArray[np.float32]]]:
    """Lines, lone letters and the kinds of the cells at each size."""
    lines: list[Region] = []
    lone: list[Region] = []
    kinds: list[NDArray[np.float32]] = []
    full = grey.shape
    for halvings in range(_SIZES):
        if halvings:
            half = (grey.shape[1] // 2, grey.shape[0] // 2)
            if min(half) < 24:
                break
            grey = np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), np.uint8)
        kinds.append(kinds_in(grey, earlier[halvings] if earlier else None))
        writing, single = kinds[-1]
        found = _components(writing, _PART, 1 << halvings, full, other=single)
        if earlier and earlier[halvings].closer:
            found = [replace(line, rather=0) for line in found]
        if halvings == _UNSURE:
            lines += [
                replace(line, cells=0, likely=0, rather=0, coarse=True) for line in found if line.readable
            ]
            break
        lines += found
        marks = _components(single, _LONE, 1 << halvings, full, other=writing)
        lone += [mark for mark in marks if mark.readable and mark.compact]
    return lines, lone, kinds


def _components(
    ink: NDArray[np.float32],
    least: tuple[float, int],
    factor: int,
    full: tuple[int, ...],
    *,
    other: NDArray[np.float32],
) -> list[Region]:
    """Connected cells as regions of the full picture, where enough of them have the least probability.

    Cells that are rather of the other kind continue none: a line would reach for the marker beside it.
    """
    sure, cells = least
    if np.count_nonzero(ink >= sure) < cells:
        return []
    follows = (ink > _FAINT) & ((ink >= other) | (ink > _MAYBE))
    count, labels, stats, _ = cv2.connectedComponentsWithStats((ink > _MAYBE).astype(np.uint8))
    found = []
    for number in range(1, count):
        left, top, wide, high, area = stats[number].tolist()
        window = (slice(top, top + high), slice(left, left + wide))
        mine = labels[window] == number
        if area < cells or np.count_nonzero(ink[window][mine] >= sure) < cells:
            continue
        long, short, (y, x), slant = _rectangle(mine)
        upright = wide >= high
        scale = CELL * factor
        core = _in_pixels((top, left, high, wide), scale, full)
        height = max(2.0, CELL * short - _RIM)
        found.append(
            Region(
                box=_in_pixels(_continued(follows, (top, left, high, wide), short), scale, full),
                core=core,
                confidence=float(ink[window][mine].max()),
                height=round(height * factor),
                length=round(max(2.0, CELL * long - _RIM) * factor),
                upright=upright,
                cells=int(np.count_nonzero(ink[window][mine] >= _SURELY)),
                likely=int(np.count_nonzero(ink[window][mine] >= _LIKELY)),
                rather=int(np.count_nonzero(ink[window][mine] >= _RATHER)) if factor == 1 else 0,
                middle=((top + y) * scale, (left + x) * scale),
                slant=slant,
                readable=(factor == 1 or height >= _READABLE[0]) and height <= _READABLE[1],
            )
        )
    return found


def _in_pixels(cells: tuple[int, int, int, int], scale: int, full: tuple[int, ...]) -> Box:
    """Cells (top, left, height, width) of a smaller copy in pixels of the picture."""
    top, left, high, wide = cells
    return Box(
        min(top * scale, full[0] - 1), min(left * scale, full[1] - 1),
        min((top + high) * scale, full[0]), min((left + wide) * scale, full[1]),
    )  # fmt: skip


def _continued(
    follows: NDArray[np.bool_], box: tuple[int, int, int, int], short: float
) -> tuple[int, int, int, int]:
    """The line (top, left, height, width in cells) with the fainter cells that continue it at its ends."""
    top, left, high, wide = box
    along, across = round(_CONTINUES * short), round(0.5 * short)
    rows, columns = (across, along) if wide >= high else (along, across)
    first, start = max(0, top - rows), max(0, left - columns)
    near = follows[first : top + high + rows, start : left + wide + columns]
    _, labels = cv2.connectedComponents(near.astype(np.uint8))
    mine = labels[top - first : top - first + high, left - start : left - start + wide]
    whole = np.isin(labels, np.unique(mine[mine > 0]))
    y, x = np.flatnonzero(whole.any(1)), np.flatnonzero(whole.any(0))
    return first + int(y[0]), start + int(x[0]), int(y[-1] - y[0]) + 1, int(x[-1] - x[0]) + 1


def _rectangle(mine: NDArray[Any]) -> tuple[float, float, tuple[float, float], float]:
    """The least rectangle around the cells: length and height in cells, its middle, and its slant."""
    points = cv2.findNonZero(mine.astype(np.uint8))
    (x, y), (a, b), degrees = cv2.minAreaRect(points)
    slant = (degrees if a >= b else degrees + 90) % 180
    slant = slant - 180 if slant > 90 else slant
    level = min(abs(slant), 90 - abs(slant)) < _LEVEL or max(a, b) < _COMPACT * min(a, b)
    return max(a, b) + 1.0, min(a, b) + 1.0, (y + 0.5, x + 0.5), 0.0 if level else slant
