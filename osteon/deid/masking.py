"""Boxes that a reviewer drew, blacked out before anything else looks at the picture."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from osteon.dicom.dataset import text_of
from osteon.dicom.pixels import stored_pixels
from osteon.domain.errors import RefusedError

Rectangle = tuple[int, int, int, int]


def mask_boxes(dataset: Dataset, boxes: Iterable[Rectangle]) -> Dataset:
    """A copy of the data set, uncompressed, whose boxes (left, top, width, height) are black in every frame.

    Raises:
        RefusedError: a box outside the picture, or pixels that are not monochrome.
    """
    pixels = stored_pixels(dataset)
    frames = pixels[None].copy() if pixels.ndim == 2 else pixels.copy()
    if frames.ndim != 3:
        raise RefusedError("monochrome frames", "colour samples", "reject the case")
    rows, columns = frames.shape[1:]
    inverted = text_of(dataset, "PhotometricInterpretation") == "MONOCHROME1"
    black = frames.max() if inverted else frames.min()
    for left, top, width, height in boxes:
        inside = 0 <= left < left + width <= columns and 0 <= top < top + height <= rows
        if not inside:
            raise RefusedError(
                f"boxes inside {columns} x {rows} pixels", "one outside, or empty", "draw it again"
            )
        frames[:, top : top + height, left : left + width] = black
    return _with_pixels(dataset, frames)


def _with_pixels(dataset: Dataset, frames: np.ndarray) -> Dataset:
    masked = copy.copy(dataset)
    signed = int(masked.get("PixelRepresentation", 0)) == 1
    stored = int(masked.BitsStored)
    bits = 8 if stored <= 8 else 16 if stored <= 16 else 32
    masked.BitsAllocated, masked.HighBit = bits, stored - 1
    cells = frames.astype(f"<{'i' if signed else 'u'}{bits // 8}").tobytes()
    masked.PixelData = cells + b"\0" * (len(cells) % 2)
    masked["PixelData"].VR = "OB" if bits == 8 else "OW"
    masked["PixelData"].is_undefined_length = False
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    masked.file_meta = meta
    return masked
