"""PNG, JPEG and TIFF pictures through the same door as DICOM.

A raster is taken as bone bright, unless its TIFF photometric says that zero is white. EXIF orientation
is applied; colour is reduced to luminance (ITU-R BT.601), transparency ignored, the first page of
several used. A 16-bit picture whose values need fewer bits (10, 12, 14: an export of a detector's range)
fills [0, 1] by the bits that it needs.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from osteon.dicom.codestream import read_codestream
from osteon.dicom.dataset import quieten_libraries
from osteon.dicom.limits import Limits
from osteon.domain.errors import RefusedError

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
_DEPTHS = (8, 10, 12, 14, 16)
_WHITE_IS_ZERO, _PHOTOMETRIC_TAG = 0, 262
_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error,
    MemoryError, UnidentifiedImageError, ZeroDivisionError, AttributeError, RuntimeError,
)  # fmt: skip


def raster_format(head: bytes) -> str | None:
    """PNG, JPEG or TIFF by its first bytes; None for anything else."""
    return next((name for signature, name in _SIGNATURES.items() if head.startswith(signature)), None)


def read_raster(data: bytes, limits: Limits) -> tuple[NDArray[np.float32], int, int]:
    """The picture in [0, 1], the bits its values need, and how many pages it has.

    Raises:
        RefusedError: broken, unsupported or too large.
    """
    quieten_libraries()
    name = raster_format(data)
    if name == "JPEG":
        read_codestream(data, limits)
    try:
        with Image.open(BytesIO(data), formats=[name or "PNG"]) as picture:
            limits.check_shape(picture.height, picture.width)
            pages = int(getattr(picture, "n_frames", 1))
            inverted = _needs_inversion(picture)
            upright = ImageOps.exif_transpose(picture)
            values, bits = _luminance(upright)
    except Image.DecompressionBombError:
        raise RefusedError(
            f"at most {limits.max_pixels} pixels", "many more", "send a smaller picture"
        ) from None
    except _BROKEN as error:
        raise RefusedError(
            f"a whole {name} picture",
            f"one that cannot be decoded ({type(error).__name__})",
            "export it again",
        ) from None
    return (np.float32(1) - values if inverted else values), bits, pages


def _needs_inversion(picture: Image.Image) -> bool:
    """Whether zero is white and Pillow has not turned it round (it does for 1 and 8 bits)."""
    tags: Any = getattr(picture, "tag_v2", None)
    return tags is not None and tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO and picture.mode.startswith("I")


def _luminance(picture: Image.Image) -> tuple[NDArray[np.float32], int]:
    if picture.mode.startswith("I"):
        values = np.asarray(picture).astype(np.float32)
        peak = float(values.max())
        if values.min() < 0 or peak > 65535:
            raise RefusedError("a gray picture of at most 16 bits", "a wider one", "export it as 16-bit PNG")
        bits = next(depth for depth in _DEPTHS if peak <= (1 << depth) - 1)
        return values / np.float32((1 << bits) - 1), bits
    if picture.mode == "F":
        values = np.asarray(picture).astype(np.float32)
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            raise RefusedError("a float picture within [0, 1]", "other values", "export it as 16-bit PNG")
        return values, 16
    gray = picture if picture.mode == "L" else _opaque(picture).convert("L")
    return np.asarray(gray).astype(np.float32) / np.float32(255), 8


def _opaque(picture: Image.Image) -> Image.Image:
    return (
        picture.convert("RGB")
        if picture.mode in {"P", "PA", "RGBA", "LA", "CMYK", "YCbCr", "HSV"}
        else picture
    )
