"""Pixel data into the output: without text, whole bits, losslessly, and saying what was lost before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from osteon.deid.bitstream import clean_frame
from osteon.deid.elements import Elements, number_in, set_number, set_text, text_in
from osteon.deid.identity import KnownIdentity
from osteon.deid.pixels import CleanedFrame, clean_pixels
from osteon.deid.pixels.reread import read_again, words_of_identity
from osteon.deid.policy import Policy
from osteon.dicom.dataset import Attributes, text_of
from osteon.dicom.limits import Limits
from osteon.dicom.pixels import is_encapsulated, stored_pixels, transfer_syntax
from osteon.domain.errors import QuarantinedError

_PIXEL_DATA = 0x7FE00010
# PS3.5 A.4 and PS3.3 C.7.6.1.1.5.1: what a stream of this syntax has lost, by which standard.
_LOSSY = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPixels:
    """How the pixels were written, and what was done to them; counts only."""

    syntax: str
    encapsulated: bool
    reencoded: bool
    removed: int
    markers: int
    read: int
    read_again: bool


NO_PIXELS = WrittenPixels(
    syntax="", encapsulated=False, reencoded=False, removed=0, markers=0, read=0, read_again=False
)


def write_pixels(
    dataset: Attributes, header: Elements, policy: Policy, known: KnownIdentity
) -> WrittenPixels:
    """Sets the header's pixel data, and the attributes that tell of it, from the data set's.

    A compressed picture without text keeps its stream, less what hides beside it. With text removed it is
    compressed again by JPEG-LS, lossless; RLE and uncompressed input is written uncompressed.

    Raises:
        RefusedError: pixels that cannot be decoded.
        QuarantinedError: a page of text, too much to remove, or text left in the output.
    """
    pixels = stored_pixels(dataset, limits=Limits(max_pixels=policy.limits.pixels))
    frames = pixels[None] if pixels.ndim == 2 else pixels
    if frames.ndim != 3:
        raise QuarantinedError("monochrome frames", "colour samples", "review it: it may be a scan")
    cleaned, reread = _cleaned(frames, header, policy, known)
    changed = any(one.removed for one in cleaned)
    syntax = transfer_syntax(dataset)
    encapsulated = is_encapsulated(dataset, syntax)
    if encapsulated:
        _state_loss(dataset, header, syntax, frames)
    stays_small = encapsulated and syntax != RLELossless
    if stays_small and not changed:
        found = generate_frames(dataset["PixelData"].value, number_of_frames=len(frames))
        _encapsulate(header, [clean_frame(frame) for frame in found])
    else:
        if changed:
            frames = np.stack([one.frame for one in cleaned])
        bits = number_in(header, "BitsStored")
        stays_small = stays_small and bits <= 16 and _compress(header, frames, bits)
        syntax = str(JPEGLSLossless) if stays_small else _native(header, frames, bits)
    if policy.burned_in.check:
        set_text(header, "BurnedInAnnotation", "CS", "NO")
    return WrittenPixels(
        syntax=syntax,
        encapsulated=stays_small,
        reencoded=encapsulated and (changed or syntax != transfer_syntax(dataset)),
        removed=sum(len(one.removed) for one in cleaned),
        markers=sum(len(one.kept) for one in cleaned),
        read=sum(one.read for one in cleaned),
        read_again=reread,
    )


def _cleaned(
    frames: NDArray[Any], header: Elements, policy: Policy, known: KnownIdentity
) -> tuple[list[CleanedFrame], bool]:
    """Each frame without text, and whether the outputs were read again."""
    if not policy.burned_in.check:
        return [CleanedFrame(frame, (), (), 0) for frame in frames], False
    most = policy.burned_in.quarantine_area_fraction
    words = words_of_identity(known)
    cleaned = [clean_pixels(frame, forbidden=words, most=most) for frame in frames]
    share = policy.burned_in.reread_fraction
    again = [read_again(one, words, text_in(header, "SOPInstanceUID"), share) for one in cleaned]
    return cleaned, any(again)


def _state_loss(dataset: Attributes, header: Elements, syntax: str, frames: NDArray[Any]) -> None:
    """Once lossy, always lossy, however the pixels are written from here (PS3.3 C.7.6.1.1.5)."""
    method = _LOSSY.get(syntax)
    if method is None and text_of(dataset, "LossyImageCompression") != "01":
        return
    set_text(header, "LossyImageCompression", "CS", "01")
    if method is not None and not text_in(header, "LossyImageCompressionRatio"):
        cells = frames.size * (1 if number_in(header, "BitsStored") <= 8 else 2)
        ratio = cells / max(1, len(dataset["PixelData"].value))
        set_text(header, "LossyImageCompressionRatio", "DS", f"{ratio:.2f}")
        set_text(header, "LossyImageCompressionMethod", "CS", method)


def _encapsulate(header: Elements, streams: list[bytes]) -> None:
    header[_PIXEL_DATA] = ("OB", encapsulate(streams))


def _compress(header: Elements, frames: NDArray[Any], bits: int) -> bool:
    """JPEG-LS, lossless (PS3.5 A.4.3); False where it does not give back every value."""
    from jpeg_ls import decode, encode_pixel_data

    allocated = 8 if bits <= 8 else 16
    mask = (1 << bits) - 1
    plain = np.ascontiguousarray(frames.astype(np.int32) & mask).astype(f"<u{allocated // 8}")
    streams = []
    for frame in plain:
        stream = bytes(
            encode_pixel_data(
                frame.tobytes(), rows=frame.shape[0], columns=frame.shape[1], samples_per_pixel=1,
                bits_stored=bits, bits_allocated=allocated, photometric_interpretation="MONOCHROME2",
                pixel_representation=0, planar_configuration=0,
            )
        )  # fmt: skip
        if not np.array_equal(decode(np.frombuffer(stream, np.uint8)), frame):
            return False
        streams.append(clean_frame(stream))
    _set_bits(header, allocated, bits)
    _encapsulate(header, streams)
    return True


def _native(header: Elements, frames: NDArray[Any], bits: int) -> str:
    """Uncompressed cells with nothing above the stored bits and nothing after the last pixel."""
    allocated = 8 if bits <= 8 and number_in(header, "BitsAllocated") == 8 else 16
    if bits > 16:
        allocated = 32
    kind = "i" if number_in(header, "PixelRepresentation", 0) == 1 else "u"
    cells = frames.astype(f"<{kind}{allocated // 8}").tobytes()
    _set_bits(header, allocated, bits)
    header[_PIXEL_DATA] = ("OB" if allocated == 8 else "OW", cells + b"\0" * (len(cells) % 2))
    return str(ExplicitVRLittleEndian)


def _set_bits(header: Elements, allocated: int, bits: int) -> None:
    set_number(header, "BitsAllocated", allocated)
    set_number(header, "HighBit", bits - 1)
