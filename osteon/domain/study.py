"""A pseudonymous study: the images of one visit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyImage:
    """One picture of a study, named relative to the folder of its table."""

    file: str
    region: str
    view: str
    laterality: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The images of one visit of one patient, all pseudonymous."""

    study: str
    patient: str
    hospital: str
    images: tuple[StudyImage, ...]
