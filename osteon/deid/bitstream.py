"""Compressed frames without what hides beside the picture: comments, EXIF, bytes after the end.

The picture's own bytes are not touched, so a decoder gives the same values.
"""

from __future__ import annotations

import struct

from osteon.domain.errors import QuarantinedError

_EOI, _SOS, _COM = 0xD9, 0xDA, 0xFE
_J2K_SOC, _J2K_EOC, _J2K_COM, _J2K_SOT = b"\xff\x4f", b"\xff\xd9", 0xFF64, 0xFF90


def clean_frame(frame: bytes) -> bytes:
    """The same compressed picture without comments, application data and trailing bytes.

    Source: ITU-T T.81 annex B (JPEG), T.87 annex C (JPEG-LS), T.800 annex A (JPEG 2000).
    Raises:
        QuarantinedError: the stream's structure cannot be followed.
    """
    try:
        if frame[:2] == b"\xff\xd8":
            return _clean_jpeg(frame)
        if frame[:4] == b"\xff\x4f\xff\x51":
            return _clean_jpeg2000(frame)
    except (struct.error, IndexError, ValueError):
        pass
    raise QuarantinedError(
        "a JPEG, JPEG-LS or JPEG 2000 codestream", "one that cannot be followed", "decode it at its source"
    )


def _clean_jpeg(frame: bytes) -> bytes:
    out, position = bytearray(frame[:2]), 2
    while True:
        while frame[position + 1] == 0xFF:  # fill bytes before a marker
            position += 1
        if frame[position] != 0xFF:
            raise IndexError
        marker = frame[position + 1]
        if marker == _EOI:
            out += b"\xff\xd9"
            return bytes(out) + b"\0" * (len(out) % 2)
        (length,) = struct.unpack_from(">H", frame, position + 2)
        end = position + 2 + length
        if end > len(frame):
            raise IndexError
        if marker != _COM and not 0xE0 <= marker <= 0xEF:
            out += frame[position:end]
        position = end
        if marker == _SOS:
            position = _entropy_end(frame, end)
            out += frame[end:position]


def _entropy_end(frame: bytes, start: int) -> int:
    """Where the entropy-coded data ends: the next marker that is neither stuffing nor a restart.

    JPEG-LS stuffs a bit: there a byte after 0xFF below 0x80 is data (T.87 C.2.1); in JPEG only 0x00 is,
    and no marker below 0xC0 stands inside a scan, so one rule serves both.
    """
    position = start
    while True:
        position = frame.find(b"\xff", position)
        if position < 0 or position + 1 >= len(frame):
            raise IndexError
        follower = frame[position + 1]
        if follower < 0x80 or 0xD0 <= follower <= 0xD7:
            position += 2
        elif follower == 0xFF:
            position += 1
        else:
            return position


def _clean_jpeg2000(frame: bytes) -> bytes:
    out, position = bytearray(_J2K_SOC), 2
    while True:
        marker, length = struct.unpack_from(">HH", frame, position)
        if marker == _J2K_SOT:
            break
        if marker != _J2K_COM:
            out += frame[position : position + 2 + length]
        position += 2 + length
    while frame[position : position + 2] != _J2K_EOC:
        start = position
        marker, _length, _tile, size, *_ = struct.unpack_from(">HHHI", frame, position)
        if marker != _J2K_SOT:
            raise IndexError
        if size == 0:  # the last tile-part may leave its length out: up to the end of the codestream
            size = frame.rindex(_J2K_EOC) - start
        out += _tile_part(frame, start, size)
        position = start + size
    out += _J2K_EOC
    return bytes(out) + b"\0" * (len(out) % 2)


def _tile_part(frame: bytes, start: int, size: int) -> bytes:
    """A tile-part; one that carries a comment of its own cannot be shortened safely and is refused."""
    if start + size > len(frame):
        raise IndexError
    position = start + 12
    while True:
        (marker,) = struct.unpack_from(">H", frame, position)
        if marker == 0xFF93:  # SOD: data follow
            return frame[start : start + size]
        if marker == _J2K_COM:
            raise IndexError
        (length,) = struct.unpack_from(">H", frame, position + 2)
        position += 2 + length
