"""The grey levels near a picture's darkest and brightest end, without sorting the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_STRIDE = 61  # a prime: the sample is not one column of a picture whose width it divides
_LEAST = 8192  # smaller pictures are sorted as quickly
_ROOM = 1.5  # the cut is aimed so much further in than the percentile, so that it rarely misses


def extremes(values: NDArray[np.floating[Any]], low: float, high: float) -> tuple[float, float]:
    """`np.percentile(values, [low, high])`, bit for bit, for percentiles near 0 and 100.

    Only the values outside a cut are partitioned, a few in a hundred; a sample says where to cut, and exact
    counts say whether the cut holds enough.

    >>> extremes(np.arange(100001.0), 1, 99)
    (1000.0, 99000.0)
    """
    flat = values.ravel()
    tails = None
    if flat.size >= _LEAST and low < 10 and high > 90 and not np.isnan(flat.min()):
        tails = _tails(flat, low, high)
    if tails is None:
        found = np.percentile(flat, [low, high])
        return float(found[0]), float(found[1])
    return tails


def _tails(flat: NDArray[np.floating[Any]], low: float, high: float) -> tuple[float, float] | None:
    sample = np.sort(flat[::_STRIDE])
    inside = sample[[_aim(len(sample), low), -1 - _aim(len(sample), 100 - high)]]
    bottom = _ranked(flat, (flat.size - 1) * (low / 100), inside[0])
    if bottom is None:
        return None
    top_rank = (flat.size - 1) * (high / 100)
    top = _ranked_from_top(flat, top_rank, inside[1])
    return None if top is None else (bottom, top)


def _aim(count: int, percent: float) -> int:
    return min(count - 1, int(count * percent / 100 * _ROOM) + 8)


def _ranked(flat: NDArray[np.floating[Any]], rank: float, cut: Any) -> float | None:
    """The value at a fractional rank when it and its neighbour are at most `cut`."""
    low = int(np.floor(rank))
    tail = flat[flat <= cut]
    if low + 1 >= tail.size:
        return None
    part = np.partition(tail, (low, low + 1))
    return _between(part[low], part[low + 1], rank - low)


def _ranked_from_top(flat: NDArray[np.floating[Any]], rank: float, cut: Any) -> float | None:
    low = int(np.floor(rank))
    tail = flat[flat >= cut]
    place = low - (flat.size - tail.size)
    if place < 0 or place + 1 >= tail.size:
        return None
    part = np.partition(tail, (place, place + 1))
    return _between(part[place], part[place + 1], rank - low)


def _between(one: Any, other: Any, part: float) -> float:
    """numpy's own interpolation, in its order of operations."""
    step = other - one
    return float(other - step * np.float64(1 - part)) if part >= 0.5 else float(one + step * np.float64(part))
