"""Exposure, noise and sharpness of a picture, at the scale at which a model sees it."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.domain import PictureQuality
from osteon.models.preprocess import shrink

_SIDE = 256  # longest side, in pixels: that of the smallest model's input
_COARSE = 2  # times that, a large picture is thinned before areas are averaged: that takes most of the time
_LEAST_SIDE = 16
_BLACK = 1 / 255
_LEAST = 1e-4  # below the noise of any detector; the logarithm of a flat picture stays finite
# Noise that the second derivatives of an edge do not pass: Immerkaer 1996, equation 3.
_NOISE_MASK = np.outer([1, -2, 1], [1, -2, 1]).astype(np.float32)


def picture_quality(pixels: NDArray[np.floating[Any]]) -> PictureQuality | None:
    """Quality of a picture of any size; None of fewer than 16 rows or columns, or with levels that are none.

    About 1 ms whatever the size: it is not stretched as a model's input is, which would hide the exposure.

    Args:
        pixels: (H, W) in [0, 1], bone bright.
    Source: noise by Immerkaer 1996, "Fast noise variance estimation", CVIU 64; sharpness as ratios between
        levels of the Laplacian pyramid of Burt and Adelson 1983, IEEE Trans. Commun. 31.
    """
    if min(pixels.shape) < _LEAST_SIDE:
        return None
    step = max(1, max(pixels.shape) // (_COARSE * _SIDE))
    thin = np.ascontiguousarray(pixels[::step, ::step], dtype=np.float32)
    small = shrink(thin, _SIDE)
    inner = cv2.filter2D(small, cv2.CV_32F, _NOISE_MASK)[1:-1, 1:-1]
    noise = math.sqrt(math.pi / 2) / 6 * float(np.abs(inner).mean())
    half = cv2.pyrDown(small)
    quarter = cv2.pyrDown(half)
    finest, fine, coarse = (
        _detail(small, half),
        _detail(half, quarter),
        _detail(quarter, cv2.pyrDown(quarter)),
    )
    mean, deviation = cv2.meanStdDev(small)
    if not math.isfinite(noise + finest + fine + coarse):
        return None
    return PictureQuality(
        exposure=float(mean[0, 0]),
        contrast=float(deviation[0, 0]),
        clipped=float((small <= _BLACK).mean()),
        noise=math.log10(noise + _LEAST),
        sharpness=finest - fine,
        detail=fine - coarse,
    )


def _detail(level: NDArray[np.float32], below: NDArray[np.float32]) -> float:
    """Logarithm of the standard deviation of what a level of the pyramid has beyond the one below."""
    expanded = cv2.pyrUp(below, dstsize=(level.shape[1], level.shape[0]))
    _, deviation = cv2.meanStdDev(level - expanded)
    return math.log(float(deviation[0, 0]) + _LEAST)
