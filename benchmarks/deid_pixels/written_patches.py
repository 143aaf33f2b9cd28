"""Patches of bare ground that are written on: small lines, mostly faint, slanting ones, and lone letters."""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.deid_pixels.ink import Mask, draw_line, marker_mask, turned
from benchmarks.deid_pixels.patches import HELD_OUT, SIDE, cells_of, line_mask
from benchmarks.deid_pixels.placements import Placement
from benchmarks.deid_pixels.words import MARKER_LETTERS, identifying_text
from osteon.deid.pixels.grey import Grey

_LOWEST, _SMALL, _HIGHEST = 6, 14, 26  # cap heights in pixels
_SLANTING, _LONE = 0.25, 0.4  # share of the lines, and of the patches with a lone letter or shape
_TRIES = 12
_LEAST_STEP, _MOST_STEP = 20.0, 50.0  # of 255, between faint ink and what is under it
_TO_NOISE = 5.0
_LEAST_SEEN = 12  # pixels of a line's length that lie in the patch
_CODED = 0.1  # share of the patches that went through JPEG


def written_on(grounds: Grey, rng: np.random.Generator) -> tuple[Grey, Grey]:
    """Copies of bare patches (n, 192, 192) with one to three lines each, and the kinds of their cells.

    Lines of 6 to 14 pixels, six in ten of them faint, cut off by the patch's rim where they are longer; one
    in four slants, at up to 26 pixels. Four patches in ten have a lone letter or shape. Where nothing stood
    out from its ground the patch stays bare.
    """
    grey = grounds.copy()
    kinds = np.zeros_like(grey)
    for k in range(len(grey)):
        if rng.random() < _LONE:
            _write(grey[k], kinds[k], _lone(rng), rng)
        for _ in range(int(rng.integers(1, 4))):
            _write(grey[k], kinds[k], _line(rng), rng)
        if rng.random() < _CODED:
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(80, 96))]
            coded = cv2.imencode(".jpg", grey[k], quality)[1]
            grey[k] = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))
    return grey, np.stack([cells_of(one) for one in kinds])


def _lone(rng: np.random.Generator) -> tuple[Placement, Mask]:
    """A side letter, an arrow or a ball."""
    text = str(rng.choice([*MARKER_LETTERS, *MARKER_LETTERS, "arrow", "ball"]))
    high = int(rng.integers(10, _HIGHEST + 1))
    mask = turned(np.pad(marker_mask(text, high, rng), 3), float(rng.normal(0, 4)))
    if rng.random() < 0.5:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 1.2))))
    return Placement("letter", text, "", high, 0.0, "", 0, 0, mask >= 0.5), mask


def _line(rng: np.random.Generator) -> tuple[Placement, Mask]:
    slanting = rng.random() < _SLANTING
    high = int(rng.integers(8, _HIGHEST + 1)) if slanting else int(rng.integers(_LOWEST, _SMALL + 1))
    ink = draw_line(identifying_text(rng), high, rng)
    degrees = float(rng.uniform(-85, 85)) if slanting else 0.0
    if not slanting and rng.random() < 0.15:
        degrees = float(rng.uniform(-6, 6))
    mask = turned(ink.mask, degrees)
    if rng.random() < 0.1:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.4, 0.8))))
    return Placement("identity", "", ink.font, ink.cap_height_px, degrees, "", 0, 0, mask >= 0.5), mask


def _write(picture: Grey, kinds: Grey, drawn: tuple[Placement, Mask], rng: np.random.Generator) -> None:
    """The mask somewhere free, where its ink can be told from the ground; nothing where that is nowhere."""
    placed, mask = drawn
    if placed.kind == "identity" and placed.font.startswith(HELD_OUT):
        return
    high, wide = mask.shape
    reach = max(3, int(1.1 * placed.height_px)) | 1
    for _ in range(_TRIES):
        top = int(rng.integers(min(-high // 3, SIDE - high), SIDE - 2 * min(high, SIDE) // 3))
        left = int(rng.integers(_LEAST_SEEN - wide, SIDE - _LEAST_SEEN))
        if placed.kind == "letter":
            top, left = (int(rng.integers(0, SIDE - n)) for n in mask.shape)
        rows, columns = slice(max(0, top), max(0, top + high)), slice(max(0, left), left + wide)
        around = kinds[max(0, top - reach) : top + high + reach, max(0, left - reach) : left + wide + reach]
        seen = mask[rows.start - top : SIDE - top, columns.start - left : SIDE - left]
        if around.any() or not _paint(picture[rows, columns], seen, rng):
            continue
        ink = line_mask(placed, 1.0, reach) * np.uint8(1 if placed.kind == "identity" else 3)
        _mark(kinds, ink, top - reach, left - reach)
        return


def _mark(kinds: Grey, mask: Grey, top: int, left: int) -> None:
    rows, columns = slice(max(0, top), top + mask.shape[0]), slice(max(0, left), left + mask.shape[1])
    part = mask[rows.start - top : SIDE - top, columns.start - left : SIDE - left]
    np.maximum(kinds[rows, columns], part, out=kinds[rows, columns])


def _paint(part: Grey, mask: Mask, rng: np.random.Generator) -> bool:
    """Paints the ink where nine in ten of its pixels stand out; changes nothing where not."""
    inside = mask >= 0.5
    if np.count_nonzero(inside) < _LEAST_SEEN:
        return False
    under = part[inside].astype(np.float32)
    draw = rng.random()
    if draw < 0.08:
        part[:] = 0 if rng.random() < 0.5 else 255
        part[:] = np.abs(part - 255 * mask)
        return True
    noise = float(np.median(np.abs(part[:, 2:].astype(np.float32) - part[:, :-2]))) if part.size else 0.0
    step = float(rng.uniform(_LEAST_STEP, _MOST_STEP)) + 2 * float(under.std())
    value = float(under.mean()) + (step if rng.random() < 0.5 else -step)
    if draw < 0.4:
        value = 255.0 if rng.random() < 0.65 else 0.0
    apart = float(np.quantile(np.abs(under - value), 0.1))
    if not 0 <= value <= 255 or apart < max(_LEAST_STEP, _TO_NOISE * noise):
        return False
    signs = float(np.mean(under < value))
    if 0.05 < signs < 0.95:
        return False
    part[:] = np.clip(part + (value - part.astype(np.float32)) * mask, 0, 255).astype(np.uint8)
    return True
