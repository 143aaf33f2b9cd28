"""Writing in forms that the scenes never have, drawn on synthetic radiographs: what of it goes.

    python -m benchmarks.deid_pixels.unusual --count 10

One form a picture; a JSON line a form: pictures, those without a trace of it, and the mean share of ink left.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.deid_pixels.ink import Mask, draw_line, font_files, turned
from benchmarks.deid_pixels.pictures import base_picture
from benchmarks.deid_pixels.placements import Placement
from benchmarks.deid_pixels.score import residue
from osteon.deid.pixels import clean_pixels
from osteon.domain.errors import QuarantinedError

FIRST_SEED = 15_000_000
_NAMES = ("VERCAUTEREN ODILE", "MARCHAND Luc", "12/03/1957", "IPP 8063312457", "Dr LEMAIRE", "HAMIDI, Sofia")
_STEP = 0.12  # of the range: what is between faint writing and its ground


def _text(rng: np.random.Generator) -> str:
    return _NAMES[int(rng.integers(len(_NAMES)))]


def _line(rng: np.random.Generator, low: int, high: int, text: str = "") -> Mask:
    return draw_line(text or _text(rng), int(rng.integers(low, high)), rng).mask


def _spaced(letters: list[Mask], gap: int, *, down: bool) -> Mask:
    """Letters in a column or a row, each so far from the next."""
    if not down:
        column = _spaced([np.rot90(m, -1) for m in letters], gap, down=True)
        return np.asarray(np.rot90(column), np.float32)
    wide = max(m.shape[1] for m in letters)
    rows = [np.pad(m, ((0, gap), ((wide - m.shape[1]) // 2, -(-(wide - m.shape[1]) // 2)))) for m in letters]
    return np.asarray(np.concatenate(rows), np.float32)


def _letters(rng: np.random.Generator, gap: float, *, down: bool) -> Mask:
    high, seed = int(rng.integers(14, 40)), int(rng.integers(1 << 30))
    text = _text(rng).replace(" ", "")
    drawn = [draw_line(c, high, np.random.default_rng(seed)).mask for c in text]
    return _spaced(drawn, round(gap * high), down=down)


def _outlined(rng: np.random.Generator) -> Mask:
    solid = (_line(rng, 28, 60) > 0.5).astype(np.uint8)
    inner = cv2.erode(solid, np.ones((3, 3), np.uint8))
    return np.asarray(solid - inner, np.float32)


def _dotted(rng: np.random.Generator) -> Mask:
    """Each pixel of a small line as a round dot, as a matrix printer has it."""
    small = (draw_line(_text(rng), 8, np.random.default_rng(4)).mask > 0.5).astype(np.uint8)
    step = int(rng.integers(3, 6))
    dots = np.zeros((small.shape[0] * step, small.shape[1] * step), np.uint8)
    for y, x in np.argwhere(small):
        cv2.circle(dots, (int(x) * step + step // 2, int(y) * step + step // 2), max(1, step // 3), 255, -1)
    return dots.astype(np.float32) / np.float32(255)


def _handwritten(rng: np.random.Generator) -> Mask:
    """A slanting script whose strokes wander."""
    text, face, high = _text(rng), cv2.FONT_HERSHEY_SCRIPT_COMPLEX, int(rng.integers(24, 60))
    scale = cv2.getFontScaleFromHeight(face, high, 1)
    (wide, tall), base = cv2.getTextSize(text, face, scale, 2)
    canvas = np.zeros((tall + base + 40, wide + 60), np.uint8)
    cv2.putText(canvas, text, (20, tall + 20), face, scale, 255, max(1, high // 14), cv2.LINE_AA)
    y, x = np.mgrid[: canvas.shape[0], : canvas.shape[1]].astype(np.float32)
    sway = (0.06 * high * np.sin(x / (0.9 * high) + float(rng.uniform(0, 6)))).astype(np.float32)
    lean = (0.25 * (y - tall)).astype(np.float32)
    swayed = cv2.remap(canvas, x + lean, y + sway, cv2.INTER_LINEAR)
    return np.asarray(swayed, np.float32) / np.float32(255)


def _around(rng: np.random.Generator) -> Mask:
    """A label with a line on each of its four sides."""
    lines = [_line(rng, 12, 22) for _ in range(4)]
    side = max(m.shape[1] for m in lines) + 60
    canvas = np.zeros((side, side), np.float32)
    for line in lines:
        canvas = np.ascontiguousarray(np.rot90(canvas))
        canvas[4 : 4 + line.shape[0], 30 : 30 + line.shape[1]] = line
    return np.ascontiguousarray(canvas)


def _curved(rng: np.random.Generator) -> Mask:
    """A line bent to an arc."""
    line = np.pad(_line(rng, 16, 36), ((8, 8), (8, 8)))
    depth = int(0.12 * line.shape[1])
    wide = np.pad(line, ((0, depth), (0, 0)))
    y, x = np.mgrid[: wide.shape[0], : wide.shape[1]].astype(np.float32)
    bend = depth * (2 * x / wide.shape[1] - 1) ** 2
    return np.asarray(cv2.remap(wide, x, (y - bend).astype(np.float32), cv2.INTER_LINEAR), np.float32)


def _other_script(rng: np.random.Generator) -> Mask:
    """Greek or Cyrillic letters."""
    text = ("ИВАНОВА МАРИЯ", "ΠΑΠΑΔΟΠΟΥΛΟΣ", "ПЕТРЕНКО 1957")[int(rng.integers(3))]
    path = next(path for path in font_files() if path.endswith("DejaVuSans.ttf"))
    font = ImageFont.truetype(path, int(rng.integers(16, 50)))
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    image = Image.new("L", (right - left + 8, bottom - top + 8), 0)
    ImageDraw.Draw(image).text((4 - left, 4 - top), text, fill=255, font=font)
    return np.asarray(image, np.float32) / np.float32(255)


def _struck(rng: np.random.Generator) -> Mask:
    mask = _line(rng, 14, 40).copy()
    middle = mask.shape[0] // 2
    mask[middle : middle + max(1, mask.shape[0] // 12)] = 1
    return mask


FORMS: dict[str, Callable[[np.random.Generator], Mask]] = {
    "letters one below the other": lambda rng: _letters(rng, 0.3, down=True),
    "letters spaced by their height": lambda rng: _letters(rng, 1.0, down=False),
    "letters spaced by two heights": lambda rng: _letters(rng, 2.0, down=False),
    "outlines of letters": _outlined,
    "dots of a matrix printer": _dotted,
    "handwriting": _handwritten,
    "a line on each side of a label": _around,
    "a line bent to an arc": _curved,
    "turned by 30 to 60 degrees": lambda rng: turned(_line(rng, 14, 40), float(rng.uniform(30, 60))),
    "mirrored": lambda rng: np.ascontiguousarray(_line(rng, 10, 40)[:, ::-1]),
    "struck through": _struck,
    "Greek and Cyrillic": _other_script,
    "140 to 220 pixels high": lambda rng: _line(rng, 140, 220, "WU 57"),
    "90 to 140 pixels high": lambda rng: _line(rng, 90, 140, "DUPONT"),
    "5 to 7 pixels high": lambda rng: _line(rng, 5, 8),
    "two capitals": lambda rng: _line(rng, 14, 40, "MV"),
    "three capitals": lambda rng: _line(rng, 14, 40, "MVK"),
    "a word like a side": lambda rng: _line(rng, 14, 40, "LI"),
}
_INKS = ("white", "faint", "two greys", "half box", "8 pixels on bone", "grey on a seam")


def _value(ink: str, under: Mask, mask: Mask) -> Mask:
    """The grey of the ink at each pixel, in [0, 1]."""
    mean = float(under.mean())
    one = np.full_like(under, 1.0 if mean < 0.75 else 0.0)
    if ink == "faint":
        one[:] = mean + (_STEP if mean < 0.5 else -_STEP) + 2 * float(under.std()) * (1 if mean < 0.5 else -1)
    elif ink == "two greys":
        one[:, mask.shape[1] // 2 :] = 0.0 if mean > 0.25 else 0.5
    return np.clip(one, 0, 1)


def left_of(mask: Mask, seed: int, ink: str = "white") -> float:
    """The share of the mask's ink that can still be seen in a synthetic radiograph after cleaning."""
    rng = np.random.default_rng([seed, 5])
    grey = base_picture(seed, None).grey.copy()
    high, wide = mask.shape
    if high + 8 >= grey.shape[0] or wide + 8 >= grey.shape[1]:
        return 0.0
    top, left = int(rng.integers(4, grey.shape[0] - high - 4)), int(rng.integers(4, grey.shape[1] - wide - 4))
    window = (slice(top, top + high), slice(left, left + wide))
    if ink == "8 pixels on bone":
        window = _brightest(grey, mask)
        top, left = window[0].start, window[1].start
    if ink in {"half box", "grey on a seam"}:
        half = window[1].start + wide // 2
        grey[:, half:] = 0.0 if ink == "grey on a seam" else 1 - np.round(grey[:, half:].mean())
    under = grey[window]
    value = _value(ink, under, mask)
    if ink == "grey on a seam":
        value[:] = 0.45 if abs(float(under[:, : wide // 2].mean()) - 0.45) > 0.2 else 0.8
    under += (value - under) * mask
    frame = np.rint(np.clip(grey, 0, 1) * 4095).astype(np.uint16)
    placed = Placement("identity", "", "", high, 0.0, ink, top, left, mask >= 0.5)
    try:
        return residue(placed, frame, clean_pixels(frame, most=1.0).frame)
    except QuarantinedError:
        return 0.0


def _brightest(grey: Mask, mask: Mask) -> tuple[slice, slice]:
    """Where the mask lies on the most bone."""
    mean = cv2.blur(grey, (mask.shape[1], mask.shape[0]))
    y, x = mask.shape[0] // 2 + 4, mask.shape[1] // 2 + 4
    inner = np.where(mean[y:-y, x:-x] < 0.85, mean[y:-y, x:-x], 0)
    row, column = np.unravel_index(int(inner.argmax()), inner.shape)
    return slice(int(row) + 4, int(row) + 4 + mask.shape[0]), slice(
        int(column) + 4, int(column) + 4 + mask.shape[1]
    )


def main() -> None:
    """Each form on so many pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10, help="pictures of each form")
    parser.add_argument("--form", help="this one alone")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    tried = [(name, "white", maker) for name, maker in FORMS.items()]
    tried += [(ink, ink, lambda rng: _line(rng, 12, 40)) for ink in _INKS[1:4]]
    tried += [
        (_INKS[4], _INKS[4], lambda rng: _line(rng, 8, 9)),
        (_INKS[5], _INKS[5], lambda rng: _line(rng, 12, 40)),
    ]
    for number, (name, ink, maker) in enumerate(tried):
        if given.form not in (None, name):
            continue
        seeds = range(FIRST_SEED + 1000 * number, FIRST_SEED + 1000 * number + given.count)
        left = [left_of(maker(np.random.default_rng([seed, 6])), seed, ink) for seed in seeds]
        figures = {"form": name, "pictures": len(left), "gone": sum(share == 0 for share in left)}
        print(json.dumps({**figures, "ink_left": round(float(np.mean(left)), 3)}), flush=True)


if __name__ == "__main__":
    main()
