"""What the standard expects of an attribute: the letter of table E.1-1 under the options in force.

Read anew here from the table, so that a fault in the product's own resolution is seen.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

OPTIONS = frozenset(
    {
        "clean_descriptors",
        "clean_structured_content",
        "retain_modified_dates",
        "retain_patient_characteristics",
    }
)

#: Where the project's own policy is stricter than the options allow, and why; counted as it declares.
STRICTER = {
    "EthnicGroup": "special category of personal data (GDPR article 9), of no use for bones",
    "EthnicGroupCodeSequence": "as above",
    "EthnicGroups": "as above",
    "SmokingStatus": "of no use for bones; narrows a person down",
    "PatientSexNeutered": "animals only",
    "SexParametersForClinicalUseCategorySequence": "special category of personal data",
    "SexParametersForClinicalUseCategoryCodeSequence": "as above",
    "SexParametersForClinicalUseCategoryComment": "as above",
    "SexParametersForClinicalUseCategoryReference": "as above",
    "SpecialNeeds": "free text about a person's health",
    "PatientState": "free text about a person's health",
    "PreMedication": "free text about a person's health",
    "Allergies": "free text about a person's health",
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """One planted attribute and what must have become of it.

    Attributes:
        path: tags and item numbers from the root: (tag,) or (tag, item, tag, ...).
        action: removed | emptied | replaced | gone | kept | mapped | pseudonym | shifted | cleaned | items
            | code | capped.
        original: the planted value as a text.
        words: clinical words that a cleaned text must still hold.
        group: what values of one kind are consistent over (pseudonyms), or the patient of a date.
    """

    path: tuple[int, ...]
    keyword: str
    action: str
    original: str = ""
    words: tuple[str, ...] = ()
    group: str = ""
    where: str = field(default="header")


@cache
def table() -> dict[str, dict[str, str]]:
    """Tag (eight hexadecimal digits, lower case) -> its row."""
    text = (files("osteon.deid.standard") / "table_e1_1.csv").read_text("utf-8")
    return {row["tag"]: row for row in csv.DictReader(text.splitlines())}


def letter(tag: int) -> str | None:
    """The action on a tag: an option's letter before the basic profile's, C before K; None: not listed."""
    row = table().get(f"{tag:08x}")
    if row is None:
        return None
    chosen = {row[option] for option in OPTIONS} - {""}
    return "C" if "C" in chosen else "K" if "K" in chosen else row["basic"]
