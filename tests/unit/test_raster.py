"""PNG, JPEG and TIFF through the same door."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from osteon.dicom import Limits, read_picture
from osteon.domain.errors import RefusedError
from tests.dicom_files import dicom_bytes, limb


def saved(picture: Image.Image, name: str, **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format=name, **options)
    return buffer.getvalue()


def test_an_eight_bit_png_is_divided_by_255() -> None:
    pixels = limb(bits=8).astype(np.uint8)
    found = read_picture(saved(Image.fromarray(pixels), "PNG"))
    np.testing.assert_allclose(found.pixels, pixels / 255, atol=1e-6)
    assert not found.is_dicom
    assert found.stored_bits == 8


@pytest.mark.parametrize(("bits", "stored"), [(10, 10), (12, 12), (16, 16)])
@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_a_wide_gray_picture_is_divided_by_the_bits_it_needs(name: str, bits: int, stored: int) -> None:
    found = read_picture(saved(Image.fromarray(limb(bits=bits)), name))
    np.testing.assert_allclose(found.pixels, limb(bits=bits) / ((1 << bits) - 1), atol=1e-6)
    assert found.stored_bits == stored


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "1", "CMYK"])
def test_any_colour_mode_becomes_gray(mode: str) -> None:
    gray = Image.fromarray(limb(bits=8).astype(np.uint8))
    found = read_picture(saved(gray.convert(mode), "TIFF" if mode in {"CMYK", "1"} else "PNG"))
    assert found.pixels.shape == (48, 40)
    assert found.pixels.max() > 0.9


def test_the_exif_orientation_of_a_photograph_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise
    picture = Image.fromarray(limb(bits=8).astype(np.uint8))
    found = read_picture(saved(picture, "JPEG", exif=exif, quality=98))
    assert found.pixels.shape == (40, 48)
    np.testing.assert_allclose(found.pixels, np.rot90(limb(bits=8), -1) / 255, atol=0.05)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_whose_zero_is_white_is_inverted(bits: int) -> None:
    pixels = limb(bits=bits).astype(np.uint8 if bits == 8 else np.uint16)
    data = bytearray(saved(Image.fromarray(pixels), "TIFF"))
    # The photometric tag (262, SHORT, one value): 1, black is zero, becomes 0, white is zero.
    entry = data.index(struct.pack("<HHIH", 262, 3, 1, 1))
    data[entry + 8] = 0
    found = read_picture(bytes(data))
    np.testing.assert_allclose(found.pixels, 1 - pixels / ((1 << bits) - 1), atol=1e-5)


def test_a_dicom_file_with_a_tiff_preamble_is_dicom() -> None:
    dual = b"II*\x00" + bytes(124) + dicom_bytes()[128:]
    assert read_picture(dual).is_dicom


def test_a_png_bomb_is_refused_from_its_header() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    with pytest.raises(RefusedError, match="pixels"):
        read_picture(bomb + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")))


@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF"])
def test_a_cut_picture_is_refused(name: str) -> None:
    data = saved(Image.fromarray(limb(200, 200, bits=8).astype(np.uint8)), name)
    with pytest.raises(RefusedError):
        read_picture(data[: len(data) // 2])


def test_a_small_limit_holds_for_rasters_too() -> None:
    with pytest.raises(RefusedError, match="at most 10 pixels"):
        read_picture(saved(Image.fromarray(limb().astype(np.uint8)), "PNG"), limits=Limits(max_pixels=10))
