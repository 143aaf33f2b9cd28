"""Uncompressed frames: bytes to stored values.

Source: DICOM PS3.5 section 8.1.1 (cells, BitsStored, HighBit) and 8.2.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.dicom.layout import PixelLayout
from osteon.domain.errors import RefusedError


def native_frame(
    data: bytes | bytearray,
    layout: PixelLayout,
    index: int,
    *,
    big_endian: bool = False,
    words: bool = True,
    planar: bool | None = None,
) -> NDArray[Any]:
    """Frame `index` of uncompressed pixel data, (rows, columns) or (rows, columns, 3).

    Raises:
        RefusedError: fewer bytes than the attributes promise. More are padding and are ignored.
    """
    start_bit = index * layout.frame_bits
    end = (start_bit + layout.frame_bits + 7) // 8
    if len(data) < end:
        raise RefusedError(
            f"{end} bytes of pixel data",
            f"{len(data)}",
            "the instance was cut: send it again from its source",
        )
    samples = layout.rows * layout.columns * (2 if layout.subsampled else layout.samples)
    if layout.bits_allocated in (1, 12):
        cells = _unpack(data, layout, start_bit, samples)
    else:
        cells = _whole_bytes(data, layout, start_bit // 8, samples, big_endian, words)
    values = _strip(cells, layout)
    return _arrange(values, layout, layout.planar if planar is None else planar)


def _whole_bytes(
    data: bytes | bytearray, layout: PixelLayout, start: int, samples: int, big_endian: bool, words: bool
) -> NDArray[Any]:
    width = layout.bits_allocated // 8
    if width == 1 and big_endian and words:
        # Bytes written as big-endian 16-bit words lie swapped in pairs (PS3.5 annex A.3).
        even = len(data) // 2 * 2
        data = np.frombuffer(data[:even], ">u2").astype("<u2").tobytes() + data[even:]
    return np.frombuffer(data, f"{'>' if big_endian else '<'}u{width}", samples, start)


def _unpack(data: bytes | bytearray, layout: PixelLayout, start_bit: int, samples: int) -> NDArray[Any]:
    """Cells of 1 bit (least significant first) or 12 bits (packed, from ACR-NEMA equipment)."""
    first, width = start_bit // 8, layout.bits_allocated
    size = ((start_bit % 8) + samples * width + 7) // 8
    raw = np.frombuffer(data, np.uint8, size, first)
    bits = np.unpackbits(raw, bitorder="little")[start_bit % 8 :][: samples * width]
    if width == 1:
        return bits
    places = (1 << np.arange(width)).astype(np.uint16)
    packed: NDArray[Any] = bits.reshape(samples, width) @ places
    return packed


def _strip(cells: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    """Cells without the bits around the stored ones, signed where the layout says so."""
    if layout.shift:
        cells = cells >> layout.shift
    if layout.bits_stored < layout.bits_allocated:
        cells = cells & cells.dtype.type((1 << layout.bits_stored) - 1)
    native = cells.astype(cells.dtype.newbyteorder("="), copy=False)
    if not layout.signed:
        return native
    width = native.dtype.itemsize * 8
    unused = width - layout.bits_stored
    lifted: NDArray[Any] = (native << native.dtype.type(unused)).view(f"i{native.dtype.itemsize}")
    return lifted >> unused


def _arrange(values: NDArray[Any], layout: PixelLayout, planar: bool) -> NDArray[Any]:
    shape = (layout.rows, layout.columns)
    if layout.samples == 1:
        return values.reshape(shape)
    if layout.subsampled and values.size == layout.rows * layout.columns * 2:
        return _expand_422(values, shape)
    if planar:
        return np.moveaxis(values.reshape(3, *shape), 0, -1)
    return values.reshape(*shape, 3)


def _expand_422(values: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """Y1 Y2 Cb Cr for two neighbours -> Y Cb Cr for each (PS3.3 C.7.6.3.1.2)."""
    if shape[1] % 2:
        raise RefusedError("an even number of columns for YBR 4:2:2", "an odd one", "send it as RGB")
    quads = values.reshape(-1, 4)
    colour = np.repeat(quads[:, 2:], 2, axis=0)
    luma = quads[:, :2].reshape(-1, 1)
    return np.concatenate([luma, colour], axis=1).reshape(*shape, 3)
