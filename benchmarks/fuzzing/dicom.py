"""DICOM input: real and synthetic files, broken where a parser looks, and bombs.

`seeds()` gives whole inputs, `mutated(draw, seeds)` one broken input, `run(content)` de-identifies it and
says "written", or raises; only the project's own errors are an answer.
"""

from __future__ import annotations

import os
import random
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from benchmarks.deid_dicom.instances import instances
from osteon.deid import Policy, ProjectKey, Pseudonymiser, deidentify_dicom

Mutation = Callable[[random.Random, bytearray], None]

_MAX_REAL_BYTES = 600_000
_LENGTHS = (0, 1, 2, 7, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
_VRS = (*b"AE AS AT CS DA DS DT FL IS LO OB OW PN SQ SS TM UI UL UN US UT ZZ".split(), b"\0\0")
_CHARSETS = (b"ISO_IR 192", b"ISO 2022 IR 87", b"\\ISO 2022 IR 149", b"GB18030", b"ISO_IR 13", b"nonsense")
_SYNTAXES = (b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.2", b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.5",
             b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.80", b"1.2.840.10008.1.2.4.90")  # fmt: skip


def seeds() -> list[bytes]:
    """Synthetic instances in five transfer syntaxes, and the real files where they are here."""
    found = [planted.content for planted in instances(40, 99) if planted.picture.text is None]
    folder = os.environ.get("OSTEON_SHARED_DATA")
    for path in sorted(Path(folder).glob("dicom/**/*.dcm")) if folder else []:
        if path.stat().st_size <= _MAX_REAL_BYTES:
            found.append(path.read_bytes())
    return found


def mutated(draw: random.Random, whole: list[bytes]) -> bytes:
    """A seed with one to six faults, two seeds spliced, or a bomb."""
    if draw.random() < 0.04:
        return draw.choice(_BOMBS)(whole[0])
    content = bytearray(draw.choice(whole))
    if draw.random() < 0.1:
        other = draw.choice(whole)
        content = content[: draw.randrange(1, len(content))] + other[draw.randrange(len(other)) :]
    for _ in range(draw.randrange(1, 7)):
        if len(content) > 8:
            draw.choice(_MUTATIONS)(draw, content)
    return bytes(content)


def run(content: bytes) -> str:
    """De-identifies the input; "written" when something came out."""
    deidentify_dicom(content, _policy(), _PSEUDONYMISER)
    return "written"


_PSEUDONYMISER = Pseudonymiser(ProjectKey(bytes(range(32))), "fuzz")
_POLICIES: list[Policy] = []


def _policy() -> Policy:
    if not _POLICIES:
        _POLICIES.append(Policy.load())
    return _POLICIES[0]


def _flip(draw: random.Random, content: bytearray) -> None:
    for _ in range(draw.choice((1, 1, 4, 16))):
        content[_place(draw, content)] ^= 1 << draw.randrange(8)


def _overwrite(draw: random.Random, content: bytearray) -> None:
    start = _place(draw, content)
    content[start : start + draw.randrange(1, 9)] = draw.randbytes(draw.randrange(1, 9))


def _cut(draw: random.Random, content: bytearray) -> None:
    del content[draw.randrange(4, len(content)) :]


def _remove(draw: random.Random, content: bytearray) -> None:
    start = _place(draw, content)
    del content[start : start + draw.choice((1, 2, 8, 100))]


def _double(draw: random.Random, content: bytearray) -> None:
    start = _place(draw, content)
    piece = content[start : start + draw.choice((8, 64, 500))]
    content[start:start] = piece * draw.choice((1, 2, 20))


def _length(draw: random.Random, content: bytearray) -> None:
    """Another length where an element's may stand."""
    start = _element(draw, content)
    struct.pack_into(draw.choice(("<H", "<I", ">I")), content, min(start, len(content) - 4), 0)
    value = draw.choice(_LENGTHS)
    content[start : start + 4] = (
        struct.pack("<I", value) if draw.random() < 0.5 else struct.pack("<HH", value & 0xFFFF, 0)
    )


def _vr(draw: random.Random, content: bytearray) -> None:
    start = _element(draw, content) - 2
    content[start : start + 2] = draw.choice(_VRS)


def _swap_text(old: tuple[bytes, ...], new: tuple[bytes, ...]) -> Mutation:
    def swap(draw: random.Random, content: bytearray) -> None:
        for text in old:
            start = content.find(text)
            if start >= 0:
                fresh = draw.choice(new).ljust(len(text), b"\0")[: len(text)]
                content[start : start + len(text)] = fresh
                return

    return swap


def _place(draw: random.Random, content: bytearray) -> int:
    """Anywhere, mostly in the header."""
    return draw.randrange(len(content) if draw.random() < 0.2 else min(len(content), 8000))


def _element(draw: random.Random, content: bytearray) -> int:
    """Where the length of some explicit element begins."""
    start = _place(draw, content)
    for vr in draw.sample(_VRS[:21], 8):
        found = content.find(vr, start)
        if 0 <= found < len(content) - 8:
            return found + 2
    return min(start + 2, len(content) - 4)


_MUTATIONS: tuple[Mutation, ...] = (
    _flip, _overwrite, _cut, _remove, _double, _length, _length, _vr, _vr,
    _swap_text((b"ISO_IR 100", b"ISO_IR 192"), _CHARSETS),
    _swap_text((b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2"), _SYNTAXES),
)  # fmt: skip


@cache
def _deflated_bomb(_whole: bytes) -> bytes:
    """Half a gigabyte of zeros deflated into two megabytes."""
    engine = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = b"".join(engine.compress(bytes(2**20)) for _ in range(512)) + engine.flush()
    meta = b"\x02\x00\x10\x00UI\x16\x00" + b"1.2.840.10008.1.2.1.99"
    head = b"\x02\x00\x00\x00UL\x04\x00" + struct.pack("<I", len(meta))
    return bytes(128) + b"DICM" + head + meta + body


def _nested_bomb(_whole: bytes) -> bytes:
    """Sequences of undefined length, three thousand deep."""
    opening = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return _prefix() + opening * 3000


def _defined_bomb(_whole: bytes) -> bytes:
    """Sequences of defined length, five hundred deep."""
    body = b""
    for _ in range(500):
        item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(body)) + body
        body = b"\x08\x00\x40\x11SQ\0\0" + struct.pack("<I", len(item)) + item
    return _prefix() + body


def _pixel_bomb(whole: bytes) -> bytes:
    """An image that says it has four thousand million pixels in as many frames."""
    content = bytearray(whole)
    for tag in (b"\x28\x00\x10\x00US\x02\x00", b"\x28\x00\x11\x00US\x02\x00"):
        start = content.find(tag)
        if start >= 0:
            content[start + 8 : start + 10] = b"\xff\xff"
    frames = b"\x28\x00\x08\x00IS\x0a\x004294967295"
    start = content.find(b"\x28\x00\x10\x00US")
    return bytes(content[:start] + frames + content[start:]) if start >= 0 else bytes(content)


def _items_bomb(_whole: bytes) -> bytes:
    """Two hundred thousand empty items."""
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 200_000
    return _prefix() + b"\x08\x00\x40\x11SQ\0\0" + struct.pack("<I", len(items)) + items


def _prefix() -> bytes:
    """The file up to its data set, in explicit VR little endian."""
    meta = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0"
    uids = b"\x08\x00\x16\x00UI\x1a\x001.2.840.10008.5.1.4.1.1.1\0" + b"\x08\x00\x18\x00UI\x06\x001.2.3\0"
    return bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00" + struct.pack("<I", len(meta)) + meta + uids


_BOMBS = (_nested_bomb, _nested_bomb, _defined_bomb, _defined_bomb, _pixel_bomb, _pixel_bomb, _items_bomb,
          _deflated_bomb)  # fmt: skip
