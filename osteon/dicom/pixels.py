"""Stored pixel values of one instance, whatever its transfer syntax.

Sources: DICOM PS3.5 sections 8.1 (stored values), 8.2 (native and encapsulated), annex A.4 and G (RLE).
Decoders: imagecodecs (BSD), which wraps libjpeg-turbo 3 (8 and 12 bits, lossless with every predictor),
CharLS and OpenJPEG (JPEG 2000 and its high-throughput form).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import generate_frames
from pydicom.uid import (
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from osteon.dicom.codestream import Codestream, read_codestream
from osteon.dicom.dataset import MALFORMED, Attributes, quieten_libraries
from osteon.dicom.layout import PixelLayout, pixel_layout
from osteon.dicom.limits import DEFAULT_LIMITS, Limits
from osteon.dicom.native import native_frame
from osteon.domain.errors import RefusedError

Colour = Literal["gray", "palette", "rgb", "ybr"]

_HTJ2K = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")
_JPEG = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1})
_DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
_EXACT = frozenset({JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, _HTJ2K[0], _HTJ2K[1]})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPixels:
    """Decoded frames with what is needed to show them.

    Attributes:
        frames: (N, rows, columns), or (N, rows, columns, 3) for colour.
        colour: the space of the samples after decoding.
        stored_bits: BitsStored of the data set.
    """

    frames: NDArray[Any]
    colour: Colour
    stored_bits: int
    layout: PixelLayout


def stored_pixels(ds: Attributes, *, limits: Limits = DEFAULT_LIMITS) -> NDArray[Any]:
    """Stored values of every frame: (rows, columns), with frames first and colour last where there are any.

    No look-up table, window or inversion is applied; the padding bits are removed and signed
    values are signed.

    Raises:
        RefusedError: no pixels, a syntax that is not read, broken or too many pixels.
    """
    frames = decode_frames(ds, limits=limits).frames
    return frames[0] if len(frames) == 1 else frames


def decode_frames(
    dataset: Attributes, *, first_only: bool = False, limits: Limits = DEFAULT_LIMITS
) -> StoredPixels:
    """The stored values of all frames, or of the first."""
    quieten_libraries()
    try:
        return _decode_frames(dataset, first_only, limits)
    except MALFORMED as error:
        raise RefusedError(
            "pixel data that its attributes describe",
            f"pixel data that cannot be decoded ({type(error).__name__})",
            "send the instance again, uncompressed if it can be",
        ) from None


def _decode_frames(dataset: Attributes, first_only: bool, limits: Limits) -> StoredPixels:
    if "PixelData" not in dataset:
        raise RefusedError(
            "PixelData", "an instance without it", "send the image, not a report or a reference"
        )
    layout = pixel_layout(dataset, limits)
    count = 1 if first_only else layout.frames
    limits.check_shape(layout.rows, layout.columns, decoded_bytes=count * _frame_bytes(layout))
    uid, data = transfer_syntax(dataset), dataset["PixelData"].value
    if is_encapsulated(dataset, uid):
        frames = [
            decode_encapsulated(frame, layout, uid, limits)
            for frame in _first(generate_frames(data, number_of_frames=layout.frames), count)
        ]
    else:
        swapped, words = uid == ExplicitVRBigEndian, _is_words(dataset)
        frames = [
            native_frame(data, layout, index, big_endian=swapped, words=words) for index in range(count)
        ]
    return StoredPixels(
        frames=frames[0][None] if count == 1 else np.stack(frames),
        colour=_colour(layout, uid),
        stored_bits=layout.bits_stored,
        layout=layout,
    )


def transfer_syntax(dataset: Attributes) -> str:
    """The transfer syntax the data set was read with; native little endian when it does not say."""
    meta = getattr(dataset, "file_meta", None)
    return str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""


def is_encapsulated(dataset: Attributes, uid: str) -> bool:
    """Whether the pixel data is a sequence of compressed fragments."""
    family = uid.startswith("1.2.840.10008.1.2.4.") or uid in {RLELossless, _DEFLATED_FRAMES}
    return family or bool(dataset["PixelData"].is_undefined_length)


def _frame_bytes(layout: PixelLayout) -> int:
    return layout.rows * layout.columns * layout.samples * (4 if layout.bits_allocated > 16 else 2)


def _is_words(dataset: Attributes) -> bool:
    return bool(dataset["PixelData"].VR == "OW")


def _first(frames: Any, count: int) -> list[bytes]:
    found = [frame for _, frame in zip(range(count), frames, strict=False)]
    if len(found) < count:
        raise RefusedError(f"{count} frames", f"{len(found)}", "send the instance again from its source")
    return found


def _colour(layout: PixelLayout, uid: str) -> Colour:
    if layout.samples == 1:
        return "palette" if layout.photometric == "PALETTE COLOR" else "gray"
    if layout.photometric in {"RGB", "YBR_ICT", "YBR_RCT"}:
        return "rgb"
    # libjpeg-turbo hands out RGB whatever the stream holds; the others leave the samples as they are.
    return "rgb" if uid in _JPEG else "ybr"


def decode_encapsulated(frame: bytes, layout: PixelLayout, uid: str, limits: Limits) -> NDArray[Any]:
    """One compressed frame as stored values, (rows, columns) or (rows, columns, 3)."""
    if uid == RLELossless:
        return _decode_rle(frame, layout)
    if uid == _DEFLATED_FRAMES:
        size = (layout.frame_bits + 7) // 8
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, size)
        return native_frame(inflated, layout, 0)
    header = read_codestream(frame, limits)
    if (header.rows, header.columns) != (layout.rows, layout.columns) or header.samples != layout.samples:
        raise RefusedError(
            f"a frame of {layout.rows} x {layout.columns} x {layout.samples}",
            f"{header.rows} x {header.columns} x {header.samples}",
            "correct Rows and Columns at the source",
        )
    decoded = _decode_stream(frame, layout, header)
    return _settle(decoded, layout, header, exact=uid in _EXACT)


def _decode_rle(frame: bytes, layout: PixelLayout) -> NDArray[Any]:
    import imagecodecs

    if layout.bits_allocated not in (8, 16, 32):
        raise RefusedError(
            "RLE of whole bytes", f"BitsAllocated {layout.bits_allocated}", "send it uncompressed"
        )
    dtype = np.dtype(f"<u{layout.bits_allocated // 8}")
    size = layout.rows * layout.columns * layout.samples * dtype.itemsize
    planes = bytearray(size)
    raw = imagecodecs.dicomrle_decode(frame, dtype, out=planes)
    if len(raw) != size:
        raise RefusedError(f"{size} bytes of pixels", f"{len(raw)}", "send the instance again")
    # Each sample of colour is a plane of its own, whatever PlanarConfiguration says (PS3.5 G.2).
    return native_frame(raw, layout, 0, planar=True)


def _decode_stream(frame: bytes, layout: PixelLayout, header: Codestream) -> NDArray[Any]:
    import imagecodecs

    if header.family == "jpeg2000":
        return np.asarray(imagecodecs.jpeg2k_decode(frame, planar=False, numthreads=1))
    if header.family == "jpeg-ls":
        decoded = np.asarray(imagecodecs.jpegls_decode(frame))
        planes_first = header.samples == 3 and decoded.shape[0] == 3 and decoded.shape[-1] != 3
        return np.moveaxis(decoded, 0, -1) if planes_first else decoded
    if layout.samples == 1:
        return np.asarray(imagecodecs.jpeg_decode(frame))
    unmarked_rgb = layout.photometric == "RGB" and not header.colour_marked
    return np.asarray(
        imagecodecs.jpeg_decode(frame, colorspace="RGB" if unmarked_rgb else None, outcolorspace="RGB")
    )


def _settle(decoded: NDArray[Any], layout: PixelLayout, header: Codestream, *, exact: bool) -> NDArray[Any]:
    """Decoded samples as stored values: signed where the data set says so, within BitsStored.

    A lossy stream may overshoot the stored range, so it is clipped; masking would turn the
    brightest pixels black. A lossless one may carry overlay bits above, so it is masked.
    """
    shape = (layout.rows, layout.columns) + ((3,) if layout.samples == 3 else ())
    if decoded.shape != shape:
        raise RefusedError(
            "a frame of the stated shape", "another shape", "correct the instance at its source"
        )
    low, high = _stored_range(layout)
    if decoded.dtype == _stored_dtype(layout) and not layout.signed and not header.signed:
        # The usual case, without the copies that the rest makes.
        top = decoded.dtype.type(high)
        if not exact:
            np.minimum(decoded, top, out=decoded)
        elif header.precision > layout.bits_stored and (layout.shift or decoded.max() > top):
            decoded = (decoded >> layout.shift) & top
        return decoded
    values: NDArray[Any] = decoded.astype(np.int32 if decoded.dtype.itemsize > 1 else np.int16)
    if layout.signed and not header.signed:
        sign = 1 << (header.precision - 1)
        values = (values ^ sign) - sign
    if not exact or layout.signed:
        values = np.clip(values, low, high)
    elif header.precision > layout.bits_stored:
        values = (values >> layout.shift) & high
    return values.astype(_stored_dtype(layout), copy=False)


def _stored_range(layout: PixelLayout) -> tuple[int, int]:
    if layout.signed:
        return -(1 << (layout.bits_stored - 1)), (1 << (layout.bits_stored - 1)) - 1
    return 0, (1 << layout.bits_stored) - 1


def _stored_dtype(layout: PixelLayout) -> np.dtype[Any]:
    width = 1 if layout.bits_stored <= 8 else 2 if layout.bits_stored <= 16 else 4
    return np.dtype(f"{'i' if layout.signed else 'u'}{width}")
