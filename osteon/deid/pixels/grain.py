"""Noise told from writing: its pixels know nothing of their neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.grey import Grey

#: Rows and columns to the neighbours that are compared; two and three apart for letters drawn in dots.
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0), (0, 3), (3, 0))
_LEAST = 200  # pixels: fewer resemble their neighbours by chance
_UNLIKE = 0.12  # correlation; strokes of two pixels in noise as strong as they are have 0.3 and more


def is_grain(grey: Grey, box: Box) -> bool:
    """True where no pixel in the box is like any neighbour of its: neither a detector nor a letter does that.

    A detector spreads a photon over several pixels, and a stroke goes on for several.

    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 48)).astype(np.uint8)
    >>> is_grain(noise, Box(0, 0, 64, 48)), is_grain(noise.repeat(2, 0), Box(0, 0, 64, 48))
    (True, False)
    """
    crop = grey[box.window].astype(np.float64)
    if crop.size < _LEAST or min(crop.shape) <= 3:
        return False
    crop -= crop.mean()
    power = float(np.square(crop).mean())
    if power == 0:
        return False
    return all(abs(_covariance(crop, rows, columns)) < _UNLIKE * power for rows, columns in _NEIGHBOURS)


def _covariance(crop: NDArray[np.float64], rows: int, columns: int) -> float:
    """Of each pixel with the one so many rows below and columns to the right, the mean being 0."""
    high, wide = crop.shape
    here = crop[: high - rows, max(0, -columns) : wide - max(0, columns)]
    there = crop[rows:, max(0, columns) : wide + min(0, columns)]
    return float((here * there).mean())
