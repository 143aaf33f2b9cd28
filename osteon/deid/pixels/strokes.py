"""Thin strokes of a picture as components with their measures: what letters are made of.

A top-hat leaves what is thinner than a letter's stroke can be; bone is wider or less sharp. It is taken at
full size and at halves of it, so that one stroke width serves every letter height; bright and dark; and at
three heights above the ground, so that faint letters are seen and strong ones do not run into bone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.grey import Grey

Floats = NDArray[np.floating[Any]]

KERNEL = 7  # strokes narrower than this, in pixels of the level
MIN_SIDE, MAX_SIDE = 4, 30  # a glyph's height, in pixels of the level
_LEVELS = 4
_FAINT = 9.0  # of 255 above the ground: the least that is looked at
_OVER_GROUND = 2.6  # times the mean of the neighbourhood's own strokes
_ALL_GRAIN = 88.0  # mean stroke height of noise that fills the range: nothing can be read in it
_OVER_GRAIN = 1.6  # the same for the upper two steps
_STEPS = (0.0, 34.0, 90.0)
_MAX_COMPONENTS = 2500  # per level, sign and step: more are a texture, and only its strongest are letters
_BLOCK = 8


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Components of strokes, one row each; sizes in pixels of their level."""

    left: Floats
    top: Floats
    right: Floats
    bottom: Floats
    area: Floats
    strength: Floats  # mean height above the ground, of 255
    peak: Floats  # greatest height above the ground
    value: Floats  # the grey of its ink
    across: Floats  # strokes met on the way from left to right, mean over rows
    down: Floats  # strokes met from top to bottom, mean over columns
    sharp: Floats  # greatest step within three pixels over the peak
    ground: Floats  # the neighbourhood's own mean stroke height
    group: Floats  # level, sign and step; letters of one line share it

    def __len__(self) -> int:
        return len(self.left)

    def take(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> Glyphs:
        """Those of the given rows."""
        return Glyphs(*(getattr(self, f.name)[which] for f in fields(self)))

    def transposed(self) -> Glyphs:
        """The same as seen with rows and columns exchanged."""
        return Glyphs(
            self.top, self.left, self.bottom, self.right, self.area, self.strength, self.peak, self.value,
            self.down, self.across, self.sharp, self.ground, self.group,
        )  # fmt: skip

    @property
    def scale(self) -> Floats:
        """Full-size pixels per pixel of the component's level."""
        return np.asarray(2.0**self.level, np.float32)

    @property
    def level(self) -> Floats:
        """How often the picture was halved."""
        return np.asarray(self.group // (2 * len(_STEPS)), np.float32)

    @staticmethod
    def joined(parts: list[Glyphs]) -> Glyphs:
        """All of them, in order."""
        return Glyphs(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Glyphs)))


def stroke_components(grey: Grey) -> Glyphs:
    """Every component of thin strokes that is no larger than a letter or a word."""
    parts = [_nothing()]
    for level in range(_LEVELS):
        if level:
            if min(grey.shape) < 64:
                break
            half = (grey.shape[1] // 2, grey.shape[0] // 2)
            grey = np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), np.uint8)
        if min(grey.shape) > KERNEL:
            parts += _of_level(grey, level)
    return Glyphs.joined(parts)


def _of_level(grey: Grey, level: int) -> list[Glyphs]:
    """The components of one size of the picture, bright and dark, at each height above the ground."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (KERNEL, KERNEL))
    steepness = np.asarray(cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.uint8)
    parts = []
    for sign, operation in enumerate((cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)):
        strokes = np.asarray(cv2.morphologyEx(grey, operation, kernel), np.uint8)
        ground = _ground(strokes)
        if float(ground.mean()) > _ALL_GRAIN:
            continue
        for step, least in enumerate(_STEPS):
            mask = _mask(strokes, ground, least)
            if mask is not None:
                number = (level * 2 + sign) * len(_STEPS) + step
                parts.append(_measured(mask, strokes, grey, steepness, ground, number, sign))
    return parts


def _nothing() -> Glyphs:
    return Glyphs(*(np.zeros(0, np.float32) for _ in fields(Glyphs)))


def _ground(strokes: Grey) -> Floats:
    """Mean stroke height around each block of eight by eight pixels."""
    rows, columns = (max(1, n // _BLOCK) for n in strokes.shape)
    small = cv2.resize(strokes, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.blur(small, (9, 9)), np.float32)


def _mask(strokes: Grey, ground: Floats, least: float) -> Grey | None:
    """Where strokes stand out; None when nowhere."""
    times = _OVER_GRAIN if least else _OVER_GROUND
    floor = np.clip(np.maximum(max(_FAINT, least), times * ground), 0, 255).astype(np.uint8)
    wide = cv2.resize(floor, strokes.shape[::-1], interpolation=cv2.INTER_LINEAR)
    found = cv2.compare(strokes, wide, cv2.CMP_GT)
    return np.asarray(found, np.uint8) if cv2.countNonZero(found) else None


def _measured(
    mask: Grey, strokes: Grey, grey: Grey, steepness: Grey, ground: Floats, number: int, sign: int
) -> Glyphs:
    """The components of the mask that could be letters or words, measured."""
    try:
        _, labels = cv2.connectedComponents(mask, connectivity=8, ltype=cv2.CV_16U)
    except cv2.error:  # more of them than 16 bits can number
        _, labels = cv2.connectedComponents(mask, connectivity=8, ltype=cv2.CV_32S)
    points = cv2.findNonZero(mask)[:, 0, :]
    columns = mask.shape[1]
    ink = points[:, 1] * columns + points[:, 0]
    flat = labels.ravel()
    old = flat[ink].astype(np.int32)
    order = np.argsort(old, kind="stable")
    ink, old, x, y = ink[order], old[order], points[order, 0], points[order, 1]
    starts = np.flatnonzero(np.r_[True, old[1:] != old[:-1]])
    area = np.diff(np.r_[starts, len(old)])
    left, right = np.minimum.reduceat(x, starts), np.maximum.reduceat(x, starts) + 1
    top, bottom = y[starts], y[np.r_[starts[1:], len(y)] - 1] + 1
    short, long = np.minimum(right - left, bottom - top), np.maximum(right - left, bottom - top)
    keep = (long >= MIN_SIDE) & (short <= MAX_SIDE) & (area >= 4) & (long <= 40 * MAX_SIDE)
    chosen = np.flatnonzero(keep)
    if len(chosen) > _MAX_COMPONENTS:
        chosen = np.sort(chosen[np.argsort(area[chosen])[-_MAX_COMPONENTS:]])
    if not len(chosen):
        return _nothing()
    mine = np.repeat(np.isin(np.arange(len(starts)), chosen), area)
    ink, old = ink[mine], old[mine]
    area, left, right, top, bottom = (v[chosen].astype(np.float32) for v in (area, left, right, top, bottom))
    starts = np.r_[0, np.cumsum(area[:-1])].astype(np.intp)
    row_starts = np.where((ink % columns == 0) | (flat[ink - 1] != old), 1, 0)
    column_starts = np.where((ink < columns) | (flat[ink - columns] != old), 1, 0)
    heights = strokes.ravel()[ink].astype(np.float32)
    values = grey.ravel()[ink].astype(np.float32)
    peak = np.maximum.reduceat(heights, starts)
    extremes = np.minimum.reduceat(values, starts) if sign else np.maximum.reduceat(values, starts)
    row = np.minimum(((top + bottom) / 2).astype(int) // _BLOCK, ground.shape[0] - 1)
    column = np.minimum(((left + right) / 2).astype(int) // _BLOCK, ground.shape[1] - 1)
    return Glyphs(
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        area=area,
        strength=np.add.reduceat(heights, starts) / area,
        peak=peak,
        value=extremes,
        across=(np.add.reduceat(row_starts, starts) / (bottom - top)).astype(np.float32),
        down=(np.add.reduceat(column_starts, starts) / (right - left)).astype(np.float32),
        sharp=np.maximum.reduceat(steepness.ravel()[ink].astype(np.float32), starts) / peak,
        ground=ground[row, column],
        group=np.full(len(chosen), number, np.float32),
    )
