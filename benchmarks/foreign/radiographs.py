"""Radiographs of the wrong part, drawn: chest films and skulls. Invented anatomy, bone bright, (H, W).

`chest` and `skull` are for fitting, `other_chest` for measuring alone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
SIDE = 192


def _canvas(side: int = SIDE) -> Picture:
    return np.zeros((side, side), np.float32)


def _ellipse(at: tuple[float, float], axes: tuple[float, float], turn: float = 0.0) -> Picture:
    """A filled ellipse in parts of the side."""
    one = _canvas()
    centre = (round(at[0] * SIDE), round(at[1] * SIDE))
    half = (max(1, round(axes[0] * SIDE)), max(1, round(axes[1] * SIDE)))
    cv2.ellipse(one, centre, half, turn, 0, 360, 1.0, -1, cv2.LINE_AA)
    return one


def _curve(points: NDArray[np.float64], width: float) -> Picture:
    one = _canvas()
    cv2.polylines(
        one, [np.rint(points * SIDE).astype(np.int32)], False, 1.0, max(1, round(width * SIDE)), cv2.LINE_AA
    )
    return one


def _blur(one: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(one, (0, 0), max(sigma, 0.3)), np.float32)


def _exposed(thickness: Picture, rng: np.random.Generator) -> Picture:
    """A film of a thickness map: attenuation, scatter, noise, tone."""
    seen = 1 - np.exp(-thickness * rng.uniform(0.5, 1.1))
    seen = (1 - (mix := rng.uniform(0, 0.25))) * seen + mix * _blur(seen.astype(np.float32), SIDE / 12)
    seen = seen + rng.normal(0, rng.uniform(0.002, 0.03), seen.shape)
    seen = (seen - seen.min()) / max(float(np.ptp(seen)), 1e-6)
    return np.asarray(np.clip(seen ** rng.uniform(0.6, 1.7), 0, 1), np.float32)


def _ribs(rng: np.random.Generator, *, middle: float, top: float, bottom: float, reach: float) -> Picture:
    """Pairs of ribs: behind, falling outwards; some also in front, falling inwards."""
    found = _canvas()
    pairs = int(rng.integers(7, 12))
    width, drop = rng.uniform(0.010, 0.022), rng.uniform(0.05, 0.14)
    share = np.linspace(0, 1, 24)
    for number in range(pairs):
        level = top + (bottom - top) * number / pairs
        wide = reach * (0.55 + 0.45 * np.sin(np.pi * min(0.5, 0.15 + number / pairs)))
        for side in (-1, 1):
            x = middle + side * wide * np.sin(share * np.pi / 2)
            y = level - 0.04 * np.sin(share * np.pi) + drop * share**1.6
            found = np.maximum(found, _curve(np.stack([x, y], axis=1), width))
            if rng.random() < 0.7:
                front = level + 0.08 + drop * (1 - share) * 0.9
                found = np.maximum(found, 0.6 * _curve(np.stack([x, front], axis=1), width))
    return _blur(found, 0.6)


def _lung(rng: np.random.Generator, side: int, middle: float, top: float, bottom: float) -> Picture:
    wide = rng.uniform(0.12, 0.17)
    at = (middle + side * rng.uniform(0.17, 0.21), (top + bottom) / 2)
    lung = _ellipse(at, (wide, (bottom - top) / 2), side * rng.uniform(-6, 2))
    dome = _ellipse((at[0], bottom + 0.10), (wide * 1.5, rng.uniform(0.11, 0.17)))
    return np.asarray(np.clip(lung - dome, 0, 1), np.float32)


def chest(rng: np.random.Generator) -> Picture:
    """A chest film from the front, standing, lying or of a child."""
    middle = rng.uniform(0.46, 0.54)
    top, bottom = rng.uniform(0.10, 0.2), rng.uniform(0.72, 0.88)
    body = _ellipse((middle, 0.62), (rng.uniform(0.38, 0.5), rng.uniform(0.62, 0.8)))
    body = np.maximum(body, _ellipse((middle, 0.05), (rng.uniform(0.08, 0.12), 0.2)))
    for side in (-1, 1):
        arm = (middle + side * rng.uniform(0.38, 0.48), rng.uniform(0.2, 0.4))
        body = np.maximum(body, _ellipse(arm, (0.12, rng.uniform(0.15, 0.4)), side * rng.uniform(-30, 10)))
    lungs = np.maximum(_lung(rng, -1, middle, top, bottom), _lung(rng, 1, middle, top, bottom))
    heart_at = (middle + rng.uniform(0.02, 0.08), rng.uniform(0.58, 0.7))
    heart = _ellipse(heart_at, (rng.uniform(0.11, 0.19), rng.uniform(0.12, 0.18)), rng.uniform(20, 60))
    lungs = lungs * (1 - rng.uniform(0.75, 1.0) * heart)
    spine = _ellipse((middle, 0.5), (rng.uniform(0.03, 0.05), 0.6))
    rows = np.arange(SIDE)[:, None] / SIDE
    spine *= (0.75 + 0.25 * np.cos(2 * np.pi * rows * rng.uniform(14, 20))).astype(np.float32)
    vessels = _blur(np.asarray(rng.random((SIDE, SIDE)) > 0.985, np.float32), rng.uniform(1, 2.5)) * 4
    thickness = 1.6 * _blur(body, 4) - rng.uniform(0.8, 1.25) * _blur(lungs, 1.5) + vessels * lungs * 0.4
    thickness += rng.uniform(0.25, 0.6) * _blur(heart, 2.5) + rng.uniform(0.3, 0.7) * _blur(spine, 1.2)
    ribs = _ribs(rng, middle=middle, top=top, bottom=bottom + 0.05, reach=rng.uniform(0.3, 0.37))
    thickness += rng.uniform(0.12, 0.35) * ribs
    for side in (-1, 1):
        share = np.linspace(0, 1, 20)
        x = middle + side * (0.03 + 0.3 * share)
        bend = top + rng.uniform(0.02, 0.08) - 0.08 * share + 0.03 * np.sin(share * 2 * np.pi)
        thickness += rng.uniform(0.15, 0.3) * _curve(np.stack([x, bend], axis=1), 0.018)
    return _exposed(np.clip(thickness, 0, None), rng)


def skull(rng: np.random.Generator) -> Picture:
    """A skull from the front or the side."""
    middle = rng.uniform(0.44, 0.56)
    vault = (rng.uniform(0.28, 0.4), rng.uniform(0.3, 0.4))
    at = (middle, rng.uniform(0.38, 0.46))
    outer = _ellipse(at, vault, rng.uniform(-15, 15))
    thick = rng.uniform(0.015, 0.035)
    inner = _ellipse(at, (vault[0] - thick, vault[1] - thick), 0)
    jaw = _ellipse((middle + rng.uniform(-0.1, 0.1), 0.75), (rng.uniform(0.14, 0.24), rng.uniform(0.1, 0.18)))
    neck = _ellipse((middle, 0.95), (rng.uniform(0.12, 0.2), 0.2))
    thickness = 0.9 * _blur(np.maximum(np.maximum(outer, jaw), neck), 3)
    thickness += rng.uniform(0.5, 1.0) * _blur(np.clip(outer - inner, 0, 1), 1)
    for side in (-1, 1) if rng.random() < 0.6 else (1,):
        eye = (middle + side * rng.uniform(0.1, 0.14), rng.uniform(0.48, 0.56))
        ring = _ellipse(eye, (0.075, 0.06)) - _ellipse(eye, (0.06, 0.045))
        thickness += rng.uniform(0.3, 0.7) * _blur(np.clip(ring, 0, 1), 0.8)
        thickness -= rng.uniform(0.1, 0.4) * _blur(_ellipse((eye[0], eye[1] + 0.13), (0.05, 0.05)), 1.5)
    teeth = (0.5 + 0.5 * np.cos(2 * np.pi * np.arange(SIDE)[None] / SIDE * rng.uniform(24, 36))).astype(
        np.float32
    )
    thickness += rng.uniform(0.3, 0.8) * teeth * _ellipse((middle, 0.74), (0.1, 0.035))
    return _exposed(np.clip(thickness, 0, None), rng)


def other_chest(rng: np.random.Generator) -> Picture:
    """A chest film for measuring alone: from the side, or a portable one with wires and a clouded lung."""
    from_side = rng.random() < 0.5
    middle = rng.uniform(0.42, 0.58)
    body = _ellipse((middle, 0.6), ((0.3 if from_side else 0.46) * rng.uniform(0.9, 1.1), 0.75))
    thickness = 1.5 * _blur(body, 5)
    if from_side:
        lung = _ellipse((middle + 0.02, 0.45), (rng.uniform(0.2, 0.25), rng.uniform(0.33, 0.4)), 10)
        thickness -= rng.uniform(0.7, 1.1) * _blur(lung, 2)
        thickness += 0.5 * _blur(_ellipse((middle - 0.08, 0.6), (0.12, 0.13), 30), 3)
        for number in range(int(rng.integers(9, 13))):  # vertebrae one above the other
            place = (middle + 0.2 + 0.02 * np.sin(number), 0.08 + 0.075 * number)
            thickness += 0.5 * _blur(_ellipse(place, (0.035, 0.028)), 0.8)
    else:
        for side in (-1, 1):
            lung = _ellipse((middle + side * 0.2, 0.47), (0.14, rng.uniform(0.28, 0.34)), side * -8)
            clouded = rng.uniform(0.3, 1.1)
            thickness -= clouded * _blur(lung, 3)
        thickness += 0.55 * _blur(_ellipse((middle, 0.5), (0.07, 0.5)), 4)
        thickness += 0.4 * _blur(_ellipse((middle + 0.08, 0.66), (0.18, 0.13), 15), 4)
        for _ in range(int(rng.integers(1, 5))):
            points = np.cumsum(rng.normal(0, 0.03, (14, 2)), axis=0) + rng.uniform(0.3, 0.7, 2)
            thickness += 0.5 * _curve(points, 0.006)
    reach = 0.22 if from_side else 0.34
    ribs = _ribs(rng, middle=middle - 0.02, top=0.12, bottom=0.85, reach=reach)
    return _exposed(np.clip(thickness + rng.uniform(0.1, 0.25) * ribs, 0, None), rng)
