"""What a found line is: a position marker, a lone letter, identity or ground."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.drawn import drawn_in
from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.lettering import chance_of, readings_of
from osteon.deid.pixels.markers import LONG_WORDS, is_marker, is_near, words_of
from osteon.deid.pixels.regions import Region

_MARKER_LETTERS, _MOST_LETTERS = 14, 60  # by its length; longer than that may be an edge of the picture
_EDGE = 12  # letters by its length that an edge of the picture has at the least
_PIECE, _DIFFERENT = 24, 3  # letters of a piece that is read of so long a line; different ones that text has
_LONE_LETTERS, _LONE_LENGTH = 3.0, 2.6
_MIN_WHOLE = 0.65  # a marker's letters as read, of those that its length holds: no part of a name is a marker
_TWO = 2.2  # letters by its length: a shorter line is rather one
_SURE, _SURE_PAIR, _SURE_LETTER = 0.6, 2.0, 2.5  # of four readings, one at each size, that agree
_SEVERAL = 4.0  # letters by its length, of which none reads: bone
_LARGE = 60  # height in pixels at which any letter reads
_EMPTY = 2.4  # that four readings find no letter at all, added up
_DENSE = 2.5  # surely written cells for each letter: too small and faint to read, but no bone has as many
_LEGIBLE, _SURE_LEGIBLE, _SURE_COARSE = 3, 0.15, 0.4
_ALL_BUT_ONE = 7 / 8  # of the readings
_WORD = 4  # letters
_LIKELY = 0.45  # that four readings are a word that reads as another with a letter more, less or else
_NEXT_BEST = 0.6  # of the best reading's: a word is another word when it is turned over
_TRIED = 3  # readings that a misread marker is looked for in
_CUT, _SURE_CUT = 5, 0.5  # letters of a word of which one at an end may be missed at other sizes


def kind_of(region: Region, grey: Grey, forbidden: frozenset[str]) -> tuple[str, Box]:
    """Marker, lone, text (it reads), line or ground; and the place. It was read to tell."""
    if region.letters > _MOST_LETTERS:
        return ("line" if _has_text(region, grey) else "ground"), region.box
    letters, sure, marker = _read(region, grey, forbidden)
    dense = region.even or (region.small and region.cells >= _DENSE * region.letters)
    several = not dense and (region.letters >= _SEVERAL or not (region.cells or region.small))
    if not letters and sure >= _EMPTY and several:
        return "ground", region.box
    if len(letters) <= 1 and region.letters >= _EDGE and _is_at_edge(region.core, grey.shape):
        return ("line" if _has_text(region, grey) else "ground"), region.box
    several_or_large = region.letters >= _SEVERAL or region.height >= _LARGE
    if region.letters > _MARKER_LETTERS:
        return "line", region.box
    if marker:
        return "marker", _of_marker(region, letters, grey, forbidden)
    if len(letters) <= 1 and several_or_large and not (region.plain or region.small):
        return "ground", region.box
    if len(letters) > 1 and sure >= (_SURE if region.letters >= _TWO else _SURE_PAIR):
        return "text", region.box
    if region.letters > _LONE_LETTERS:
        return "line", region.box
    drawn = drawn_in(grey, region)
    lone = drawn.lone and region.length <= _LONE_LENGTH * drawn.height
    return ("lone", drawn.box) if lone else ("line", region.box)


def _of_marker(region: Region, letters: str, grey: Grey, forbidden: frozenset[str]) -> Box:
    """Where a marker stands: what is seen of it for certain, if that reads alike.

    The fainter cells that continue it may be those of a line beside it.
    """
    if region.box == region.core:
        return region.box
    alone, _, marker = _read(replace(region, box=region.core), grey, forbidden)
    return region.core if marker and alone == letters else region.box


def _is_at_edge(box: Box, shape: tuple[int, ...]) -> bool:
    """True for what runs along an edge of the picture and touches it."""
    if box.right - box.left >= box.bottom - box.top:
        return box.top == 0 or box.bottom == shape[0]
    return box.left == 0 or box.right == shape[1]


def _has_text(region: Region, grey: Grey) -> bool:
    """True when any piece of a very long line has several different letters; an edge has none."""
    rows, columns = region.box.window
    along = columns if region.upright else rows
    step = max(1, round(_PIECE * (along.stop - along.start) / region.letters))
    for start in range(along.start, along.stop, step):
        piece = slice(start, min(start + step, along.stop))
        window = (rows, piece) if region.upright else (piece, columns)
        readings = readings_of(grey, window, region.height, upright=region.upright)
        if any(len(set(text)) >= _DIFFERENT for text, _ in readings):
            return True
    return False


def is_legible(region: Region, grey: Grey, forbidden: frozenset[str]) -> bool:
    """True when several letters can be read and are no marker: it is no bone.

    Where they read as other letters at each size, small writing has several at all of them; bone has not.
    """
    letters, sure, marker = _read(region, grey, forbidden)
    if marker:
        return False
    least = _SURE_COARSE if region.coarse else _SURE_LEGIBLE
    if len(letters) >= _LEGIBLE and sure >= least:
        return True
    if region.coarse or not region.small or region.letters < _SEVERAL:
        return False
    readings = _readings(region, grey)
    return sum(len(text) >= _LEGIBLE for text, _ in readings) >= _ALL_BUT_ONE * len(readings)


def is_marker_word(region: Region, grey: Grey, forbidden: frozenset[str]) -> bool:
    """True for a line that reads as markers, and not as a pair of letters such as any strokes may show."""
    letters, _, marker = _read(region, grey, forbidden)
    return marker and len(letters) >= _WORD


def _read(region: Region, grey: Grey, forbidden: frozenset[str]) -> tuple[str, float, bool]:
    """What the line reads as, the probabilities of the readings that agree, and if it is a marker."""
    added: dict[str, float] = {}
    for text, sure in _readings(region, grey):
        added[text] = added.get(text, 0.0) + sure
    letters = max(added, key=lambda text: added[text])
    for text in added:
        sure = added[text] + _cut_off(text, added)
        enough = sure >= (_SURE_LETTER if len(text) == 1 else _SURE) and sure >= _NEXT_BEST * added[letters]
        if enough and _is_whole(text, region) and is_marker(text, forbidden):
            return text, sure, True
    word = _misread(region, grey, added, forbidden)
    return (word, added.get(word, 0.0), True) if word else (letters, added[letters], False)


def _is_whole(marker: str, region: Region) -> bool:
    """True when the marker, with a blank between its words, is about as long as the line."""
    return len(marker) + len(words_of(marker)) - 1 >= _MIN_WHOLE * region.letters


def _misread(region: Region, grey: Grey, added: dict[str, float], forbidden: frozenset[str]) -> str:
    """The marker word that the line likely is where it reads as one with a letter misread; empty where none.

    A name is one letter off far more seldom than the reader errs by one, and such a name shows it: the marker
    word itself is hardly likely there.
    """
    if region.slant:
        return ""
    surest = sorted(added, key=lambda text: -added[text])[:_TRIED]
    near = {
        word for word in LONG_WORDS for text in surest
        if is_near(text, word) and _is_whole(word, region) and is_marker(word, forbidden)
    }  # fmt: skip
    for word in sorted(near):
        chance = chance_of(word, grey, region.box.window, region.height, upright=region.upright)
        if chance >= _LIKELY:
            return word
    return ""


def _readings(region: Region, grey: Grey) -> list[tuple[str, float]]:
    """What the line reads as; a slanting one is turned level first."""
    if not region.slant:
        return readings_of(grey, region.box.window, region.height, upright=region.upright)
    high, long = 3 * region.height, region.length + 4 * region.height
    row, column = region.middle
    matrix = cv2.getRotationMatrix2D((column, row), region.slant, 1.0)
    matrix[:, 2] += (long / 2 - column, high / 2 - row)
    level = cv2.warpAffine(grey, matrix, (long, high), borderMode=cv2.BORDER_REPLICATE)
    window = (slice(region.height, 2 * region.height), slice(2 * region.height, long - 2 * region.height))
    return readings_of(np.asarray(level, np.uint8), window, region.height, upright=True)


def _cut_off(text: str, added: dict[str, float]) -> float:
    """What the readings without its first or its last letter add to a long word that is likely itself."""
    if len(text) < _CUT or added[text] < _SURE_CUT:
        return 0.0
    return added.get(text[1:], 0.0) + added.get(text[:-1], 0.0)
