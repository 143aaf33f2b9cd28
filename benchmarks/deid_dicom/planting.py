"""A value with identity for each attribute of table E.1-1, with what the standard expects of it."""

from __future__ import annotations

import random

from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset

from benchmarks.deid_dicom.descriptions import description
from benchmarks.deid_dicom.expected import STRICTER, Expectation, letter, table
from benchmarks.deid_dicom.people import Person

_LENGTHS = {"SH": 16, "LO": 64, "ST": 200, "LT": 400, "UT": 400, "UC": 200}
_EXACT = {"X": "removed", "Z": "emptied", "D": "replaced", "U": "mapped", "K": "kept"}
_SHIFTED = {"DA", "DT", "TM"}
#: Set by hand elsewhere, or of the container format.
_ELSEWHERE = frozenset({
    "PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
    "PatientSex", "PatientAge", "PatientSize", "PatientWeight", "PregnancyStatus", "PatientBirthDate",
    "RequestAttributesSequence", "SourceImageSequence", "ReferencedImageSequence",
    "DigitalSignaturesSequence", "DataSetTrailingPadding",
})  # fmt: skip


def plantable() -> list[int]:
    """The tags of table E.1-1 that a composite instance may carry, known to the dictionary here."""
    tags = [int(tag, 16) for tag in table() if set(tag) <= set("0123456789abcdef")]
    return [
        tag
        for tag in tags
        if tag >> 16 > 4 and tag >> 16 != 0xFFFC and (keyword_for_tag(tag) or "") not in {"", *_ELSEWHERE}
    ]


def uid(draw: random.Random) -> str:
    """A UID of some vendor's root."""
    return f"1.3.{draw.randrange(10, 99)}.{draw.randrange(10**4, 10**9)}.{draw.randrange(10**6, 10**12)}"


def moment(draw: random.Random, vr: str) -> str:
    """A DA, TM or DT value, also a range end with an offset."""
    day = f"{draw.randrange(2015, 2026)}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}"
    time = f"{draw.randrange(24):02d}{draw.randrange(60):02d}{draw.randrange(60):02d}"
    time += draw.choice(("", "", f".{draw.randrange(10**6):06d}"))
    if vr == "DA":
        return day
    return time if vr == "TM" else day + time + draw.choice(("", "+0100", "-0330"))


def plant(
    ds: Dataset, tag: int, who: Person, draw: random.Random, path: tuple[int, ...]
) -> list[Expectation]:
    """Puts a value under the tag and returns what must become of it."""
    keyword, vr = keyword_for_tag(tag), dictionary_VR(tag).split(" or ")[0]
    at, action = (*path, tag), _action(tag, keyword, vr)
    if vr == "SQ":
        return _plant_sequence(ds, keyword, at, who)
    value, words = _value(vr, who, draw, cleaned=action == "cleaned")
    setattr(ds, keyword, _shaped(value, tag))
    if isinstance(value, bytes):
        value = ""
    group = who.number if action == "shifted" else "uid" if action == "mapped" else ""
    return [Expectation(at, keyword, action, str(value), words, group)]


def _action(tag: int, keyword: str, vr: str) -> str:
    if keyword in STRICTER:
        return "removed"
    found = letter(tag) or "K"
    if vr == "AS" and found == "K":
        return "capped"
    if found == "C":
        return "shifted" if vr in _SHIFTED else "cleaned"
    return _EXACT.get(found, "gone")  # X/Z, X/D, X/Z/D, Z/D: by the object's type; the value goes


def _shaped(value: object, tag: int) -> object:
    vm = dictionary_VM(tag)
    return [value] * int(vm[0]) if vm[0].isdigit() and int(vm[0]) > 1 and "-" not in vm[:2] else value


def _value(vr: str, who: Person, draw: random.Random, *, cleaned: bool) -> tuple[object, tuple[str, ...]]:
    if vr in _LENGTHS and cleaned:
        return description(draw, who, _LENGTHS[vr])
    identity = draw.choice((who.family, who.number, who.phone, who.doctor, who.town))
    values: dict[str, object] = {
        "PN": who.full if draw.random() < 0.5 else f"{who.doctor}^{draw.choice('ABC')}",
        "UI": uid(draw),
        "AS": "097Y",
        "DS": "4711",
        "IS": "4711",
        "AE": "AE_" + who.number[:9],
        "CS": "CS" + who.number[:9],
        "UR": f"https://exemple.be/{who.number}",
        "OB": who.number.encode() + b"\0" * (len(who.number) % 2),
        "UN": who.number.encode() + b"\0" * (len(who.number) % 2),
        "OW": who.number.encode() + b"\0" * (len(who.number) % 2),
        "AT": 0x00100010,
        "FD": 4711.0,
        "FL": 4711.0,
    }
    if vr in _SHIFTED:
        return moment(draw, vr), ()
    if vr in {"US", "UL", "SS", "SL", "UV", "SV"}:
        return 4711, ()
    return values.get(vr, identity[: _LENGTHS.get(vr, 16)]), ()


def _plant_sequence(ds: Dataset, keyword: str, at: tuple[int, ...], who: Person) -> list[Expectation]:
    item = Dataset()
    item.PatientID, item.PersonName, item.TextValue = who.number, who.full, who.phone
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = who.number, "99LOCAL", who.family[:60]
    setattr(ds, keyword, [item])
    found = letter(at[-1]) or "K"
    known = {"X": "removed", "Z": "emptied", "D": "replaced"}
    action = "removed" if keyword in STRICTER else known.get(found, "gone")
    return [Expectation(at, keyword, action)]
