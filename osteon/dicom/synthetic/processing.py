"""The processing look of a vendor: normalisation, multiscale contrast, edge enhancement, tone curve."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.dicom.synthetic.projection import Map


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a device turns its signal into grey levels (1 is bright bone)."""

    low: float
    """Grey of the thinnest soft tissue."""
    high: float
    """Grey of the densest bone."""
    gamma: float
    compress: float
    """Share of the coarse background taken away (multiscale range compression)."""
    detail: float
    """Gain of structures below about 6 mm."""
    edge: float
    """Unsharp gain at the scale of the pixel."""
    shutter: float | None
    """Grey outside the collimation; None keeps the picture's own unexposed light grey."""


def render_look(signal: Map, bounds: tuple[float, float], look: Look, spacing_mm: float) -> Map:
    """Grey levels in [0, 1], bone bright, of a full-resolution signal.

    Args:
        signal: -log(I / I0), (H, W).
        bounds: low and high signal of the anatomy.
        look: the vendor's parameters.
        spacing_mm: pixel spacing at the detector.
    """
    low, high = bounds
    span = max(high - low, 0.2)
    grey = (signal - low) * np.float32((look.high - look.low) / span) + np.float32(look.low)
    factor = 8
    small = cv2.resize(grey, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    small = np.clip(small, -0.1, 1.4)
    base = cv2.GaussianBlur(small, (0, 0), 5.0 / (spacing_mm * factor))
    coarse = (
        look.compress * (base - 0.5 * (look.low + look.high)) * np.clip(base * 3, 0, 1) + look.detail * base
    )
    coarse = cv2.resize(coarse, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR)
    grey = grey * np.float32(1 + look.detail) - coarse
    if look.edge > 0:
        grey += np.float32(look.edge) * (grey - cv2.blur(grey, (7, 7)))
    return tone(grey, look.gamma)


def tone(grey: Map, gamma: float) -> Map:
    """Soft-shouldered tone curve on [0, 1]."""
    table_in = np.linspace(-0.2, 1.5, 512)
    toe = np.log1p(np.exp((table_in - 0.02) * 40)) / 40
    body = np.clip(toe, 0, None) ** gamma
    shoulder = np.where(body > 0.75, 0.75 + 0.25 * np.tanh((body - 0.75) / 0.25), body)
    index = np.clip((grey + 0.2) * (511 / 1.7), 0, 511).astype(np.uint16)
    return np.asarray(shoulder.astype(np.float32)[index], np.float32)


def collimate(
    grey: Map,
    margins: tuple[float, float, float, float],
    turn_degrees: float,
    shutter: float | None,
    rng: np.random.Generator,
) -> Map:
    """Shade the unexposed border: an electronic shutter, or the pale raw border of a cassette."""
    height, width = grey.shape
    left, top, right, bottom = (
        margins[0] * width,
        margins[1] * height,
        width * (1 - margins[2]),
        height * (1 - margins[3]),
    )
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)]) - (width / 2, height / 2)
    angle = np.deg2rad(turn_degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    polygon = corners @ turn.T + (width / 2, height / 2)
    mask: NDArray[np.uint8] = np.zeros((height // 4, width // 4), np.uint8)
    cv2.fillPoly(mask, [np.round(polygon * 4).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(mask, (0, 0), 0.6 if shutter is not None else 1.6)
    share = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255.0
    level = shutter if shutter is not None else float(rng.uniform(0.62, 0.8))
    return np.asarray(grey * share + level * (1 - share), np.float32)
