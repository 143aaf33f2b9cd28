"""One DICOM image as the rest of the product names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from osteon.domain.identity import Identifier, OriginalId, Pseudonym

Id = TypeVar("Id", bound=Identifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance(Generic[Id]):
    """The five identifiers of one image; all original or all pseudonymous, by its type.

    Source: DICOM PS3.3 C.7.1.1 (patient), C.7.2.1 (study), C.7.3.1 (series), C.12.1 (SOP).
    """

    study_instance_uid: Id
    series_instance_uid: Id
    sop_instance_uid: Id
    accession_number: Id | None
    patient_id: Id | None


OriginalInstance = Instance[OriginalId]
PseudonymousInstance = Instance[Pseudonym]
