"""From stored values to what a viewer shows: modality, VOI and presentation, in that order.

Sources: DICOM PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT, windows), C.11.6 (presentation LUT),
C.8.11.3 (DX: intensity relationship, presentation intent) and PS3.4 annex N.2 (the order).

Choices where the standard leaves one:

* A VOI LUT goes before a window, and the first of several of each is used.
* No usable VOI (absent, width 0, or one that flattens the picture): the values from the 0.1st to the
  99.9th percentile, padding left out, fill the range. Collimator borders and markers are that small.
* MONOCHROME1 and a PRESENTATION LUT SHAPE of INVERSE say the same thing in a DX image; the picture is
  inverted once, when either says so.
* An image FOR PROCESSING holds exposure, not attenuation: its logarithm is taken where the
  relationship is linear, and the sign attribute says which end is bone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from osteon.dicom.dataset import items_of, numbers_of, text_of
from osteon.domain.errors import RefusedError

Voi = Literal["lut", "window", "percentile", "raster"]
Values = NDArray[np.float64]

LOW_PERCENTILE, HIGH_PERCENTILE = 0.1, 99.9
_INDICES = 1 << 16  # stored values that one look-up table takes
_EXACT_COUNT = 1 << 24  # up to here a float32, as OpenCV counts in, is exact


def display_gray(stored: NDArray[Any], dataset: Dataset) -> tuple[NDArray[np.float32], Voi]:
    """Stored gray values, (rows, columns), as float32 in [0, 1] with bone bright, and the VOI used."""
    stored = np.ascontiguousarray(stored)
    if stored.dtype.itemsize > 2:
        low, high = int(stored.min()), int(stored.max())
        if high - low >= _INDICES:
            return _display_direct(stored, dataset, _padding(dataset, low, high))
        index, first = np.subtract(stored, low, dtype=np.int64).astype(np.uint16), low
    else:
        low, high = (int(one) for one in cv2.minMaxLoc(stored)[:2])
        # A negative value is its two's complement: a view, where a subtraction would be a copy.
        index, first = stored.view(f"u{stored.dtype.itemsize}"), 0
    domain = np.arange(low, high + 1)
    levels = 1 << (8 * index.dtype.itemsize)
    place = (domain - first) & (levels - 1)
    gone = _within(domain, _padding(dataset, low, high))
    seen = _Seen(lambda: np.where(gone, 0, _counts(index, levels)[place]), not (gone[0] or gone[-1]))
    table, voi = _render(domain.astype(np.float64), seen, dataset)
    shown = np.zeros(levels, dtype=np.float32)
    shown[place] = np.where(gone, 0.0, table)
    return np.asarray(cv2.LUT(index, shown[None]), dtype=np.float32), voi


@dataclass(frozen=True)
class _Seen:
    """How often each value of a domain occurs in a picture, counted when it is asked for.

    Attributes:
        count: gives the counts, one for each value, padding left out.
        ends: whether both ends of the domain occur.
    """

    count: Callable[[], NDArray[np.int64]]
    ends: bool

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """One count for each value; ones where all is padding."""
        counts = self.count()
        return counts if counts.any() else np.ones_like(counts)


def _counts(index: NDArray[Any], levels: int) -> NDArray[np.int64]:
    """How often each of that many values occurs; an eighth of the time of `np.bincount`."""
    counts = np.zeros(levels, dtype=np.int64)
    rows = max(1, _EXACT_COUNT // index.shape[1])
    for start in range(0, len(index), rows):
        part = cv2.calcHist([index[start : start + rows]], [0], None, [levels], [0, levels])
        counts += part[:, 0].astype(np.int64)
    return counts


def _display_direct(
    stored: NDArray[Any], dataset: Dataset, padding: tuple[float, float] | None
) -> tuple[NDArray[np.float32], Voi]:
    values, counts = np.unique(stored, return_counts=True)
    gone = _within(values, padding)
    seen = _Seen(lambda: np.where(gone, 0, counts), not (gone[0] or gone[-1]))
    table, voi = _render(values.astype(np.float64), seen, dataset)
    table[gone] = 0.0
    return table.astype(np.float32)[np.searchsorted(values, stored)], voi


def _render(domain: Values, seen: _Seen, dataset: Dataset) -> tuple[Values, Voi]:
    """The displayed value of every stored value in `domain`, of which some occur."""
    modality = apply_modality(domain, dataset)
    processing = text_of(dataset, "PresentationIntentType").upper() == "FOR PROCESSING"
    if processing and text_of(dataset, "PixelIntensityRelationship").upper() == "LIN":
        modality = np.log(np.maximum(modality, 1.0))
    shown, voi = _apply_voi(modality, seen, dataset, processing)
    if _inverted(dataset, processing):
        shown = 1.0 - shown
    return shown, voi


def _inverted(dataset: Dataset, processing: bool) -> bool:
    sign = numbers_of(dataset, "PixelIntensityRelationshipSign")
    if processing and sign:
        return sign[0] > 0  # +1: less X-ray, so bone, has the lower value
    monochrome1 = text_of(dataset, "PhotometricInterpretation").upper() == "MONOCHROME1"
    return monochrome1 or text_of(dataset, "PresentationLUTShape").upper() == "INVERSE"


def apply_modality(values: Values, dataset: Dataset) -> Values:
    """Stored values through the modality LUT, or rescale slope and intercept."""
    items = items_of(dataset, "ModalityLUTSequence")
    if items:
        table = read_table(items[0])
        if table is not None:
            return table[0](values)
    slope, intercept = numbers_of(dataset, "RescaleSlope"), numbers_of(dataset, "RescaleIntercept")
    scale = slope[0] if slope and np.isfinite(slope[0]) and slope[0] != 0 else 1.0
    offset = intercept[0] if intercept and np.isfinite(intercept[0]) else 0.0
    return values * scale + offset


def _apply_voi(values: Values, seen: _Seen, dataset: Dataset, processing: bool) -> tuple[Values, Voi]:
    candidates: list[tuple[Callable[[Values], Values] | None, Voi]] = []
    if not processing:
        candidates = [(_voi_table(dataset), "lut"), (_voi_window(dataset), "window")]
    for apply, name in candidates:
        if apply is None:
            continue
        shown = np.clip(apply(values), 0.0, 1.0)
        if _has_contrast(shown, seen) or not _has_contrast(values, seen):
            return shown, name
    return _percentile_range(values, seen.counts), "percentile"


def _has_contrast(values: Values, seen: _Seen) -> bool:
    if seen.ends and values[0] != values[-1] and np.isfinite(values).all():
        return True  # as most pictures have, without counting
    occurring = values[seen.counts > 0]
    return bool(np.isfinite(occurring).all() and occurring.max() > occurring.min())


def _voi_table(dataset: Dataset) -> Callable[[Values], Values] | None:
    for item in items_of(dataset, "VOILUTSequence"):
        table = read_table(item)
        if table is not None:
            apply, top = table
            return lambda values: apply(values) / top
    return None


def read_table(item: Dataset) -> tuple[Callable[[Values], Values], float] | None:
    """A LUT item as a function of values, and its highest output; None when it is not usable.

    Values beyond either end take the first or last entry (PS3.3 C.11.1.1.1).
    """
    descriptor = numbers_of(item, "LUTDescriptor")
    if len(descriptor) != 3:
        return None
    entries, bits = int(descriptor[0]) & 0xFFFF or 65536, int(descriptor[2])
    first = descriptor[1] if descriptor[1] < 32768 or not _signed(item) else descriptor[1] - 65536
    data = _table_data(item, entries)
    if data is None or not 1 <= bits <= 16:
        return None
    top = (1 << bits) - 1
    peak = int(data.max())
    if peak <= top // 4 and peak > 0:  # written with fewer bits than declared, as some vendors do
        top = (1 << peak.bit_length()) - 1

    def apply(values: Values) -> Values:
        places = np.clip(np.nan_to_num(np.rint(values - first)), 0, entries - 1)
        mapped: Values = data[places.astype(np.int64)]
        return mapped

    return apply, float(max(top, peak))


def _signed(item: Dataset) -> bool:
    return bool(item["LUTDescriptor"].VR == "SS")


def _table_data(item: Dataset, entries: int) -> Values | None:
    value: Any = item.get("LUTData")
    if isinstance(value, bytes | bytearray):
        width = 1 if len(value) < 2 * entries else 2
        if len(value) < width * entries:
            return None
        return np.frombuffer(bytes(value), f"<u{width}", entries).astype(np.float64)
    if value is None or isinstance(value, str | int) or len(value) < entries:
        return None
    return (np.asarray(value[:entries], dtype=np.int64) & 0xFFFF).astype(np.float64)


def _voi_window(dataset: Dataset) -> Callable[[Values], Values] | None:
    centre, width = numbers_of(dataset, "WindowCenter"), numbers_of(dataset, "WindowWidth")
    if not centre or not width or not np.isfinite([centre[0], width[0]]).all():
        return None
    function = text_of(dataset, "VOILUTFunction").upper() or "LINEAR"
    if width[0] <= 0 or (function == "LINEAR" and width[0] < 1):
        return None
    return lambda values: apply_window(values, centre[0], width[0], function)


def apply_window(values: Values, centre: float, width: float, function: str = "LINEAR") -> Values:
    """Values through a window, in [0, 1].

    LINEAR takes `width` as a number of steps, LINEAR_EXACT as a length, so that they differ by half
    a step; SIGMOID never reaches its ends. Source: DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3.

    >>> apply_window(np.array([0.0, 127.0, 255.0]), 128, 256).round(3).tolist()
    [0.0, 0.498, 1.0]
    """
    if function == "SIGMOID":
        steps = np.clip(-4.0 * (values - centre) / width, -700, 700)
        return np.asarray(1.0 / (1.0 + np.exp(steps)), dtype=np.float64)
    if function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0.0, 1.0)
    if function != "LINEAR":
        raise RefusedError(
            "a VOILUTFunction of LINEAR, LINEAR_EXACT or SIGMOID", "another one", "correct it at the source"
        )
    if width == 1:
        return np.asarray(values > centre - 0.5, dtype=np.float64)
    return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0.0, 1.0)


def _percentile_range(values: Values, counts: NDArray[np.int64]) -> Values:
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(counts[order])
    total = cumulated[-1]
    places = np.searchsorted(cumulated, np.array([LOW_PERCENTILE, HIGH_PERCENTILE]) / 100 * total)
    low, high = values[order][np.minimum(places, values.size - 1)]
    if high <= low:
        seen = values[counts > 0]
        low, high = seen.min(), seen.max()
    if high <= low:
        return np.zeros_like(values)
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0), dtype=np.float64)


def _padding(dataset: Dataset, low: int, high: int) -> tuple[float, float] | None:
    """The range of values that stand for no picture (PS3.3 C.7.5.1.1.2), unless it is everything."""
    first = numbers_of(dataset, "PixelPaddingValue")
    if not first:
        return None
    last = numbers_of(dataset, "PixelPaddingRangeLimit") or first
    bounds = min(first[0], last[0]), max(first[0], last[0])
    return None if bounds[0] <= low and bounds[1] >= high else bounds


def _within(domain: NDArray[Any], padding: tuple[float, float] | None) -> NDArray[np.bool_]:
    if padding is None:
        return np.zeros(domain.shape, dtype=np.bool_)
    return (domain >= padding[0]) & (domain <= padding[1])
