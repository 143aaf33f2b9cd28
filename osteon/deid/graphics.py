"""Overlays without letters, kept where a policy cleans graphics instead of removing them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from osteon.deid.elements import raw_bytes
from osteon.deid.pixels import clean_pixels
from osteon.deid.source import Source
from osteon.dicom.dataset import MALFORMED
from osteon.domain.errors import QuarantinedError

Value = tuple[str, bytes]

_ROWS, _COLUMNS, _KIND, _ORIGIN, _BITS, _POSITION, _DATA = (
    0x0010, 0x0011, 0x0040, 0x0050, 0x0100, 0x0102, 0x3000
)  # fmt: skip
_MAX_PIXELS = 120_000_000


def clean_overlays(source: Source) -> dict[int, Value]:
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
        if bits is None or _has_letters(bits):
            continue
        rows, columns = bits.shape
        origin = _bytes(source, base | _ORIGIN)
        packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
        made[base | _ROWS] = ("US", rows.to_bytes(2, "little"))
        made[base | _COLUMNS] = ("US", columns.to_bytes(2, "little"))
        made[base | _KIND] = ("CS", b"G ")
        made[base | _ORIGIN] = ("SS", origin if len(origin) == 4 else b"\1\0\1\0")
        made[base | _BITS], made[base | _POSITION] = ("US", b"\1\0"), ("US", b"\0\0")
        made[base | _DATA] = ("OW", packed + b"\0" * (len(packed) % 2))
    return made


def _bits(source: Source, base: int) -> NDArray[np.bool_] | None:
    rows, columns = (int.from_bytes(_bytes(source, base | e)[:2], "little") for e in (_ROWS, _COLUMNS))
    data = _bytes(source, base | _DATA)
    if not 0 < rows * columns <= min(_MAX_PIXELS, len(data) * 8):
        return None
    unpacked = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[: rows * columns]
    return unpacked.reshape(rows, columns).astype(bool)


def _bytes(source: Source, tag: int) -> bytes:
    element = source.elements.get(tag)
    return (raw_bytes(element) or b"") if element is not None else b""


def _has_letters(bits: NDArray[np.bool_]) -> bool:
    """Text, a marker or a page: whatever reads like letters."""
    try:
        cleaned = clean_pixels(bits.astype(np.uint8) * 255)
    except QuarantinedError:
        return True
    return bool(cleaned.removed or cleaned.kept)
