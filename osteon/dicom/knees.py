"""One film of both knees: whether a picture is one, and its two halves.

The threshold was chosen on real knees: 300 pairs put side by side, 600 single ones (docs/model-server.md)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from osteon.dicom.picture import Picture

_LEAST_ASPECT = 1.15  # columns to rows; half of it is still a knee's picture
_VALLEY = 0.45  # of the lower of the two legs, at most: air between them
_COLUMNS = 96


def both_knees(picture: Picture) -> bool:
    """Whether a picture of knees, or of an unknown part, shows two legs side by side.

    A side in the header, or a view from the side, says that it does not. Else the columns decide: two legs
    with air between them, on a picture wide enough for both.
    """
    if picture.body_part not in ("knee", "unknown") or picture.laterality != "unknown":
        return False
    rows, columns = picture.pixels.shape
    return (
        picture.view != "lateral" and columns >= _LEAST_ASPECT * rows and _valley(picture.pixels) <= _VALLEY
    )


def split_knees(picture: Picture) -> tuple[Picture, Picture]:
    """The patient's right and left knee, in this order.

    The patient faces the reader: the right knee is on the picture's left, unless the header's orientation
    says that columns go to the patient's right (PS3.3 C.7.6.1.1.1).
    """
    middle = _gap(picture.pixels)
    first, second = picture.pixels[:, :middle], picture.pixels[:, middle:]
    if picture.patient_orientation[:1] and picture.patient_orientation[0].startswith("R"):
        first, second = second, first
    return (
        replace(picture, pixels=np.ascontiguousarray(first), laterality="right"),
        replace(picture, pixels=np.ascontiguousarray(second), laterality="left"),
    )


def _profile(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """How much lies in each of some columns, above the darkest: of the middle rows, where knees are."""
    rows, columns = pixels.shape
    middle = pixels[rows // 5 : max(rows - rows // 5, rows // 5 + 1)]
    step = max(1, middle.shape[0] // 128)
    edges = np.linspace(0, columns, _COLUMNS + 1).astype(int)
    means = middle[::step].mean(axis=0, dtype=np.float64)
    profile = np.add.reduceat(means, edges[:-1]) / np.maximum(np.diff(edges), 1)
    profile = np.convolve(np.pad(profile, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    return np.asarray(profile - np.quantile(pixels[::step, :: max(1, columns // 256)], 0.02))


def _valley(pixels: NDArray[np.float32]) -> float:
    """The lowest column of the middle third against the lower of both sides' highest; 1 without legs."""
    profile = _profile(pixels)
    third = _COLUMNS // 3
    low = profile[third : 2 * third].min()
    legs = min(profile[: third + third // 2].max(), profile[third + third // 2 :].max())
    return float(max(low, 0.0) / legs) if legs > 0 else 1.0


def _gap(pixels: NDArray[np.float32]) -> int:
    """The column in the middle of the air between the legs."""
    profile = _profile(pixels)
    third = _COLUMNS // 3
    inner = profile[third : 2 * third]
    lowest = np.flatnonzero(inner <= inner.min() + 1e-6)
    return int((third + lowest.mean() + 0.5) / _COLUMNS * pixels.shape[1])
