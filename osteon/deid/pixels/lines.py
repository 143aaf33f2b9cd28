"""Components side by side on one line, as lines with their measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.strokes import MAX_SIDE, MIN_SIDE, Floats, Glyphs

_MAX_GAP = 1.5  # of the taller glyph's height
_MIN_OVERLAP = 0.5
_MIN_RATIO = 0.42
_SPARSE = 400  # components between two of one line, at most, when sorted from left to right

FEATURES = (
    "letters", "components", "height", "length", "line_up", "heights", "strength", "contrast", "over_ground",
    "ink", "sharp", "fill", "runs", "gaps", "level", "dark", "step", "peaks", "wide",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one direction: boxes in full-size pixels, measures for the judgement."""

    box: Floats  # left, top, right, bottom
    features: Floats  # one column per name in FEATURES
    upright: bool  # False: written from top to bottom or from bottom to top

    def column(self, name: str) -> Floats:
        """One measure of every line."""
        return np.asarray(self.features[:, FEATURES.index(name)])


def lines_of(glyphs: Glyphs) -> tuple[Lines, Lines]:
    """The lines written across and those written up or down."""
    across, down = _lines(glyphs), _lines(glyphs.transposed())
    return (
        Lines(across[0], across[1], True),
        Lines(down[0][:, [1, 0, 3, 2]] if len(down[0]) else down[0], down[1], False),
    )


def _letters(glyphs: Glyphs) -> Floats:
    """How many letters a component may hold: one, or as many as its strokes tell."""
    height = glyphs.bottom - glyphs.top
    width = glyphs.right - glyphs.left
    by_strokes = np.minimum(glyphs.across / 1.5, width / np.maximum(1, 0.45 * height))
    return np.asarray(np.maximum(1, np.round(by_strokes)), np.float32)


def _lines(all_glyphs: Glyphs) -> tuple[Floats, Floats]:
    height = all_glyphs.bottom - all_glyphs.top
    width = all_glyphs.right - all_glyphs.left
    letters = _letters(all_glyphs)
    fits = (
        (height >= MIN_SIDE)
        & (height <= MAX_SIDE)
        & ((width <= 3.0 * height) | (letters >= 0.5 * width / height))
    )
    glyphs = all_glyphs.take(fits)
    if not len(glyphs):
        return np.zeros((0, 4), np.float32), np.zeros((0, len(FEATURES)), np.float32)
    order = np.lexsort((glyphs.left, glyphs.group))
    glyphs = glyphs.take(order)
    line = _joined(*_links(glyphs), len(glyphs))
    return _measured(glyphs, _letters(glyphs), line)


def _links(glyphs: Glyphs) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of neighbours on a line; glyphs sorted by group, then from left to right."""
    firsts, seconds = [], []
    height = glyphs.bottom - glyphs.top
    reach = _MAX_GAP * MAX_SIDE
    place = np.arange(len(glyphs))
    # how many of the following could still be in reach, by the left edges within one group
    key = glyphs.group.astype(np.float64) * 1e6
    ends = np.searchsorted(key + glyphs.left, key + glyphs.right + reach, "right")
    most = int(min(_SPARSE, (ends - place).max()))
    for offset in range(1, most + 1):
        i = place[ends > place + offset]
        if not len(i):
            break
        j = i + offset
        tall, short = np.maximum(height[i], height[j]), np.minimum(height[i], height[j])
        gap = glyphs.left[j] - glyphs.right[i]
        overlap = np.minimum(glyphs.bottom[i], glyphs.bottom[j]) - np.maximum(glyphs.top[i], glyphs.top[j])
        ok = (gap <= _MAX_GAP * tall) & (gap >= -0.5 * tall) & (overlap >= _MIN_OVERLAP * short)
        ok &= short >= _MIN_RATIO * tall
        ok &= np.abs(glyphs.value[i] - glyphs.value[j]) <= 5 + 0.4 * np.maximum(
            glyphs.peak[i], glyphs.peak[j]
        )
        ok &= np.minimum(glyphs.peak[i], glyphs.peak[j]) >= 0.45 * np.maximum(glyphs.peak[i], glyphs.peak[j])
        firsts.append(i[ok])
        seconds.append(j[ok])
    if not firsts:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    return np.concatenate(firsts), np.concatenate(seconds)


def _joined(first: NDArray[np.intp], second: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """The number of the line of each glyph: the least index that links reach."""
    label = np.arange(count)
    while True:
        least = np.minimum(label[first], label[second])
        new = label.copy()
        np.minimum.at(new, first, least)
        np.minimum.at(new, second, least)
        new = new[new]
        if np.array_equal(new, label):
            return label
        label = new


def _measured(glyphs: Glyphs, letters: Floats, line: NDArray[np.intp]) -> tuple[Floats, Floats]:
    order = np.argsort(line, kind="stable")
    glyphs, letters, line = glyphs.take(order), letters[order], line[order]
    starts = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
    count = np.diff(np.r_[starts, len(line)]).astype(np.float32)
    owner = np.repeat(np.arange(len(starts)), count.astype(int))

    def total(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, starts), np.float32)

    def mean(values: Floats) -> Floats:
        return np.asarray(total(values) / count)

    def spread(values: Floats) -> Floats:
        return np.asarray(np.sqrt(np.maximum(0, mean((values - mean(values)[owner]) ** 2))))

    height, width = glyphs.bottom - glyphs.top, glyphs.right - glyphs.left
    left, right = np.minimum.reduceat(glyphs.left, starts), np.maximum.reduceat(glyphs.right, starts)
    top, bottom = np.minimum.reduceat(glyphs.top, starts), np.maximum.reduceat(glyphs.bottom, starts)
    tallest = np.maximum.reduceat(height, starts)
    middle = (glyphs.left + glyphs.right) / 2
    off = middle - mean(middle)[owner]
    across = np.maximum(total(off * off), 1e-3)

    def residual(values: Floats) -> Floats:
        slope = np.clip(total(off * (values - mean(values)[owner])) / across, -0.2, 0.2)
        left_over = values - mean(values)[owner] - slope[owner] * off
        return mean(np.abs(left_over))

    length = right - left
    peak = np.maximum.reduceat(glyphs.peak, starts)
    per_level = 2 * 3
    group = glyphs.group[starts]
    features = np.stack([
        total(letters), count, tallest, length / tallest,
        np.minimum(residual(glyphs.bottom), residual(glyphs.top)) / tallest,
        spread(height) / tallest, mean(glyphs.strength), peak,
        mean(glyphs.peak / np.maximum(1, glyphs.ground)),
        spread(glyphs.value) / np.maximum(1, peak), mean(glyphs.sharp),
        total(glyphs.area) / np.maximum(1, total(width * height)), mean(glyphs.across),
        (length - total(width)) / np.maximum(1, count) / tallest,
        glyphs.level[starts], (group % per_level) // 3, group % 3,
        spread(glyphs.peak) / np.maximum(1, peak), np.maximum.reduceat(width / height, starts),
    ], 1).astype(np.float32)  # fmt: skip
    scale = glyphs.scale[starts][:, None]
    return (np.stack([left, top, right, bottom], 1) * scale).astype(np.float32), features
