"""What is known of a patient from the header or the HL7 message: searched for, never written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from osteon.domain.errors import RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIdentity:
    """Identity values of one study, in memory only; `repr` redacts.

    Attributes:
        names: names of the patient and relatives, each as its parts (family first), as written.
        people: names of physicians, operators and others who are not the patient.
        numbers: patient numbers, visit numbers, accession numbers, insurance numbers.
        birth_dates: YYYYMMDD.
        addresses, phones, mails, institutions, uids: as written.
        sex: M, F or O where known, so that a surrogate keeps it.
    """

    names: tuple[tuple[str, ...], ...] = ()
    people: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[str, ...] = ()
    birth_dates: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()
    uids: tuple[str, ...] = ()
    sex: str | None = None

    def __repr__(self) -> str:
        return "KnownIdentity(redacted)"

    __str__ = __repr__

    def merged(self, *others: KnownIdentity) -> KnownIdentity:
        """All that any of the sources knows, without repeats."""
        sources = (self, *others)
        values: dict[str, Any] = {
            field.name: _unique(value for source in sources for value in getattr(source, field.name))
            for field in fields(self)
            if field.name != "sex"
        }
        return KnownIdentity(**values, sex=next((s.sex for s in sources if s.sex), None))


def _unique(values: Iterable[object]) -> tuple[object, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def name_parts(value: str) -> tuple[str, ...]:
    """The parts of a person name: family, given, middle (prefix and suffix left out).

    Source: DICOM PS3.5 6.2.1.1 (PN: `^` between components, `=` between groups); HL7 v2 XPN alike.

    >>> name_parts("DUPONT^MARIE^^Dr")
    ('DUPONT', 'MARIE')
    """
    group = next((group for group in value.split("=") if group.strip(" ^\0")), "")
    parts = [part.strip(" \0") for part in group.split("^")[:3]]
    return tuple([part for part in parts if part])


def known_from_keywords(values: Mapping[str, object]) -> KnownIdentity:
    """Known identity from DICOM keywords as JSON values, the `patient` of a note.

    Raises:
        RefusedError: a value is neither text nor a list of texts.
    """
    found: dict[str, list[str]] = {}
    for keyword, value in values.items():
        if value is None:
            continue
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, (str, int)) for item in items):
            raise RefusedError("texts under DICOM keywords", "another type", "write each value as a text")
        found[keyword] = [str(item) for item in items if str(item).strip()]
    return KnownIdentity(
        names=tuple(name_parts(v) for k in NAME_KEYWORDS for v in found.get(k, [])),
        people=tuple(name_parts(v) for k in PEOPLE_KEYWORDS for v in found.get(k, [])),
        numbers=tuple(v for k in NUMBER_KEYWORDS for v in found.get(k, [])),
        birth_dates=tuple(v for k in BIRTH_KEYWORDS for v in found.get(k, [])),
        addresses=tuple(v for k in ADDRESS_KEYWORDS for v in found.get(k, [])),
        phones=tuple(v for k in PHONE_KEYWORDS for v in found.get(k, [])),
        institutions=tuple(v for k in INSTITUTION_KEYWORDS for v in found.get(k, [])),
        sex=next((v for v in found.get("PatientSex", []) if v in {"M", "F", "O"}), None),
    )


NAME_KEYWORDS = (
    "PatientName",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "ResponsiblePerson",
    "PatientNames",
)
PEOPLE_KEYWORDS = (
    "ReferringPhysicianName",
    "PerformingPhysicianName",
    "NameOfPhysiciansReadingStudy",
    "OperatorsName",
    "RequestingPhysician",
    "PhysiciansOfRecord",
    "ScheduledPerformingPhysicianName",
    "ConsultingPhysicianName",
    "VerifyingObserverName",
    "PersonName",
    "ReviewerName",
    "HumanPerformerName",
    "NamesOfIntendedRecipientsOfResults",
    "InterpretationAuthor",
    "InterpretationRecorder",
    "InterpretationTranscriber",
    "PhysicianApprovingInterpretation",
    "DistributionName",
)
NUMBER_KEYWORDS = (
    "PatientID",
    "OtherPatientIDs",
    "AccessionNumber",
    "AdmissionID",
    "ServiceEpisodeID",
    "MilitaryRank",
    "MedicalRecordLocator",
    "InsurancePlanIdentification",
    "StudyID",
    "FillerOrderNumberImagingServiceRequest",
    "PlacerOrderNumberImagingServiceRequest",
    "RequestedProcedureID",
    "ScheduledProcedureStepID",
    "PerformedProcedureStepID",
    "DeviceSerialNumber",
)
BIRTH_KEYWORDS = ("PatientBirthDate",)
ADDRESS_KEYWORDS = (
    "PatientAddress",
    "InstitutionAddress",
    "ReferringPhysicianAddress",
    "PersonAddress",
    "RegionOfResidence",
    "CountryOfResidence",
)
PHONE_KEYWORDS = (
    "PatientTelephoneNumbers",
    "ReferringPhysicianTelephoneNumbers",
    "PersonTelephoneNumbers",
    "OrderCallbackPhoneNumber",
    "PatientTelecomInformation",
)
INSTITUTION_KEYWORDS = ("InstitutionName", "InstitutionalDepartmentName", "RequestingService")
