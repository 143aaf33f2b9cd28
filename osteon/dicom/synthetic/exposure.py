"""From thickness to a noisy detector signal: Beer-Lambert, scatter, detector blur, quantum noise.

Attenuation coefficients (per mm) stand for a beam of about 55 kV, effective 35 keV, after the NIST
XCOM tables: soft tissue 0.026, cortical bone 0.13, plaster 0.05, resin 0.016, steel saturates.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.dicom.synthetic.projection import Map, Maps

MU_SOFT = 0.026
MU_BONE = 0.115
MU_METAL = 1.1
MU_PLASTER = 0.045
MU_RESIN = 0.02
_PRIMARY_FLOOR = 0.004
_RANGE_SPREAD = (0.07, 0.1)
"""Error of the exposure recognition at the low and the high end, share of the range."""


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """How one picture was taken."""

    photons: float
    """Detected quanta per full-resolution pixel without an object."""
    scatter: float
    """Scatter-to-primary ratio behind the limb."""
    blur_px: float
    """Detector blur at full resolution."""


def signal(maps: Maps, exposure: Exposure, *, resin: bool, scale: float) -> Map:
    """Noise-free attenuation signal -log(I / I0) on the working grid, scatter included."""
    cast = maps.cast * (MU_RESIN if resin else MU_PLASTER)
    optical = MU_SOFT * maps.soft + MU_BONE * maps.bone + MU_METAL * maps.metal + cast
    primary = np.exp(-np.minimum(optical, 9.0))
    small = cv2.resize(primary * (maps.skin > 0), None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    haze = cv2.GaussianBlur(np.asarray(small, np.float32), (0, 0), 18.0 * scale / 8 + 0.5)
    scattered = cv2.resize(haze, (primary.shape[1], primary.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(-np.log(primary + exposure.scatter * 0.35 * scattered + _PRIMARY_FLOOR), np.float32)


def detect(optical: Map, shape: tuple[int, int], exposure: Exposure, rng: np.random.Generator) -> Map:
    """Full-resolution signal with quantum noise (Poisson, taken as Gaussian, in the log domain)."""
    size = (shape[1], shape[0])
    full = cv2.resize(optical, size, interpolation=cv2.INTER_CUBIC)
    deviation = cv2.resize(np.exp(0.5 * np.clip(optical, 0, 6)) / np.sqrt(exposure.photons), size)
    noise = rng.standard_normal(shape, dtype=np.float32)
    if exposure.blur_px > 0:
        noise = cv2.GaussianBlur(noise, (3, 3), exposure.blur_px) * np.float32(1 + 1.6 * exposure.blur_px)
    full += noise * deviation
    return np.asarray(full, np.float32)


def anatomy_range(optical: Map, maps: Maps) -> tuple[float, float]:
    """Low and high signal of the anatomy, as a vendor's exposure recognition would find them."""
    step = 4
    inside: NDArray[np.bool_] = (maps.skin[::step, ::step] > 0) & (maps.metal[::step, ::step] < 0.1)
    values = optical[::step, ::step][inside]
    if values.size < 50:
        return 0.0, 2.0
    low, high = np.percentile(values, (6, 99.5))
    return float(low), float(high)


def recognised_range(bounds: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
    """The range that one exposure recognition finds: near the true one, never twice the same."""
    low, high = bounds
    span = max(high - low, 0.2)
    at_low, at_high = rng.normal(0, _RANGE_SPREAD)
    return low + span * float(at_low), high + span * float(at_high)
