"""A closer look at a candidate line at full size: is it drawn ink, or bone that happens to line up?

Drawn ink has one value, sharp outlines and one stroke width; bone has none of them.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.lines import Lines
from osteon.deid.pixels.strokes import KERNEL

LOOKS = (
    "apart", "ink_spread", "paper_spread", "between", "contrast", "ink_share", "stroke", "stroke_spread",
    "steep", "same_value", "at_end", "pieces", "piece_heights", "turns", "rim",
    "stroke_share", "stroke_equal", "paper_equal", "stroke_value", "stroke_steep", "stroke_rim",
    "stroke_mode",
)  # fmt: skip
_MAX_PIXELS = 60_000


def look_at(grey: Grey, frame: NDArray[Any], lines: Lines, number: int, ends: tuple[int, int]) -> list[float]:
    """The measures named in LOOKS, for one line; `ends` are the least and greatest value of the frame."""
    left, top, right, bottom = (int(v) for v in lines.box[number])
    dark, level, peak = (float(lines.column(name)[number]) for name in ("dark", "level", "contrast"))
    pad = 2 + (min(right - left, bottom - top) // 6)
    window = (
        slice(max(0, top - pad), min(grey.shape[0], bottom + pad)),
        slice(max(0, left - pad), min(grey.shape[1], right + pad)),
    )
    crop, raw = grey[window], frame[window]
    step = int(np.ceil(np.sqrt(crop.size / _MAX_PIXELS)))
    if step > 1:  # a long line of large letters: its middle tells as much
        keep = tuple(slice((n - n // step) // 2, (n + n // step) // 2 + 1) for n in crop.shape)
        keep = (slice(None), keep[1]) if lines.upright else (keep[0], slice(None))
        crop, raw = crop[keep], raw[keep]
    if not lines.upright:
        crop, raw = cv2.transpose(crop), raw.T
    if dark:
        crop = cv2.bitwise_not(crop)
    crop = np.ascontiguousarray(crop)
    return [*_by_threshold(crop, raw, ends), *_by_strokes(crop, raw, (KERNEL << int(level)) | 1, 0.5 * peak)]


def _by_strokes(crop: Grey, raw: NDArray[Any], kernel: int, least: float) -> list[float]:
    """Measures of what is thin: ink has equal neighbours in the stored values, grain has not."""
    raised = cv2.morphologyEx(crop, cv2.MORPH_TOPHAT, np.ones((kernel, kernel), np.uint8))
    on = raised > max(4.0, least)
    ink = int(np.count_nonzero(on))
    if ink < 6 or ink == on.size:
        return [0.0] * 7
    same = np.zeros(raw.shape, bool)
    same[:, :-1] |= raw[:, :-1] == raw[:, 1:]
    same[:-1] |= raw[:-1] == raw[1:]
    grain = crop[on].astype(np.float32)
    steep = cv2.morphologyEx(crop, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))[on]
    height = float(np.median(raised[on]))
    rows = on.mean(1)
    values = raw[on].astype(np.int64)
    counts = np.unique(values, return_counts=True)[1]
    return [
        ink / on.size, float(same[on].mean()), float(same[~on].mean()), float(grain.std()) / max(1.0, height),
        float(np.median(steep)) / max(1.0, height), float(rows[[0, -1]].mean() / max(1e-6, rows.max())),
        float(counts.max()) / ink,
    ]  # fmt: skip


def _by_threshold(crop: Grey, raw: NDArray[Any], ends: tuple[int, int]) -> list[float]:
    """Measures of what is bright against the rest of the crop."""
    _, ink = cv2.threshold(crop, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    inside = ink.astype(bool)
    on, off = crop[inside].astype(np.float32), crop[~inside].astype(np.float32)
    if len(on) < 8 or len(off) < 8:
        return [0.0] * 15
    mean_on, mean_off = float(on.mean()), float(off.mean())
    contrast = max(1.0, mean_on - mean_off)
    share = len(on) / crop.size
    total = float(crop.astype(np.float32).var()) + 1e-3
    quarter, three = mean_off + 0.3 * contrast, mean_off + 0.7 * contrast
    between = float(np.count_nonzero((crop > quarter) & (crop < three))) / len(on)
    distance = cv2.distanceTransform(ink, cv2.DIST_L2, 3)
    ridge = distance[(distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8))) & inside]
    steep = cv2.morphologyEx(crop, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    edge = (cv2.dilate(ink, np.ones((3, 3), np.uint8)) - cv2.erode(ink, np.ones((3, 3), np.uint8))).astype(
        bool
    )
    values, counts = np.unique(raw[inside], return_counts=True)
    most = int(counts.argmax())
    pieces = cv2.connectedComponentsWithStats(ink, connectivity=8)[2][1:]
    tall = pieces[:, 3].astype(np.float32)
    real = tall >= 0.35 * max(1.0, float(tall.max()))
    height = crop.shape[0]
    turns = float(np.count_nonzero(ink[:, 1:] != ink[:, :-1])) / height / (crop.shape[1] / height)
    rim = np.concatenate([ink[0], ink[-1]])
    return [
        share * (1 - share) * contrast**2 / total,
        float(np.abs(on - np.median(on)).mean()) / contrast,
        float(np.abs(off - np.median(off)).mean()) / contrast,
        between, contrast, share,
        float(ridge.mean()) / height, float(ridge.std()) / max(1e-3, float(ridge.mean())),
        float(np.median(steep[edge])) / contrast if edge.any() else 0.0,
        float(counts[most]) / len(on), float(values[most] in ends),
        float(np.count_nonzero(real)) / (crop.shape[1] / height),
        float(tall[real].std()) / max(1.0, float(tall[real].mean())),
        turns, float(rim.mean()),
    ]  # fmt: skip
