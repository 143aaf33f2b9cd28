"""Overlays without letters, kept where a policy cleans graphics instead of removing them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from osteon.deid.burned_in import find_text
from osteon.deid.elements import raw_bytes
from osteon.dicom.dataset import MALFORMED

Value = tuple[str, bytes]

_ROWS, _COLUMNS, _KIND, _ORIGIN, _BITS, _POSITION, _DATA = (
    0x0010, 0x0011, 0x0040, 0x0050, 0x0100, 0x0102, 0x3000
)  # fmt: skip
_MAX_PIXELS = 120_000_000


def clean_overlays(source: Dataset) -> dict[int, Value]:
    """Geometry and bits of each overlay plane of the data set in which no letters stand.

    Its texts (description, label, comments) go; an overlay inside the pixels' unused bits goes as well.
    Source: DICOM PS3.15 E.3.3, PS3.3 C.9.2.
    """
    made: dict[int, Value] = {}
    for group in range(0x6000, 0x6020, 2):
        base = group << 16
        try:
            bits = _bits(source, base)
        except MALFORMED:
            continue
        if bits is None or find_text(bits.astype(np.uint8) * 255):
            continue
        rows, columns = bits.shape
        origin = raw_bytes(source.get_item(base | _ORIGIN)) if base | _ORIGIN in source else None
        packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
        made[base | _ROWS] = ("US", rows.to_bytes(2, "little"))
        made[base | _COLUMNS] = ("US", columns.to_bytes(2, "little"))
        made[base | _KIND] = ("CS", b"G ")
        made[base | _ORIGIN] = ("SS", origin if origin and len(origin) == 4 else b"\1\0\1\0")
        made[base | _BITS], made[base | _POSITION] = ("US", b"\1\0"), ("US", b"\0\0")
        made[base | _DATA] = ("OW", packed + b"\0" * (len(packed) % 2))
    return made


def _bits(source: Dataset, base: int) -> NDArray[np.bool_] | None:
    if base | _DATA not in source:
        return None
    rows, columns = int(source[base | _ROWS].value), int(source[base | _COLUMNS].value)
    data = raw_bytes(source.get_item(base | _DATA))
    if not data or not 0 < rows * columns <= min(_MAX_PIXELS, len(data) * 8):
        return None
    unpacked = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[: rows * columns]
    return unpacked.reshape(rows, columns).astype(bool)
