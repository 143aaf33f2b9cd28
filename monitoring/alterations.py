"""Pictures as another device, exposure or habit would have made them: what a cause of drift looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]
Alteration = Callable[[Grey, np.random.Generator], Grey]


def low_exposure(grey: Grey, rng: np.random.Generator) -> Grey:
    """A third of the dose: quantum noise grows with its square root, most where little light arrives.

    Args:
        grey: (H, W) in [0, 1], bone bright; so do all of them.
    """
    transmitted = 1.0 - grey
    photons = 900.0
    noisy = rng.poisson(np.maximum(transmitted, 0.02) * photons).astype(np.float32) / np.float32(photons)
    return _limited(1.0 - noisy)


def high_exposure(grey: Grey, _rng: np.random.Generator) -> Grey:
    """Too much dose: soft tissue goes black and only dense bone keeps its grey."""
    return _limited((grey - 0.22) / 0.78)


def noise(grey: Grey, rng: np.random.Generator) -> Grey:
    """Electronic noise of an ageing detector, the same everywhere."""
    return _limited(grey + rng.normal(0, 0.035, grey.shape).astype(np.float32))


def crop(grey: Grey, _rng: np.random.Generator) -> Grey:
    """Tighter collimation: a tenth of the field less on each side."""
    rows, columns = (max(1, round(0.1 * side)) for side in grey.shape)
    return np.ascontiguousarray(grey[rows:-rows, columns:-columns])


def device(grey: Grey, _rng: np.random.Generator) -> Grey:
    """Another vendor's processing: its tone curve, and edges sharpened."""
    curved = np.power(grey, 0.75, dtype=np.float32)
    smooth = cv2.GaussianBlur(curved, (0, 0), 0.012 * max(grey.shape))
    return _limited(curved + 0.8 * (curved - smooth))


def blur(grey: Grey, _rng: np.random.Generator) -> Grey:
    """A coarser detector, or an older plate."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.006 * max(grey.shape)), np.float32)


ALTERATIONS: Mapping[str, Alteration] = {
    "low_exposure": low_exposure,
    "high_exposure": high_exposure,
    "noise": noise,
    "crop": crop,
    "device": device,
    "blur": blur,
}


def _limited(grey: NDArray[np.floating]) -> Grey:
    return np.asarray(np.clip(grey, 0, 1), np.float32)
