"""What a short line says, letter by letter: a small convolutional network, run by onnxruntime."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.grey import Grey

HEIGHT = 32  # pixels at which lines are read
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,.-/:'^"
_NONE = 0  # the network's own first letter: nothing new in these columns
_FILLED = (0.5, 0.6, 0.7, 0.8)  # height of the letters, of the picture's, at which a line is read
_BESIDE = 1.2  # of the height, read beyond both ends: a part of a name is no marker
_LONGEST = 1024  # pixels


@lru_cache(maxsize=1)
def _network() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # pictures are spread over processes
    options.inter_op_num_threads = 1
    content = (files("osteon.deid.pixels") / "data" / "lettering.onnx").read_bytes()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def readings_of(
    grey: Grey, window: tuple[slice, slice], height: int, *, upright: bool
) -> list[tuple[str, float]]:
    """What a line reads as at each size and in both ways it may be written, the surest first.

    Letters have no accents, are upper case and stand without blanks; the second is the probability of the way
    they were found, in [0, 1]. Bright and dark letters are read alike.

    Args:
        grey: the picture.
        window: around the letters, in any looseness.
        height: of the letters, in pixels, about.
        upright: written from left to right or upside down, not up or down.
    """
    found = [_decoded(one) for one in _columns_of(grey, window, height, upright=upright)]
    return sorted(found, key=lambda one: -one[1])


def chance_of(word: str, grey: Grey, window: tuple[slice, slice], height: int, *, upright: bool) -> float:
    """The probability of a word in a line, whatever reads best there, added over the sizes: 0 to 4.

    Args:
        word: of LETTERS.
        grey, window, height, upright: as `readings_of` takes them.
    """
    chances = [probability_of(word, one) for one in _columns_of(grey, window, height, upright=upright)]
    return max(sum(chances[0::2]), sum(chances[1::2]))


def probability_of(word: str, columns: NDArray[np.float32]) -> float:
    """The probability of a word in columns of letters, (letters, columns), all ways to read it added.

    Source: Graves et al. 2006, Connectionist temporal classification, equations 5 to 8.

    >>> sure = np.full((1 + len(LETTERS), 3), 0.0, np.float32)
    >>> sure[[1 + LETTERS.index("A"), _NONE, 1 + LETTERS.index("P")], [0, 1, 2]] = 1
    >>> probability_of("AP", sure), probability_of("PA", sure)
    (1.0, 0.0)
    """
    letters = [1 + LETTERS.index(letter) for letter in word]
    states = np.full(2 * len(letters) + 1, _NONE)
    states[1::2] = letters
    skips = np.zeros(len(states), bool)  # from a letter to another without a column between
    skips[3::2] = states[3::2] != states[1:-2:2]
    chance = np.zeros(len(states))
    chance[:2] = columns[states[:2], 0]
    for column in columns.T[1:]:
        onward = chance.copy()
        onward[1:] += chance[:-1]
        onward[2:] += np.where(skips[2:], chance[:-2], 0)
        chance = onward * column[states]
    return float(chance[-2:].sum())


def _columns_of(
    grey: Grey, window: tuple[slice, slice], height: int, *, upright: bool
) -> list[NDArray[np.float32]]:
    """The probability of each letter in each column, (letters, columns): of each size, both ways up."""
    found: list[NDArray[np.float32]] = []
    for filled in _FILLED:
        picture = _line_picture(grey, window, height / filled, upright=upright)
        both = np.stack([picture, np.rot90(picture, 2)])[:, None]
        found += list(_network().run(None, {"grey": both})[0])
    return found


def _line_picture(grey: Grey, window: tuple[slice, slice], high: float, *, upright: bool) -> Grey:
    """The line in the middle of a picture HEIGHT pixels high, whose height was `high` before."""
    rows, columns = window
    if not upright:
        grey, rows, columns = (
            np.rot90(grey, -1),
            columns,
            slice(grey.shape[0] - rows.stop, grey.shape[0] - rows.start),
        )
    middle, beside = (rows.start + rows.stop) / 2, round(_BESIDE * high / 2)
    top, bottom = round(middle - high / 2), round(middle + high / 2)
    left, right = columns.start - beside, columns.stop + beside
    inside = grey[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    rim = (max(0, -top), max(0, bottom - grey.shape[0]), max(0, -left), max(0, right - grey.shape[1]))
    whole = cv2.copyMakeBorder(np.ascontiguousarray(inside), *rim, cv2.BORDER_REPLICATE)
    wide = int(np.clip(round(whole.shape[1] * HEIGHT / whole.shape[0] / 4) * 4, 16, _LONGEST))
    how = cv2.INTER_AREA if whole.shape[0] > HEIGHT else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(whole, (wide, HEIGHT), interpolation=how), np.uint8)


def _decoded(columns: NDArray[np.float32]) -> tuple[str, float]:
    """The letters along the surest way through the columns, (letters, columns), and its probability."""
    best = columns.argmax(0)
    before = np.concatenate([[_NONE], best[:-1]])
    text = "".join(LETTERS[letter - 1] for letter in best[(best != _NONE) & (best != before)])
    return text, float(np.exp(np.log(columns.max(0) + 1e-9).sum()))
