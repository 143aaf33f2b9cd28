"""A data set as it was read: elements as bytes, sequences parsed once, when something asks for their items.

pydicom reads the file; what is inside sequences of defined length it leaves as bytes, and they are parsed
here, because most are removed unseen and its own way costs thirty times as much.
Source: DICOM PS3.5 sections 7.1 (data elements) and 7.5 (nested data sets).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from osteon.deid.elements import (
    KNOWN_VRS,
    LATIN,
    LONG_VRS,
    Element,
    Encodings,
    encodings_of,
    raw_bytes,
    tag_of,
    texts_of,
)
from osteon.dicom.dataset import MALFORMED

_UNDEFINED = 0xFFFFFFFF
_CHARSET = 0x00080005
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_MAX_DEPTH = 32
_VRS = {vr.encode(): (vr, vr in LONG_VRS) for vr in KNOWN_VRS}
# How the heads of elements and items are read, by whether they are little endian.
_HEADS = {
    little: tuple(struct.Struct(order + form).unpack_from for form in ("HHI", "HH2sH", "I"))
    for little, order in ((True, "<"), (False, ">"))
}


class Raw(NamedTuple):
    """One element inside a sequence, as pydicom's RawDataElement in what is used of it."""

    VR: str | None
    value: bytes
    is_little_endian: bool
    is_implicit_VR: bool  # noqa: N815 - as pydicom names it


class Source:
    """Tag -> element of a data set or of an item, with the character sets that hold in it."""

    __slots__ = ("_items", "elements", "encodings", "syntax")

    def __init__(self, elements: Mapping[int, Element | Raw], inherited: Encodings = LATIN) -> None:
        self.elements = elements
        self.syntax = ""
        self._items: dict[int, tuple[Source, ...]] = {}
        charset = elements.get(_CHARSET)
        texts = texts_of(charset, "CS", LATIN) if charset is not None else []
        self.encodings = encodings_of("\\".join(texts)) if charset is not None else inherited

    @classmethod
    def of(cls, dataset: Dataset, inherited: Encodings = LATIN) -> Source:
        """The data set that pydicom read; what it has not converted stays so."""
        return cls({int(tag): element for tag, element in dataset.items()}, inherited)

    def text(self, keyword: str) -> str:
        """A plain attribute as trimmed text, several values joined by a backslash; empty when absent."""
        element = self.elements.get(tag_of(keyword))
        if element is None:
            return ""
        try:
            return "\\".join(texts_of(element, "LO", self.encodings))
        except MALFORMED:
            return ""

    def unsigned(self, keyword: str) -> int:
        """An attribute of VR US; 0 when absent."""
        element = self.elements.get(tag_of(keyword))
        value = raw_bytes(element) if element is not None else None
        return int.from_bytes(value[:2], "little") if value else 0

    def items(self, tag: int) -> tuple[Source, ...]:
        """The items of the sequence at the tag; none where its bytes are no sequence."""
        found = self._items.get(tag)
        if found is None:
            try:
                found = self._parsed(self.elements[tag])
            except MALFORMED:
                found = ()
            self._items[tag] = found
        return found

    def _parsed(self, element: Element | Raw) -> tuple[Source, ...]:
        if isinstance(element, DataElement):
            value = element.value
            return tuple(Source.of(i, self.encodings) for i in value) if isinstance(value, Sequence) else ()
        value = element.value
        if not isinstance(value, bytes) or element.VR not in {"SQ", "UN", None}:
            if isinstance(element, RawDataElement) and isinstance(value, Sequence):
                return tuple(Source.of(item, self.encodings) for item in value)
            return ()
        # A sequence of unknown VR is in implicit VR little endian (PS3.5 6.2.2).
        implicit = element.is_implicit_VR or element.VR == "UN"
        reader = Reader(value, implicit, element.is_little_endian)
        return tuple(Source(item, self.encodings) for item in reader.items(0, len(value), 0)[0])


class Reader:
    """Reads items out of the value of a sequence."""

    def __init__(self, data: bytes, implicit: bool, little: bool) -> None:
        self.data, self.implicit, self.little = data, implicit, little
        self.long, self.short, self.size = _HEADS[little]

    def items(self, position: int, end: int, depth: int) -> tuple[list[dict[int, Raw]], int]:
        """The items from a position to the end or to the sequence's delimiter, and where they stop."""
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        found: list[dict[int, Raw]] = []
        while position + 8 <= end:
            group, element, length = self.long(self.data, position)
            position += 8
            tag = group << 16 | element
            if tag == _SEQUENCE_END:
                return found, position
            if tag != _ITEM:
                raise ValueError("no item where one must be")
            stop = end if length == _UNDEFINED else position + length
            if stop > end:
                raise ValueError("an item that is longer than its sequence")
            item, after = self.elements(position, stop, depth)
            found.append(item)
            position = after if length == _UNDEFINED else stop
        return found, position

    def elements(
        self, position: int, end: int, depth: int, below: int = 1 << 32
    ) -> tuple[dict[int, Raw], int]:
        """The elements from a position to the end or to the item's delimiter, and where they stop.

        Args:
            below: the first tag that is not read any more.
        """
        found: dict[int, Raw] = {}
        data, implicit, little, make = self.data, self.implicit, self.little, tuple.__new__
        long_head, short_head, size, known = self.long, self.short, self.size, _VRS.get
        vr: str | None = None
        while position + 8 <= end:
            start = position
            if implicit:
                group, number, length = long_head(data, position)
                vr, position = None, position + 8
            else:
                group, number, code, length = short_head(data, position)
                position += 8
                if group == 0xFFFE:
                    length = 0
                vr, is_long = known(code) or (code.decode("latin-1"), False)
                if is_long:
                    (length,) = size(data, position)
                    position += 4
            tag = group << 16 | number
            if tag >= below:
                return found, start
            if tag == _ITEM_END:
                return found, position
            if length == _UNDEFINED:
                at, (_, position) = position, self.items(position, end, depth + 1)
                value = data[at:position]
                vr = vr if vr != "UN" else None
            else:
                if position + length > end:
                    raise ValueError("an element that is longer than its item")
                value, position = data[position : position + length], position + length
            found[tag] = make(Raw, (vr, value, little, implicit))
        return found, position
