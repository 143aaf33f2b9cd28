"""Known identity from a header: every name, number, address, phone and unique identifier in it."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from pydicom._dicom_dict import DicomDictionary
from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset

from osteon.deid.elements import Element, Encodings, texts_of
from osteon.deid.identity import (
    ADDRESS_KEYWORDS,
    BIRTH_KEYWORDS,
    INSTITUTION_KEYWORDS,
    NAME_KEYWORDS,
    NUMBER_KEYWORDS,
    PHONE_KEYWORDS,
    KnownIdentity,
    name_parts,
)
from osteon.deid.source import Source
from osteon.dicom.dataset import MALFORMED
from osteon.domain.identity import OriginalId

_MAX_DEPTH = 16
_FIELDS = {
    **dict.fromkeys(NUMBER_KEYWORDS, "numbers"),
    **dict.fromkeys(BIRTH_KEYWORDS, "birth_dates"),
    **dict.fromkeys(ADDRESS_KEYWORDS, "addresses"),
    **dict.fromkeys(PHONE_KEYWORDS, "phones"),
    **dict.fromkeys(INSTITUTION_KEYWORDS, "institutions"),
}


@cache
def _watched() -> dict[int, tuple[str, str]]:
    """Tag -> (field of the known identity, VR): names, unique identifiers, sequences and what is listed."""
    watched = {}
    for tag, (vr, _vm, _name, _retired, keyword) in DicomDictionary.items():
        field = _FIELDS.get(keyword)
        if vr == "PN":
            field = "names" if keyword in NAME_KEYWORDS else "people"
        elif vr in {"UI", "SQ"}:
            field = "uids" if vr == "UI" else "items"
        if field and tag >> 16 > 2:
            watched[tag] = (field, vr)
    return watched


def known_from_dataset(dataset: Dataset | Source) -> KnownIdentity:
    """All identity values of the header, nested sequences included; unreadable values are passed over."""
    found: dict[str, list[str]] = defaultdict(list)
    source = dataset if isinstance(dataset, Source) else Source.of(dataset)
    _collect(source, found, 0)
    return KnownIdentity(
        names=_names(found["names"]),
        people=_names(found["people"]),
        numbers=_unique(found["numbers"]),
        birth_dates=_unique(found["birth_dates"]),
        addresses=_unique(found["addresses"]),
        phones=_unique(found["phones"]),
        institutions=_unique(found["institutions"]),
        uids=_unique(found["uids"]),
        sex=source.text("PatientSex") or None,
    )


def patient_key(dataset: Dataset | Source) -> OriginalId:
    """What the patient's pseudonym is made of: the number; else name and birth date; else the study."""
    source = dataset if isinstance(dataset, Source) else Source.of(dataset)
    number = source.text("PatientID")
    if number:
        return OriginalId(number)
    name, birth = source.text("PatientName"), source.text("PatientBirthDate")
    if name.strip("^=") and birth:
        return OriginalId(f"{name}\0{birth}")
    return OriginalId(source.text("StudyInstanceUID"))


def _collect(source: Source, found: dict[str, list[str]], depth: int) -> None:
    watched = _watched()
    for tag, element in source.elements.items():
        if tag not in watched:
            continue
        field, vr = watched[tag]
        if field != "items":
            found[field] += _values(element, vr, source.encodings)
        elif depth < _MAX_DEPTH:
            for item in source.items(tag):
                _collect(item, found, depth + 1)


def _values(element: Element, vr: str, encodings: Encodings) -> list[str]:
    try:
        texts = texts_of(element, vr, encodings)
    except MALFORMED:
        return []
    if vr == "PN":  # each group of components is a way to write the name (PS3.5 6.2.1.2)
        texts = [group for text in texts for group in text.split("=")]
    elif vr == "UI":
        return [text for text in texts if text and text not in UID_dictionary]
    return [text for text in texts if text]


def _names(values: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(parts for parts in dict.fromkeys(name_parts(value) for value in values) if parts)


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
