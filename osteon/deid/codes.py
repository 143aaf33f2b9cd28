"""Coded entries: only codes that the standard lists may leave, with the standard's own meaning."""

from __future__ import annotations

from functools import cache

from pydicom.dataset import Dataset

from osteon.dicom.dataset import items_of, text_of


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


def clean_codes(
    items: tuple[Dataset, ...], schemes: tuple[str, ...], nested: frozenset[str]
) -> list[Dataset]:
    """New items with value, scheme and standard meaning; an item with another code is dropped.

    Args:
        items: the items of a code sequence.
        schemes: coding schemes that the policy admits.
        nested: keywords of code sequences that may stand inside an item (modifiers).
    """
    cleaned = []
    for item in items:
        scheme, code = text_of(item, "CodingSchemeDesignator"), text_of(item, "CodeValue")
        meaning = known_meaning(scheme, code) if scheme in schemes else None
        if meaning is None:
            continue
        fresh = Dataset()
        fresh.CodeValue, fresh.CodingSchemeDesignator, fresh.CodeMeaning = code, scheme, meaning[:64]
        for keyword in sorted(nested):
            inner = clean_codes(items_of(item, keyword), schemes, nested)
            if inner:
                setattr(fresh, keyword, inner)
        cleaned.append(fresh)
    return cleaned
