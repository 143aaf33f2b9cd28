"""Private attributes that identify nobody, kept where a policy retains them."""

from __future__ import annotations

from osteon.deid.elements import BINARY_SIZES, LATIN, Element, padded, raw_bytes, texts_of
from osteon.deid.source import Source
from osteon.deid.standard import safe_private
from osteon.deid.values import are_numbers

Value = tuple[str, bytes]


def keep_safe_private(source: Source) -> dict[int, Value]:
    """The safe private numbers of a data set with the creators that reserve their blocks.

    A private attribute is safe by its creator, group and element (PS3.15 E.3.10), and only numbers are:
    a text under a safe number is dropped.
    """
    safe = safe_private()
    creators: dict[int, str] = {}
    for tag, element in source.elements.items():
        if tag & 0x10000 and 0x10 <= (tag & 0xFFFF) <= 0xFF:
            texts = texts_of(element, "LO", LATIN)
            creators[(tag >> 16) << 8 | (tag & 0xFF)] = texts[0] if len(texts) == 1 else ""
    made: dict[int, Value] = {}
    for tag, element in source.elements.items():
        block = (tag >> 16) << 8 | (tag >> 8 & 0xFF)
        creator = creators.get(block, "") if tag & 0x10000 else ""
        vr = safe.get((creator, tag >> 16, tag & 0xFF)) if creator else None
        if vr is None or element.VR not in {vr, "UN", None}:
            continue
        value = _number(vr, element, source)
        if value:
            made[tag] = (vr, value)
            made[(tag >> 16) << 16 | (block & 0xFF)] = ("LO", padded(creator, "LO"))
    return made


def _number(vr: str, element: Element, source: Source) -> bytes | None:
    if vr in BINARY_SIZES:
        value = raw_bytes(element)
        return value if value and len(value) % BINARY_SIZES[vr] == 0 and len(value) <= 64 else None
    texts = texts_of(element, vr, source.encodings)
    return padded("\\".join(texts), vr) if texts and are_numbers(texts) else None
