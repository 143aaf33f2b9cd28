"""What a compressed stream says of itself, read before its decoder takes memory.

A stream's own header, not the data set's Rows and Columns, decides what a decoder allocates: a
hundred bytes can ask for 65,535 x 65,535. So the header is parsed first and must agree.
Sources: ITU-T T.81 annex B (JPEG), T.87 annex C (JPEG-LS), T.800 annex A (JPEG 2000).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

from osteon.dicom.limits import Limits
from osteon.domain.errors import RefusedError

Family = Literal["jpeg", "jpeg-ls", "jpeg2000"]

_J2K_START = b"\xff\x4f\xff\x51"
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "
_SOF = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_SOF55 = 0xF7
# Both JPEG families and JPEG 2000 end so, and none has these two bytes in its coded data: without them
# the frame was cut, and a decoder would fill the rest with gray and say nothing.
_END = b"\xff\xd9"
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_SOS = 0xDA


@dataclass(frozen=True, slots=True, kw_only=True)
class Codestream:
    """The header of one compressed frame."""

    family: Family
    rows: int
    columns: int
    samples: int
    precision: int
    signed: bool = False
    colour_marked: bool = False


def read_codestream(frame: bytes, limits: Limits) -> Codestream:
    """The header of a JPEG, JPEG-LS or JPEG 2000 stream.

    Raises:
        RefusedError: another format, no frame header, or beyond the limits.
    """
    try:
        if frame[:2] == b"\xff\xd8":
            header = _read_jpeg(frame, limits)
        elif frame[:4] == _J2K_START or frame[:8] == _JP2_SIGNATURE:
            header = _read_jpeg2000(frame)
        else:
            raise RefusedError(
                "a JPEG, JPEG-LS or JPEG 2000 stream", "other bytes", "check the transfer syntax"
            )
    except (struct.error, IndexError):
        raise _broken() from None
    limits.check_shape(header.rows, header.columns)
    if frame.rfind(_END) < 0:  # from the end, where it is
        raise _broken()
    return header


def _broken() -> RefusedError:
    return RefusedError("a whole compressed frame", "one that breaks off", "send the instance again")


def _read_jpeg(frame: bytes, limits: Limits) -> Codestream:
    position, colour_marked = 2, False
    while True:
        if frame[position] != 0xFF:
            raise _broken()
        marker = frame[position + 1]
        if marker == 0xFF or marker in _STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        if marker == _SOS:
            raise _broken()
        length = struct.unpack_from(">H", frame, position + 2)[0]
        if marker in _SOF or marker == _SOF55:
            precision, rows, columns, samples = struct.unpack_from(">BHHB", frame, position + 4)
            # JPEG-LS has a scan for each component at most, which its decoder checks.
            if marker != _SOF55 and frame.count(b"\xff\xda") > limits.max_scans:
                raise RefusedError(
                    f"at most {limits.max_scans} scans", "more", "convert the picture at its source"
                )
            return Codestream(
                family="jpeg-ls" if marker == _SOF55 else "jpeg",
                rows=rows,
                columns=columns,
                samples=samples,
                precision=precision,
                colour_marked=colour_marked,
            )
        colour_marked |= marker == 0xE0 and frame[position + 4 : position + 8] == b"JFIF"
        colour_marked |= marker == 0xEE and frame[position + 4 : position + 9] == b"Adobe"
        position += 2 + max(2, length)


def _read_jpeg2000(frame: bytes) -> Codestream:
    start = frame.find(_J2K_START, 0, 4096)
    if start < 0:
        raise _broken()
    width, height, left, top = struct.unpack_from(">IIII", frame, start + 8)
    samples = struct.unpack_from(">H", frame, start + 40)[0]
    depth = frame[start + 42]
    if samples not in (1, 2, 3, 4) or width <= left or height <= top:
        raise _broken()
    return Codestream(
        family="jpeg2000",
        rows=height - top,
        columns=width - left,
        samples=samples,
        precision=(depth & 0x7F) + 1,
        signed=bool(depth & 0x80),
    )
