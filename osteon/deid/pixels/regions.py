"""Lines that were taken for text, seen at several sizes, as one region each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.candidates import MIN_LETTERS, Candidates

_ALONG, _BESIDE = 1.8, 0.35  # how far a fragment of the same line may stand off, of the line's height

_CONTINUES = -3.0  # log odds of a longer fragment that belongs to a surer line


@dataclass(frozen=True, slots=True)
class Region:
    """One line of writing.

    Attributes:
        box: around its letters, without margin.
        odds: log odds of being text, of the surest line in it.
        letters: how many letters it holds, at the most.
        height: of its tallest letters, in pixels.
    """

    box: Box
    odds: float
    letters: int
    height: int
    dark: bool
    upright: bool

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
        whole, float(found.odds[seed]), int(letters), round(height), bool(found.dark[seed]), upright
    )


def _ink_alike(found: Candidates, seed: int) -> NDArray[np.bool_]:
    """Those as bright over their ground as the seed, within half."""
    ratio = found.value / max(1.0, float(found.value[seed]))
    return np.asarray((ratio > 0.5) & (ratio < 2) & (found.dark == found.dark[seed]))
