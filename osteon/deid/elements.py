"""Single elements as bytes: what a source holds, read as texts; what an output holds, encoded.

The header rules work on the bytes that pydicom read, not on its converted values: most attributes are
removed unseen, and those that stay are checked as text and copied.
Source: DICOM PS3.5 section 7 (encoding) and table 6.2-1 (value representations).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, Protocol

import numpy as np
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.tag import BaseTag
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

from osteon.dicom.dataset import MALFORMED
from osteon.domain.errors import RefusedError


class ReadElement(Protocol):
    """An element that is still bytes, wherever it was read."""

    @property
    def VR(self) -> str | None: ...  # noqa: D102, N802
    @property
    def value(self) -> Any: ...  # noqa: D102
    @property
    def is_little_endian(self) -> bool: ...  # noqa: D102
    @property
    def is_implicit_VR(self) -> bool: ...  # noqa: D102, N802


Element = RawDataElement | DataElement | ReadElement
Encodings = tuple[str, ...]

Elements = dict[int, tuple[str, bytes]]  # tag -> (VR, value in explicit little endian)

LATIN: Encodings = ("iso8859",)
_UTF8: Encodings = ("utf8",)
TEXT_VRS = frozenset({"LO", "SH", "PN", "ST", "LT", "UT", "UC"})
UNSPLIT_VRS = frozenset({"ST", "LT", "UT", "UR"})  # a backslash is a character of theirs
BINARY_SIZES = {"US": 2, "SS": 2, "OW": 2, "UL": 4, "SL": 4, "FL": 4, "OL": 4, "OF": 4, "AT": 2,
                "FD": 8, "OD": 8, "SV": 8, "UV": 8, "OV": 8, "OB": 1}  # fmt: skip
KNOWN_VRS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "SQ", "TM", "UI", "UN", "UR",
                       *TEXT_VRS, *BINARY_SIZES})  # fmt: skip
LONG_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_SHORT_HEAD, _LONG_HEAD = struct.Struct("<HH2sH").pack, struct.Struct("<HH2sHI").pack
_CODES = {vr: (vr.encode(), vr in LONG_VRS) for vr in KNOWN_VRS}
_ITEM = struct.Struct("<HHI").pack
MAX_SHORT = 0xFFFE


def _decode_name(value: bytes, names: list[str]) -> str:
    """Each group of a name on its own: every one starts in the first character set (PS3.5 6.2.1.2)."""
    return "=".join(decode_bytes(group, names, PN_DELIMS) for group in value.split(b"="))


@lru_cache(maxsize=256)
def encodings_of(charset: str) -> Encodings:
    """Python's names of the character sets in a SpecificCharacterSet value (PS3.3 C.12.1.1.2)."""
    try:
        return tuple(convert_encodings([part.strip() for part in charset.split("\\")]))
    except MALFORMED:
        return LATIN


def raw_bytes(element: Element) -> bytes | None:
    """The value's bytes in little endian; None where they cannot be had."""
    if not isinstance(element, DataElement):
        value = element.value
        if not isinstance(value, bytes):
            return b"" if value is None else None
        size = BINARY_SIZES.get(element.VR or "", 1) if not element.is_little_endian else 1
        return np.frombuffer(value, f">u{size}").astype(f"<u{size}").tobytes() if size > 1 else value
    if isinstance(element.value, bytes):
        return element.value
    if element.VR == "US" and isinstance(element.value, int):
        return element.value.to_bytes(2, "little")
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    try:
        write_data_element(buffer, element, ["ISO_IR 192"])
    except MALFORMED:
        return None
    return bytes(buffer.getvalue()[8:])


def texts_of(element: Element, vr: str, encodings: Encodings) -> list[str]:
    """The element's values as texts, padding removed; several where the VR is split at backslashes."""
    if isinstance(element, DataElement):
        value, encodings = raw_bytes(element), _UTF8
    else:
        value = element.value if element.is_little_endian else raw_bytes(element)
    if not value:
        return []
    if not isinstance(value, bytes):
        raise TypeError("a value that is no bytes")
    if value.isascii() and b"\x1b" not in value:
        text = value.decode()
    elif vr in TEXT_VRS:
        names = list(encodings)
        text = _decode_name(value, names) if vr == "PN" else decode_bytes(value, names, TEXT_VR_DELIMS)
    else:
        text = value.decode("latin-1")
    if "\\" not in text or vr in UNSPLIT_VRS:
        return [text.strip(" \0")]
    return [part.strip(" \0") for part in text.split("\\")]


@cache
def tag_of(keyword: str) -> int:
    """The tag of a keyword of the dictionary."""
    return int(tag_for_keyword(keyword) or 0)


def text_in(elements: Elements, keyword: str) -> str:
    """An attribute that was made here, as a text; empty when absent."""
    value = elements.get(tag_of(keyword), ("", b""))[1]
    return value.decode("utf-8", "replace").rstrip(" \0")


def encode_element(tag: int, vr: str, value: bytes) -> bytes:
    """The element in explicit VR little endian; its value already has an even length."""
    return encode_dataset({tag: (vr, value)})


def fits(vr: str, value: bytes) -> bool:
    """Whether the value's length can be written under the VR."""
    return vr in LONG_VRS or len(value) <= MAX_SHORT


def padded(text: str, vr: str) -> bytes:
    """The text's bytes (UTF-8 where it is not ASCII) with an even length."""
    value = text.encode() if text.isascii() else text.encode("utf-8", "replace")
    return value + (b"\0" if vr == "UI" else b" ") if len(value) % 2 else value


def encode_items(items: Iterable[Mapping[int, tuple[str, bytes]]]) -> bytes:
    """The value of a sequence: each item with its length."""
    out = []
    for item in items:
        body = encode_dataset(item)
        out += [_ITEM(0xFFFE, 0xE000, len(body)), body]
    return b"".join(out)


def encode_dataset(elements: Mapping[int, tuple[str, bytes]]) -> bytes:
    """Tag -> (VR, value) as bytes, in the order of the tags."""
    out = []
    for tag in sorted(elements):
        vr, value = elements[tag]
        code, long = _CODES[vr]
        if long:
            out.append(_LONG_HEAD(tag >> 16, tag & 0xFFFF, code, 0, len(value)))
        else:
            out.append(_SHORT_HEAD(tag >> 16, tag & 0xFFFF, code, len(value)))
        out.append(value)
    return b"".join(out)


def number_in(elements: Elements, keyword: str, default: int | None = None) -> int:
    """An attribute that was made here, as a whole number.

    Raises:
        RefusedError: it is absent and there is no default, or it is no single number.
    """
    vr, value = elements.get(tag_of(keyword), ("", b""))
    if vr == "US" and len(value) == 2:
        return int.from_bytes(value, "little")
    if not vr and default is not None:
        return default
    try:  # a VR that the dictionary does not give it: pydicom knows them all
        raw = RawDataElement(BaseTag(tag_of(keyword)), vr, len(value), value, 0, False, True)
        return int(Dataset({raw.tag: raw})[raw.tag].value)
    except MALFORMED:
        raise RefusedError(f"a number under {keyword}", "none", "correct it at its source") from None


def set_number(elements: Elements, keyword: str, number: int) -> None:
    """Writes a whole number under the VR that the attribute has, US when it is new."""
    tag = tag_of(keyword)
    vr = elements[tag][0] if tag in elements else "US"
    value = raw_bytes(DataElement(tag, vr, number)) if vr != "US" else number.to_bytes(2, "little")
    if value is None:
        raise RefusedError(f"a number under {keyword}", f"the VR {vr}", "correct it at its source")
    elements[tag] = (vr, value)


def set_text(elements: Elements, keyword: str, vr: str, text: str) -> None:
    """Writes a text under the keyword."""
    elements[tag_of(keyword)] = (vr, padded(text, vr))
