"""Whole files read as bytes where they are in the usual encodings; any other is left to pydicom.

Source: DICOM PS3.10 section 7.1, PS3.5 section 7.1.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import BaseTag
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from osteon.deid.elements import KNOWN_VRS
from osteon.deid.source import Raw, Reader, Source
from osteon.dicom.dataset import quieten_libraries

_META, _SYNTAX = 0x00020000, 0x00020010
_PIXEL_GROUPS = frozenset({0x0008, 0x0028, 0x7FE0})
_NATIVE = {str(ExplicitVRLittleEndian): False, str(ImplicitVRLittleEndian): True}


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
    if end != len(content) or not elements or min(elements) >> 16 < 8 or list(elements) != sorted(elements):
        return None
    if not implicit and not all(e.VR in KNOWN_VRS for e in elements.values()):
        return None
    source = Source(elements)
    source.syntax = syntax
    return source


def pixel_dataset(source: Source) -> Dataset:
    """What describes and holds the pixels, as a pydicom data set of the file's transfer syntax."""
    found: dict[BaseTag, DataElement | RawDataElement] = {}
    for tag, element in source.elements.items():
        if tag >> 16 in _PIXEL_GROUPS and isinstance(element, Raw):
            key = BaseTag(tag)
            if element.VR == "US" and len(element.value) == 2:
                number = int.from_bytes(element.value, "little")
                found[key] = DataElement(key, "US", number, already_converted=True)
                continue
            found[key] = RawDataElement(
                key, element.VR, len(element.value), element.value, 0, element.is_implicit_VR, True
            )
    dataset = Dataset(found)
    dataset.file_meta = file_meta(source.syntax)
    return dataset


@lru_cache(maxsize=64)
def file_meta(syntax: str) -> FileMetaDataset:
    """Group 0002 with a transfer syntax alone, shared: nothing may change it."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(syntax)
    return meta
