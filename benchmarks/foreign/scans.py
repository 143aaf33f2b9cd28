"""Slices of scanners, drawn: bodies and heads as CT and MR show them, fans of ultrasound; in [0, 1]."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.foreign.radiographs import SIDE, Picture


def _blob(rng: np.random.Generator, at: tuple[float, float], half: tuple[float, float]) -> NDArray[np.int32]:
    """An outline near an ellipse."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    bumps = sum(rng.normal(0, 0.06 / k) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in range(1, 5))
    x = at[0] + half[0] * np.cos(angle) * (1 + bumps)
    y = at[1] + half[1] * np.sin(angle) * (1 + bumps)
    return np.rint(np.stack([x, y], axis=1) * SIDE).astype(np.int32)


def _fill(canvas: Picture, outline: NDArray[np.int32], level: float) -> None:
    cv2.fillPoly(canvas, [outline], float(level), cv2.LINE_AA)


def _finish(canvas: Picture, rng: np.random.Generator, noise: float) -> Picture:
    seen = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 1.2))
    seen = seen + cv2.GaussianBlur(rng.normal(0, noise, canvas.shape).astype(np.float32), (0, 0), 0.7)
    return np.asarray(np.clip(seen, 0, 1), np.float32)


def body_slice(rng: np.random.Generator) -> Picture:
    """A slice through chest, belly, thighs or a limb, in a window of soft tissue, lung or bone."""
    canvas = np.zeros((SIDE, SIDE), np.float32)
    soft, fat = rng.uniform(0.35, 0.65), rng.uniform(0.15, 0.4)
    at = (rng.uniform(0.46, 0.54), rng.uniform(0.46, 0.54))
    half = (rng.uniform(0.3, 0.46), rng.uniform(0.22, 0.38))
    _fill(canvas, _blob(rng, at, half), fat)
    _fill(canvas, _blob(rng, at, (half[0] * 0.9, half[1] * rng.uniform(0.82, 0.92))), soft)
    kind = rng.integers(3)
    if kind == 0:  # lungs
        for side in (-1, 1):
            place = (at[0] + side * half[0] * 0.45, at[1])
            _fill(canvas, _blob(rng, place, (half[0] * 0.35, half[1] * 0.6)), rng.uniform(0, 0.15))
        _fill(canvas, _blob(rng, at, (half[0] * 0.28, half[1] * 0.4)), soft + rng.uniform(0, 0.3))
    else:
        for _ in range(int(rng.integers(4, 10))):
            place = (at[0] + rng.uniform(-0.6, 0.6) * half[0], at[1] + rng.uniform(-0.6, 0.5) * half[1])
            size = (half[0] * rng.uniform(0.08, 0.35), half[1] * rng.uniform(0.08, 0.35))
            _fill(canvas, _blob(rng, place, size), soft + rng.uniform(-0.3, 0.25))
    spine = (at[0], at[1] + half[1] * rng.uniform(0.45, 0.6))
    bone = rng.uniform(0.8, 1.0)
    _fill(canvas, _blob(rng, spine, (half[0] * 0.16, half[1] * 0.2)), bone)
    _fill(canvas, _blob(rng, (spine[0], spine[1] + half[1] * 0.22), (half[0] * 0.06, half[1] * 0.07)), soft)
    for angle in np.linspace(0, 2 * np.pi, int(rng.integers(0, 16)), endpoint=False):
        place = (at[0] + half[0] * 0.84 * np.cos(angle), at[1] + half[1] * 0.82 * np.sin(angle))
        _fill(canvas, _blob(rng, place, (0.02, 0.012)), bone)
    if rng.random() < 0.5:  # the table
        cv2.ellipse(canvas, (SIDE // 2, round(0.6 * SIDE)), (round(0.44 * SIDE), round(0.3 * SIDE)), 0, 20,
                    160, float(rng.uniform(0.2, 0.9)), 1, cv2.LINE_AA)  # fmt: skip
    return _finish(canvas, rng, rng.uniform(0.01, 0.06))


def head_slice(rng: np.random.Generator) -> Picture:
    """A slice through a head: a ring of bone or fat, brain with ventricles and folds."""
    canvas = np.zeros((SIDE, SIDE), np.float32)
    at, half = (0.5, 0.5), (rng.uniform(0.28, 0.38), rng.uniform(0.34, 0.44))
    brain = rng.uniform(0.3, 0.65)
    _fill(canvas, _blob(rng, at, half), rng.uniform(0.3, 0.9))
    _fill(canvas, _blob(rng, at, (half[0] * 0.95, half[1] * 0.95)), rng.choice([0.05, 1.0]))
    _fill(canvas, _blob(rng, at, (half[0] * 0.87, half[1] * 0.88)), brain)
    folds = cv2.GaussianBlur(rng.normal(0, 1, canvas.shape).astype(np.float32), (0, 0), rng.uniform(2, 5))
    inside = np.zeros_like(canvas)
    _fill(inside, _blob(rng, at, (half[0] * 0.83, half[1] * 0.84)), 1.0)
    canvas += inside * folds / max(float(folds.std()), 1e-6) * rng.uniform(0, 0.12)
    for side in (-1, 1):
        place = (0.5 + side * 0.05, rng.uniform(0.45, 0.55))
        _fill(canvas, _blob(rng, place, (0.025, rng.uniform(0.05, 0.11))), brain + rng.choice([-0.25, 0.3]))
    return _finish(canvas, rng, rng.uniform(0.01, 0.05))


def fan(rng: np.random.Generator) -> Picture:
    """A fan or rectangle of ultrasound with marks around it."""
    speckle = np.abs(cv2.GaussianBlur(rng.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), 1.1))
    slow = cv2.GaussianBlur(rng.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), rng.uniform(6, 16))
    tissue = speckle * np.exp(slow / max(float(slow.std()), 1e-6) * rng.uniform(0.5, 1.3))
    tissue /= float(np.quantile(tissue, 0.99))
    mask = np.zeros((SIDE, SIDE), np.float32)
    if rng.random() < 0.7:
        top = (SIDE // 2, round(rng.uniform(-0.1, 0.08) * SIDE))
        half = rng.uniform(28, 45)
        reach = round(rng.uniform(0.75, 0.95) * SIDE)
        cv2.ellipse(mask, top, (reach, reach), 90, -half, half, 1.0, -1)
    else:
        mask[round(0.1 * SIDE) : round(0.85 * SIDE), round(0.15 * SIDE) : round(0.85 * SIDE)] = 1
    picture = tissue * mask
    for number in range(int(rng.integers(0, 6))):
        cv2.putText(picture, "FR 32 Hz"[: int(rng.integers(2, 8))], (4, 12 + 10 * number),
                    cv2.FONT_HERSHEY_SIMPLEX, 0.28, 0.9, 1, cv2.LINE_AA)  # fmt: skip
    return np.asarray(np.clip(picture, 0, 1), np.float32)


def scan(rng: np.random.Generator) -> Picture:
    """One of them."""
    return (body_slice, head_slice, fan)[int(rng.choice(3, p=(0.5, 0.3, 0.2)))](rng)
