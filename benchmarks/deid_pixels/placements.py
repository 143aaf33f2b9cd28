"""One picture with identities and markers drawn in, and the truth about each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.deid_pixels.ink import Mask, draw_line, marker_mask, turned
from benchmarks.deid_pixels.pictures import Base, Grey, base_picture
from benchmarks.deid_pixels.words import MARKER_LETTERS, MARKER_WORDS, identifying_text

MIN_CONTRAST = 0.10  # of the picture's range, between ink and what is under it
MIN_CONTRAST_TO_NOISE = 5.0
_SIZES = ((8, 12, 0.3), (12, 24, 0.35), (24, 48, 0.25), (48, 80, 0.1))  # cap heights in pixels, share


@dataclass(frozen=True, slots=True)
class Placement:
    """One drawn thing: where its ink is, and what it is."""

    kind: str  # identity, letter, word, shape
    text: str
    font: str
    height_px: int
    degrees: float
    style: str
    top: int
    left: int
    ink: NDArray[np.bool_]  # from its top left corner; strokes at half cover and more

    def facts(self) -> dict[str, Any]:
        """What is needed to look at it again."""
        return {
            "kind": self.kind, "text": self.text, "font": self.font, "height_px": self.height_px,
            "degrees": round(self.degrees, 1), "style": self.style, "top": self.top, "left": self.left,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture as stored values, with its truth."""

    seed: int
    frame: NDArray[Any]
    bits: int
    inverted: bool
    lossy: bool
    origin: str
    placements: tuple[Placement, ...]


@dataclass(slots=True)
class _Canvas:
    grey: Grey
    taken: NDArray[np.bool_]  # an eighth of the size; a marker next to a name would make the truth unclear
    noise: float


def make_scene(
    seed: int, shared: Path | None, *, identities: int = 7, markers: int = 2, base: Base | None = None
) -> Scene:
    """The scene of this seed; `identities=0` gives a picture with markers alone, and both 0 a bare one."""
    rng = np.random.default_rng([seed, 2])
    base = base or base_picture(seed, shared)
    canvas = _Canvas(
        base.grey.copy(), np.zeros([-(-n // 8) for n in base.grey.shape], bool), _noise(base.grey)
    )
    made = [_marker(canvas, rng) for _ in range(markers)]
    made += [_identity(canvas, rng) for _ in range(identities)]
    bits = int(rng.choice([8, 10, 12, 12, 14, 16]))
    inverted = bool(rng.random() < 0.35)
    frame = _stored(canvas.grey, bits, inverted)
    lossy = bits == 8 and bool(rng.random() < 0.4)
    if lossy:
        quality = int(rng.integers(80, 96))
        coded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        frame = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))
    return Scene(seed, frame, bits, inverted, lossy, base.origin, tuple(p for p in made if p is not None))


def _stored(grey: Grey, bits: int, inverted: bool) -> NDArray[Any]:
    top = (1 << bits) - 1
    values = np.rint((1 - grey if inverted else grey) * top)
    return values.astype(np.uint8 if bits == 8 else np.uint16)


def _noise(grey: Grey) -> float:
    """Typical grain: the median absolute step to the next pixel but one, outside what is exactly flat."""
    steps = np.abs(grey[::3, 2::3] - grey[::3, :-2:3])
    return float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0


def _identity(canvas: _Canvas, rng: np.random.Generator) -> Placement | None:
    text = identifying_text(rng)
    low, high, _ = _SIZES[int(rng.choice(len(_SIZES), p=[s[2] for s in _SIZES]))]
    ink = draw_line(text, int(rng.integers(low, high + 1)), rng)
    degrees = float(rng.choice([0, 0, 0, 0, 0, 90, 180, 270]))
    if rng.random() < 0.15:
        degrees += float(rng.uniform(-6, 6))
    mask = turned(ink.mask, degrees)
    if rng.random() < 0.1:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.4, 0.8))))
    style = str(rng.choice(["white", "black", "faint bright", "faint dark", "box white", "box black"],
                           p=[0.4, 0.2, 0.14, 0.12, 0.07, 0.07]))  # fmt: skip
    at_border = rng.random() < 0.45
    for _ in range(14):
        placed = _place(canvas, mask, style, rng, at_border=at_border)
        if placed is not None:
            top, left = placed
            return Placement(
                "identity", text, ink.font, ink.cap_height_px, degrees, style, top, left, mask >= 0.5
            )
    return None


def _marker(canvas: _Canvas, rng: np.random.Generator) -> Placement | None:
    draw = rng.random()
    if draw < 0.6:
        kind, text = "letter", str(rng.choice(MARKER_LETTERS))
    elif draw < 0.85:
        kind, text = "word", str(rng.choice(MARKER_WORDS))
    else:
        kind, text = "shape", str(rng.choice(["arrow", "ball"]))
    height = int(canvas.grey.shape[0] * rng.uniform(0.012, 0.045 if kind == "letter" else 0.025))
    mask = marker_mask(text, height, rng)
    lead = kind != "word" and bool(rng.random() < 0.5)
    degrees = float(rng.choice([0, 0, 0, 0, 90, 180, 270]))
    if lead:
        degrees += float(rng.normal(0, 6))
        mask = np.asarray(
            cv2.GaussianBlur(turned(np.pad(mask, 6), degrees), (0, 0), float(rng.uniform(1, 2)))
        )
    else:
        mask = turned(mask, degrees)
    for _ in range(14):
        placed = _place(canvas, mask, "lead" if lead else "white", rng, at_border=True)
        if placed is not None:
            return Placement(
                kind, text, "", height, degrees, "lead" if lead else "white", *placed, mask >= 0.5
            )
    return None


def _place(
    canvas: _Canvas, mask: Mask, style: str, rng: np.random.Generator, *, at_border: bool
) -> tuple[int, int] | None:
    """Paints the mask somewhere free where its ink is legible; None when it was not."""
    height, width = mask.shape
    rows, columns = canvas.grey.shape
    if height + 8 >= rows or width + 8 >= columns:
        return None
    top, left = int(rng.integers(4, rows - height - 3)), int(rng.integers(4, columns - width - 3))
    if at_border:
        rim = int(rng.integers(2, max(3, int(0.04 * rows))))
        side = int(rng.integers(4))
        top = min(rim, rows - height) if side == 0 else max(0, rows - height - rim) if side == 1 else top
        left = (
            min(rim, columns - width) if side == 2 else max(0, columns - width - rim) if side == 3 else left
        )
    gap = 24 + min(mask.shape)
    zone = (slice(max(0, top - gap) // 8, (top + height + gap) // 8 + 1),
            slice(max(0, left - gap) // 8, (left + width + gap) // 8 + 1))  # fmt: skip
    region = canvas.grey[top : top + height, left : left + width]
    if canvas.taken[zone].any() or not _paint(region, mask, style, canvas.noise, rng):
        return None
    canvas.taken[top // 8 : (top + height) // 8 + 1, left // 8 : (left + width) // 8 + 1] = True
    return top, left


def _paint(region: Grey, mask: Mask, style: str, noise: float, rng: np.random.Generator) -> bool:
    """Paints where the contrast suffices at nine in ten pixels of the ink; changes nothing where not."""
    inside = mask >= 0.5
    if not inside.any():
        return False
    under = region[inside]
    if style.startswith("box"):
        paper, value = (0.0, 1.0) if style == "box white" else (1.0, 0.0)
        region[:] = paper
        region += (np.float32(value) - region) * mask
        return True
    if style == "lead":
        value = float(rng.uniform(0.9, 0.99))
    elif style == "white":
        value = float(rng.choice([1.0, 1.0, rng.uniform(0.8, 1.0)]))
    elif style == "black":
        value = float(rng.choice([0.0, 0.0, rng.uniform(0.0, 0.15)]))
    else:
        step = float(rng.uniform(MIN_CONTRAST, 0.22)) + 2 * float(under.std())
        value = float(under.mean()) + (step if style == "faint bright" else -step)
        if not 0 <= value <= 1:
            return False
    contrast = np.quantile(np.abs(under - value), 0.1)
    signs = float(np.mean(under < value))
    if contrast < max(MIN_CONTRAST, MIN_CONTRAST_TO_NOISE * noise) or 0.05 < signs < 0.95:
        return False
    region += (np.float32(value) - region) * mask
    if style == "lead":
        region += (rng.normal(0, max(noise, 0.004), region.shape) * mask).astype(np.float32)
        np.clip(region, 0, 1, out=region)
    return True
