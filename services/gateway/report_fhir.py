"""Predictions as a FHIR R5 DiagnosticReport with its observations inside, preliminary.

Source: HL7 FHIR R5 (5.0.0), resources DiagnosticReport and Observation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydicom.dataset import Dataset

from osteon.dicom import read_dataset
from osteon.dicom.dataset import text_of
from osteon.domain import Prediction, Task
from services.gateway.summary import RESEARCH_ONLY, conclusion, name_of, sentence

_SCHEME = "urn:osteon:codes"
_UNITS = {
    Task.FRACTURE: ("1", "probability"),
    Task.BONE_AGE: ("mo", "months"),
    Task.KNEE_OA: ("1", "KL grade"),
    Task.ABNORMALITY: ("1", "probability"),
    Task.LEG_ALIGNMENT: ("deg", "degrees"),
    Task.IMPLANT: ("1", "probability"),
}


def build_diagnostic_report(
    instance: bytes, predictions: Sequence[Prediction], *, item_id: str, now: datetime | None = None
) -> dict[str, Any]:
    """The resource as JSON values."""
    source = read_dataset(instance, pixels=False)
    observations = [_observation(number, each) for number, each in enumerate(predictions, 1)]
    return {
        "resourceType": "DiagnosticReport",
        "id": item_id,
        "status": "preliminary",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}
        ],
        "code": {
            "coding": [
                {"system": "http://loinc.org", "code": "18748-4", "display": "Diagnostic imaging study"}
            ]
        },
        **_subject(source),
        "issued": (now or datetime.now(UTC)).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "contained": observations,
        "result": [{"reference": f"#{observation['id']}"} for observation in observations],
        "conclusion": conclusion(predictions),
        "note": [{"text": RESEARCH_ONLY}],
    }


def _subject(source: Dataset) -> dict[str, Any]:
    patient, accession = text_of(source, "PatientID"), text_of(source, "AccessionNumber")
    found: dict[str, Any] = {
        "study": [
            {
                "identifier": {
                    "system": "urn:dicom:uid",
                    "value": f"urn:oid:{text_of(source, 'StudyInstanceUID')}",
                }
            }
        ]
    }
    if patient:
        found["subject"] = {"identifier": {"value": patient}}
    if accession:
        found["basedOn"] = [{"identifier": {"type": {"text": "accession number"}, "value": accession}}]
    return found


def _observation(number: int, prediction: Prediction) -> dict[str, Any]:
    task = Task.parse(prediction.task)
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "id": f"prediction-{number}",
        "status": "preliminary",
        "code": {"coding": [{"system": _SCHEME, "code": task.value}], "text": name_of(prediction)},
        "device": {"display": f"Osteon {task.value} {prediction.model_version}"},
        "note": [{"text": f"{sentence(prediction)} {RESEARCH_ONLY}"}],
    }
    if prediction.value is None:
        found["dataAbsentReason"] = {"text": prediction.reason}
    else:
        code, unit = _UNITS[task]
        found["valueQuantity"] = {
            "value": round(prediction.value, 6),
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": code,
        }
    return found
