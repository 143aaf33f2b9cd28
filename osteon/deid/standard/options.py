"""The options of the Basic Application Level Confidentiality Profile and their codes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Option(StrEnum):
    """An option of the profile (PS3.15 E.3); its name is also a column of table E.1-1."""

    CLEAN_PIXEL_DATA = "clean_pixel_data"
    CLEAN_GRAPHICS = "clean_graphics"
    CLEAN_STRUCTURED_CONTENT = "clean_structured_content"
    CLEAN_DESCRIPTORS = "clean_descriptors"
    RETAIN_FULL_DATES = "retain_full_dates"
    RETAIN_MODIFIED_DATES = "retain_modified_dates"
    RETAIN_PATIENT_CHARACTERISTICS = "retain_patient_characteristics"
    RETAIN_DEVICE_IDENTITY = "retain_device_identity"
    RETAIN_UIDS = "retain_uids"
    RETAIN_SAFE_PRIVATE = "retain_safe_private"
    RETAIN_INSTITUTION_IDENTITY = "retain_institution_identity"


#: Source: DICOM PS3.16 CID 7050.
METHOD_CODES: dict[Option, tuple[str, str]] = {
    Option.CLEAN_PIXEL_DATA: ("113101", "Clean Pixel Data Option"),
    Option.CLEAN_GRAPHICS: ("113103", "Clean Graphics Option"),
    Option.CLEAN_STRUCTURED_CONTENT: ("113104", "Clean Structured Content Option"),
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.RETAIN_FULL_DATES: ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    Option.RETAIN_MODIFIED_DATES: (
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    Option.RETAIN_PATIENT_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
    Option.RETAIN_DEVICE_IDENTITY: ("113109", "Retain Device Identity Option"),
    Option.RETAIN_UIDS: ("113110", "Retain UIDs Option"),
    Option.RETAIN_SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
    Option.RETAIN_INSTITUTION_IDENTITY: ("113112", "Retain Institution Identity Option"),
}
_BASIC = ("113100", "Basic Application Confidentiality Profile")


def method_codes(options: Iterable[Option]) -> tuple[tuple[str, str], ...]:
    """The De-identification Method Code Sequence's codes and meanings, in the order of the codes.

    >>> [code for code, _ in method_codes([Option.CLEAN_DESCRIPTORS])]
    ['113100', '113105']
    """
    return (_BASIC, *sorted(METHOD_CODES[option] for option in set(options)))
