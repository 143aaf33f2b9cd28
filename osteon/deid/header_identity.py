"""Known identity from a header: every name, number, address, phone and unique identifier in it."""

from __future__ import annotations

from collections import defaultdict

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset

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
from osteon.dicom.dataset import MALFORMED, items_of, text_of
from osteon.domain.identity import OriginalId

_MAX_DEPTH = 16
_FIELDS = {
    **dict.fromkeys(NUMBER_KEYWORDS, "numbers"),
    **dict.fromkeys(BIRTH_KEYWORDS, "birth_dates"),
    **dict.fromkeys(ADDRESS_KEYWORDS, "addresses"),
    **dict.fromkeys(PHONE_KEYWORDS, "phones"),
    **dict.fromkeys(INSTITUTION_KEYWORDS, "institutions"),
}


def known_from_dataset(dataset: Dataset) -> KnownIdentity:
    """All identity values of the header, nested sequences included; unreadable values are passed over."""
    found: dict[str, list[str]] = defaultdict(list)
    _collect(dataset, found, 0)
    return KnownIdentity(
        names=tuple(dict.fromkeys(name_parts(v) for v in found["names"] if name_parts(v))),
        people=tuple(dict.fromkeys(name_parts(v) for v in found["people"] if name_parts(v))),
        numbers=_unique(found["numbers"]),
        birth_dates=_unique(found["birth_dates"]),
        addresses=_unique(found["addresses"]),
        phones=_unique(found["phones"]),
        institutions=_unique(found["institutions"]),
        uids=_unique(found["uids"]),
        sex=text_of(dataset, "PatientSex") or None,
    )


def patient_key(dataset: Dataset) -> OriginalId:
    """What the patient's pseudonym is made of: the number; else name and birth date; else the study."""
    number = text_of(dataset, "PatientID")
    if number:
        return OriginalId(number)
    name, birth = text_of(dataset, "PatientName"), text_of(dataset, "PatientBirthDate")
    if name.strip("^=") and birth:
        return OriginalId(f"{name}\0{birth}")
    return OriginalId(text_of(dataset, "StudyInstanceUID"))


def _collect(dataset: Dataset, found: dict[str, list[str]], depth: int) -> None:
    for tag in dataset.keys():  # noqa: SIM118 - iterating a data set decodes every value, keys do not
        if tag.is_private or tag.group >= 0x7FE0:
            continue
        keyword = keyword_for_tag(tag)
        if not keyword:
            continue
        vr = dictionary_VR(tag)
        if vr == "SQ":
            if depth < _MAX_DEPTH:
                for item in items_of(dataset, keyword):
                    _collect(item, found, depth + 1)
            continue
        field = _FIELDS.get(keyword)
        if vr == "PN":
            field = "names" if keyword in NAME_KEYWORDS else "people"
        elif vr == "UI":
            field = "uids"
        if field:
            found[field].extend(_values(dataset, keyword, vr))


def _values(dataset: Dataset, keyword: str, vr: str) -> list[str]:
    try:
        value = dataset.get(keyword)
        if value is None:
            return []
        parts = value if not isinstance(value, str) and hasattr(value, "__iter__") and vr != "PN" else [value]
        if vr == "PN" and hasattr(value, "__iter__") and not hasattr(value, "components"):
            parts = list(value)
        texts = [str(part).strip(" \0") for part in parts]
    except MALFORMED:
        return []
    return [text for text in texts if text and not (vr == "UI" and text in UID_dictionary)]


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
