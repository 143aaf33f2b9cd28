"""Whole files read as bytes where they are in the usual encodings; any other is left to pydicom.

Source: DICOM PS3.10 section 7.1, PS3.5 section 7.1.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from osteon.deid.elements import KNOWN_VRS, tag_of
from osteon.deid.source import Raw, Reader, Source
from osteon.dicom.dataset import quieten_libraries

_META, _SYNTAX = 0x00020000, 0x00020010
_BYTES_VRS = frozenset({"OB", "OW", "UN", None})
_VR_OF = {
    **dict.fromkeys(("SamplesPerPixel", "PlanarConfiguration", "PixelRepresentation"), "US"),
    **dict.fromkeys(("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"), "US"),
    **dict.fromkeys(("PhotometricInterpretation", "LossyImageCompression"), "CS"),
}
_NATIVE = {str(ExplicitVRLittleEndian): False, str(ImplicitVRLittleEndian): True}


class PixelBytes(NamedTuple):
    """The pixel data element in what is asked of it."""

    value: bytes
    VR: str | None
    is_undefined_length: bool = False


def read_source(content: bytes) -> Source | None:
    """The data set of a file in explicit or implicit VR little endian; None for any other, or a doubtful one.

    None leaves the file to pydicom, which reads more and says what is wrong.
    """
    quieten_libraries()  # the pixel stage converts values, and pydicom would write them to its warnings
    if content[128:132] != b"DICM":
        return None
    try:
        meta, start = Reader(content, implicit=False, little=True).elements(
            132, len(content), 0, below=0x00030000
        )
        syntax = meta[_SYNTAX].value.rstrip(b"\0 ").decode("ascii")
        implicit = _NATIVE.get(syntax)
        if implicit is None:
            return None
        reader = Reader(content, implicit=implicit, little=True)
        elements, end = reader.elements(start, len(content), 0)
    except (KeyError, ValueError, struct.error, IndexError):
        return None
    tags = list(elements)
    if end != len(content) or not tags or tags != sorted(tags) or tags[0] >> 16 < 8:
        return None
    if not implicit and not KNOWN_VRS.issuperset([element.VR for element in elements.values()]):
        return None
    source = Source(elements)
    source.syntax = syntax
    return source


class PixelElements:
    """What describes and holds the pixels of a file read as bytes: what decoding asks of a data set.

    Single unsigned numbers and plain codes are read here, the rest by pydicom.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.file_meta = {"TransferSyntaxUID": source.syntax}

    def get(self, key: str, default: Any = None) -> Any:
        """The value as pydicom gives it; the default when absent."""
        element = self._element(key)
        if element is None:
            return default
        value, vr = element.value, element.VR or _VR_OF.get(key)
        if vr == "US" and len(value) == 2:
            return int.from_bytes(value, "little")
        if vr == "CS" and value.isascii() and b"\\" not in value:
            return value.decode().rstrip(" \0")
        return _converted(key, element).value

    def __contains__(self, key: str) -> bool:
        return self._element(key) is not None

    def __getitem__(self, key: str) -> PixelBytes | DataElement:
        element = self._element(key)
        if element is None:
            raise KeyError(key)
        if element.VR in _BYTES_VRS:
            return PixelBytes(element.value, element.VR)
        return _converted(key, element)

    def _element(self, key: str) -> Raw | None:
        element = self._source.elements.get(tag_of(key))
        return element if isinstance(element, Raw) else None


def _converted(key: str, element: Raw) -> DataElement:
    tag = BaseTag(tag_of(key))
    value = element.value
    raw = RawDataElement(tag, element.VR, len(value), value, 0, element.is_implicit_VR, True)
    return Dataset({tag: raw})[tag]
