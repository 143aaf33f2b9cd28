"""Coded entries: only codes that the standard lists may leave, with the standard's own meaning."""

from __future__ import annotations

from functools import cache

from osteon.deid.elements import LATIN, Elements, encode_items, padded, tag_of, texts_of
from osteon.deid.source import Source

_VALUE, _SCHEME, _MEANING = 0x00080100, 0x00080102, 0x00080104


#: The code that stands in place of one that must be there and may not stay.
UNKNOWN: Elements = {
    _VALUE: ("SH", padded("261665006", "SH")),
    _SCHEME: ("SH", padded("SCT", "SH")),
    _MEANING: ("LO", padded("Unknown", "LO")),
}


@cache
def _meanings() -> dict[tuple[str, str], str]:
    """(scheme, code) -> meaning, from the PS3.16 tables that pydicom carries."""
    from pydicom.sr._concepts_dict import concepts
    from pydicom.sr._snomed_dict import mapping

    found: dict[tuple[str, str], str] = {}
    tables: dict[str, dict[str, dict[str, tuple[str, list[int]]]]] = dict(concepts)  # type: ignore[arg-type]
    for scheme, by_name in tables.items():
        for entries in by_name.values():
            for code, (meaning, _) in entries.items():
                found[scheme, code] = meaning
    for old, new in mapping.get("SRT", {}).items():
        if ("SCT", new) in found:
            found["SRT", old] = found["SCT", new]
    return found


def known_meaning(scheme: str, code: str) -> str | None:
    """The standard's meaning of a code; None for a code that it does not list."""
    return _meanings().get((scheme, code))


def code_of(item: Source) -> tuple[str, str]:
    """(scheme, value) of a coded entry; empty texts where it has none."""
    scheme, value = item.elements.get(_SCHEME), item.elements.get(_VALUE)
    return (
        next(iter(texts_of(scheme, "SH", LATIN)), "") if scheme is not None else "",
        next(iter(texts_of(value, "SH", LATIN)), "") if value is not None else "",
    )


def clean_codes(
    items: tuple[Source, ...], schemes: tuple[str, ...], nested: frozenset[str]
) -> list[dict[int, tuple[str, bytes]]]:
    """New items with value, scheme and standard meaning; an item with another code is dropped.

    Args:
        items: the items of a code sequence.
        schemes: coding schemes that the policy admits.
        nested: keywords of code sequences that may stand inside an item (modifiers).
    """
    cleaned = []
    for item in items:
        scheme, code = code_of(item)
        meaning = known_meaning(scheme, code) if scheme in schemes else None
        if meaning is None:
            continue
        fresh = {
            _VALUE: ("SH", padded(code, "SH")),
            _SCHEME: ("SH", padded(scheme, "SH")),
            _MEANING: ("LO", padded(meaning[:64], "LO")),
        }
        for keyword in sorted(nested):
            inner = clean_codes(item.items(tag_of(keyword)), schemes, nested)
            if inner:
                fresh[tag_of(keyword)] = ("SQ", encode_items(inner))
        cleaned.append(fresh)
    return cleaned
