"""Coded entries: only codes that the standard lists may leave, with the standard's own meaning."""

from __future__ import annotations

from functools import cache

from pydicom.dataset import Dataset

from osteon.deid.elements import LATIN, encode_items, padded, texts_of
from osteon.dicom.dataset import items_of

_VALUE, _SCHEME, _MEANING = 0x00080100, 0x00080102, 0x00080104


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


def code_of(item: Dataset) -> tuple[str, str]:
    """(scheme, value) of a coded entry; empty texts where it has none."""
    found = dict(item.items())
    scheme, value = found.get(_SCHEME), found.get(_VALUE)  # type: ignore[call-overload]
    return (
        next(iter(texts_of(scheme, "SH", LATIN)), "") if scheme is not None else "",
        next(iter(texts_of(value, "SH", LATIN)), "") if value is not None else "",
    )


def clean_codes(
    items: tuple[Dataset, ...], schemes: tuple[str, ...], nested: frozenset[str]
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
            inner = clean_codes(items_of(item, keyword), schemes, nested)
            if inner:
                fresh[int(tag_of(keyword))] = ("SQ", encode_items(inner))
        cleaned.append(fresh)
    return cleaned


@cache
def tag_of(keyword: str) -> int:
    """The tag of a keyword of the dictionary."""
    from pydicom.datadict import tag_for_keyword

    return int(tag_for_keyword(keyword) or 0)
