"""Lines that were taken for text, seen at several sizes, as one region each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.candidates import MIN_LETTERS, Candidates

_ALONG, _BESIDE = 1.8, 0.35  # how far a fragment of the same line may stand off, of the line's height

_CONTINUES = -3.0  # log odds of a longer fragment that belongs to a surer line
_MOST_BARS = 4  # letters that one letter can look like


@dataclass(frozen=True, slots=True)
class Region:
    """One line of writing.

    Attributes:
        box: around its letters, without margin.
        odds: log odds of being text, of the surest line in it.
        letters: how many letters it holds, at the most.
        height: of its tallest letters, in pixels.
        contrast: of its ink, of 255.
    """

    box: Box
    odds: float
    letters: int
    height: int
    dark: bool
    upright: bool
    contrast: float

    @property
    def length(self) -> int:
        """Along the line, in pixels."""
        box = self.box
        return box.right - box.left if self.upright else box.bottom - box.top

    def padded(self, shape: tuple[int, ...]) -> Box:
        """With room for accents, dots, commas and the soft rim of the strokes."""
        across, along = max(4, round(0.45 * self.height)), max(5, round(0.8 * self.height))
        return self.box.grown(across, along, shape) if self.upright else self.box.grown(along, across, shape)


def regions_of(found: Candidates, least: float, shape: tuple[int, ...]) -> list[Region]:
    """The regions whose surest line has at least these odds, with the fragments that continue them."""
    seeds = np.flatnonzero(found.odds >= least)
    seeds = seeds[np.argsort(-found.odds[seeds])]
    free = np.ones(len(found), bool)
    regions = []
    for seed in seeds.tolist():
        if free[seed]:
            regions.append(_grown(found, seed, free, shape))
    return regions


def _grown(found: Candidates, seed: int, free: NDArray[np.bool_], shape: tuple[int, ...]) -> Region:
    """The seed with all that lies on its line; what is taken is no longer free."""
    upright, height = bool(found.upright[seed]), float(found.height[seed])
    order = [0, 1, 2, 3] if upright else [1, 0, 3, 2]  # along first, then across
    box = found.box[:, order]
    now = box[seed].copy()
    letters = float(found.letters[seed])
    alike = _ink_alike(found, seed)
    for _ in range(24):
        reach = _ALONG * height
        near = (box[:, 0] <= now[2] + reach) & (box[:, 2] >= now[0] - reach)
        overlap = np.minimum(box[:, 3], now[3]) - np.maximum(box[:, 1], now[1])
        tall = box[:, 3] - box[:, 1]
        same = overlap >= 0.6 * np.minimum(tall, height)
        inside = (
            same & (tall <= 1.4 * (now[3] - now[1]) + 2) & (tall <= 1.6 * height) & (tall >= 0.3 * height)
        )
        text = (found.odds > _CONTINUES) | ((found.letters < MIN_LETTERS) & alike)
        mine = free & near & inside & text & (found.upright == upright)
        mine[seed] = free[seed]
        if not mine.any():
            break
        free &= ~mine
        letters = max(letters, float(found.letters[mine].max(initial=0)))
        grown = np.r_[np.minimum(now[:2], box[mine, :2].min(0)), np.maximum(now[2:], box[mine, 2:].max(0))]
        if np.array_equal(grown, now):
            break
        now = grown
    left, top, right, bottom = (float(v) for v in now[order])
    whole = Box(
        max(0, int(top)), max(0, int(left)),
        min(shape[0], int(np.ceil(bottom))), min(shape[1], int(np.ceil(right))),
    )  # fmt: skip
    return Region(
        box=whole,
        odds=float(found.odds[seed]),
        letters=int(letters),
        height=round(height),
        dark=bool(found.dark[seed]),
        upright=upright,
        contrast=float(found.value[seed]),
    )


def _ink_alike(found: Candidates, seed: int) -> NDArray[np.bool_]:
    """Those as bright over their ground as the seed, within half."""
    ratio = found.value / max(1.0, float(found.value[seed]))
    return np.asarray((ratio > 0.5) & (ratio < 2) & (found.dark == found.dark[seed]))


def is_part_of_a_letter(region: Region, found: Candidates) -> bool:
    """True for the bars or holes of one large letter: E has three bars in a row, B two holes.

    The letter itself is a compact line of its own at a coarser size of the picture.
    """
    if region.letters > _MOST_BARS:
        return False
    left, top, right, bottom = found.box.T
    box = region.box
    wide = np.minimum(right, box.right) - np.maximum(left, box.left)
    tall = np.minimum(bottom, box.bottom) - np.maximum(top, box.top)
    inside = np.maximum(wide, 0) * np.maximum(tall, 0) >= 0.75 * box.area
    long, short = np.maximum(right - left, bottom - top), np.minimum(right - left, bottom - top)
    compact = (long <= 1.7 * short) & (short >= 1.3 * region.height) & (long <= 2.5 * region.length)
    strong = found.value >= 0.7 * region.contrast
    return bool((inside & compact & strong & (found.letters <= _MOST_BARS)).any())
