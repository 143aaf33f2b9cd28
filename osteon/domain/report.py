"""A French radiology report after de-identification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SECTION_NAMES = ("indication", "technique", "resultat", "conclusion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One study's report: pseudonymous text, and its sections where they were found."""

    study: str
    patient: str
    text: str
    sections: Mapping[str, str]
