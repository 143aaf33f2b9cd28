"""Pictures of single lines with what they say: marker words, what is like them, and anything else."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.deid_pixels.ink import Mask, draw_line, marker_mask, turned
from benchmarks.deid_pixels.patches import HELD_OUT, Patches
from benchmarks.deid_pixels.words import identifying_text
from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.lettering import HEIGHT, LETTERS
from osteon.deid.pixels.markers import WORDS
from osteon.deid.values import fold

WIDTH = 192
LONGEST = 18  # letters
_CAPS = (0.3, 0.74)  # height of a capital, of the picture's
_LEAST_CONTRAST = 22  # of 255
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VOCABULARY = tuple(sorted(WORDS))


@dataclass(frozen=True, slots=True)
class Lines:
    """Pictures (n, HEIGHT, WIDTH) in 8 bits, and their letters (n, LONGEST), 1 and up, 0 past the end."""

    grey: Grey
    letters: NDArray[np.uint8]


def lines_of(seed: int, count: int, grounds: Patches) -> Lines:
    """So many lines over ground without writing, in fonts that are not held out."""
    rng = np.random.default_rng([seed, 29])
    bare = np.flatnonzero(~(grounds.kinds != 0).any((1, 2)))
    grey = np.zeros((count, HEIGHT, WIDTH), np.uint8)
    letters = np.zeros((count, LONGEST), np.uint8)
    made = 0
    while made < count:
        text = _text(rng)
        ground = grounds.grey[bare[int(rng.integers(len(bare)))]]
        picture = _ground(ground, rng)
        if text and not _write(picture, text, rng):
            continue
        codes = codes_of(text)
        if len(codes) > LONGEST:
            continue
        grey[made] = picture if rng.random() < 0.5 else 255 - picture
        letters[made, : len(codes)] = codes
        made += 1
    return Lines(grey, letters)


def codes_of(text: str) -> list[int]:
    """Its letters as the reader counts them, blanks dropped; what it has no letter for is a comma."""
    folded = fold(text).replace(" ", "")
    return [1 + (LETTERS.index(c) if c in LETTERS else LETTERS.index(",")) for c in folded]


def _text(rng: np.random.Generator) -> str:
    draw = rng.random()
    if draw < 0.06:
        return ""
    if draw < 0.4:
        return _marker(rng)
    if draw < 0.68:
        return _like_a_marker(rng)
    if draw < 0.82:
        return identifying_text(rng)[:LONGEST]
    few = int(rng.integers(1, 10))
    return "".join(str(rng.choice(list(_ALPHABET + "0123456789"))) for _ in range(few))


def _marker(rng: np.random.Generator) -> str:
    word = str(rng.choice(_VOCABULARY))
    if rng.random() < 0.15:
        word += " " + str(rng.choice(_VOCABULARY))
    return _cased(word, rng)


def _cased(word: str, rng: np.random.Generator) -> str:
    draw = rng.random()
    return word if draw < 0.75 else word.title() if draw < 0.9 else word.lower()


def _like_a_marker(rng: np.random.Generator) -> str:
    """A marker word with a letter too many, too few or another, with an initial, a title or a name."""
    word = str(rng.choice(_VOCABULARY))
    at = int(rng.integers(len(word)))
    letter = str(rng.choice(list(_ALPHABET)))
    other = "".join(str(rng.choice(list(_ALPHABET))) for _ in range(int(rng.integers(2, 6))))
    form = int(rng.integers(8))
    return _cased(
        (
            word[:at] + letter + word[at:], word[:at] + word[at + 1 :], word[:at] + letter + word[at + 1 :],
            f"{word}, {letter}.", f"Mme {word}", f"Dr {word}", f"{word} {other}", f"{other} {word}",
        )[form],
        rng,
    )  # fmt: skip


def _ground(patch: Grey, rng: np.random.Generator) -> Grey:
    """A piece of a patch at some scale, as wide as a line."""
    turn = np.rot90(patch, int(rng.integers(4)))
    scale = float(rng.uniform(0.5, 1.25))
    wide = np.concatenate([turn, turn[:, ::-1], turn], 1)
    high, length = round(HEIGHT / scale), round(WIDTH / scale)
    top, left = int(rng.integers(0, 192 - high)), int(rng.integers(0, wide.shape[1] - length))
    piece = np.ascontiguousarray(wide[top : top + high, left : left + length])
    return np.asarray(cv2.resize(piece, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _write(picture: Grey, text: str, rng: np.random.Generator) -> bool:
    """Draws the line where it can be told from its ground; False, and nothing drawn, where not."""
    mask = _mask(text, rng)
    if mask is None:
        return False
    high, wide = mask.shape
    top = int(np.clip(rng.normal((HEIGHT - high) / 2, 2.0), 0, HEIGHT - high))
    left = int(rng.integers(0, max(1, min(28, WIDTH - wide))))
    part = picture[top : top + high, left : left + wide]
    under = part[mask >= 0.5].astype(np.float32)
    if not len(under):
        return False
    if rng.random() < 0.08:
        part[:] = 0 if rng.random() < 0.5 else 255
        under = part[mask >= 0.5].astype(np.float32)
    draw = rng.random()
    value = 255.0 if draw < 0.45 else 0.0 if draw < 0.75 else float(rng.uniform(0, 255))
    signs = float(np.mean(under < value))
    if np.quantile(np.abs(under - value), 0.1) < _LEAST_CONTRAST or 0.05 < signs < 0.95:
        return False
    part[:] = np.clip(part + (value - part.astype(np.float32)) * mask, 0, 255).astype(np.uint8)
    return True


def _mask(text: str, rng: np.random.Generator) -> Mask | None:
    """The line's strokes at the height at which lines are read, drawn at another and resized."""
    drawn = int(rng.integers(9, 44))
    if len(text) == 1 and text in "LRGD":
        mask, font = marker_mask(text, drawn, rng), ""
    else:
        ink = draw_line(text, drawn, rng)
        mask, font, drawn = ink.mask, ink.font, ink.cap_height_px
    if font.startswith(HELD_OUT):
        return None
    if rng.random() < 0.25:
        mask = turned(mask, float(rng.uniform(-5, 5)))
    scale = HEIGHT * float(rng.uniform(*_CAPS)) / drawn
    scale = min(scale, WIDTH / (mask.shape[1] + 1), HEIGHT / (mask.shape[0] + 1))
    if scale * drawn < 0.8 * _CAPS[0] * HEIGHT:
        return None
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC if rng.random() < 0.7 else cv2.INTER_LINEAR
    shape = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    return np.clip(np.asarray(cv2.resize(mask, shape, interpolation=how), np.float32), 0, 1)
