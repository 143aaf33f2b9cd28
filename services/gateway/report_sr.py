"""Predictions as a DICOM structured report for the patient's own study.

A TID 1500 measurement report (PS3.16 annex A), unverified, one group per prediction, with the source
image. Concepts for which no published code was found carry the scheme 99OSTEON.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from osteon.dicom import read_dataset
from osteon.domain import Prediction, RefusedError, Task
from services.gateway.summary import RESEARCH_ONLY_ENGLISH, sentence
from services.gateway.transport import quieten_libraries

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept, MeasurementsAndQualitativeEvaluations

_NAMESPACE = uuid.UUID("6f0a4a3e-3c0f-5d7e-9d0c-1a5c4c2d9b11")
_SERIES_NUMBER = 9900
_MAX_TEXT = 1024

# A question, not a finding: a reader that takes only the code must not file a fracture for a
# probability of 0.02, or for an abstention.
_QUESTIONS = {
    Task.FRACTURE: ("assess-fracture", "99OSTEON", "Assessment for fracture"),
    Task.BONE_AGE: ("assess-bone-age", "99OSTEON", "Assessment of bone age"),
    Task.KNEE_OA: ("assess-knee-oa", "99OSTEON", "Assessment for osteoarthritis of knee"),
    Task.ABNORMALITY: ("assess-abnormality", "99OSTEON", "Assessment for abnormality"),
    Task.LEG_ALIGNMENT: ("assess-leg-alignment", "99OSTEON", "Assessment of leg alignment"),
    Task.IMPLANT: ("assess-implant", "99OSTEON", "Assessment for an implant"),
}
_MEASURES = {
    Task.FRACTURE: (("probability", "99OSTEON", "Probability"), ("{0:1}", "UCUM", "range: 0:1")),
    Task.BONE_AGE: (("bone-age", "99OSTEON", "Bone age"), ("mo", "UCUM", "month")),
    Task.KNEE_OA: (("kl-grade", "99OSTEON", "Kellgren-Lawrence grade"), ("1", "UCUM", "no units")),
    Task.ABNORMALITY: (("probability", "99OSTEON", "Probability"), ("{0:1}", "UCUM", "range: 0:1")),
    Task.LEG_ALIGNMENT: (("hka-angle", "99OSTEON", "Hip-knee-ankle angle"), ("deg", "UCUM", "degree")),
    Task.IMPLANT: (("probability", "99OSTEON", "Probability"), ("{0:1}", "UCUM", "range: 0:1")),
}
_BOUNDS = (("interval-low", "Lower bound of the interval"), ("interval-high", "Upper bound of the interval"))


def deterministic_uid(*parts: str) -> str:
    """A UID that the same parts always give, so that a repeated report replaces itself (PS3.5 annex B.2).

    >>> deterministic_uid("a", "b") == deterministic_uid("a", "b")
    True
    """
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(0).join(parts)).int}"


def build_report(instance: bytes, predictions: Sequence[Prediction], *, ae_title: str) -> bytes:
    """The structured report as a DICOM file.

    Args:
        instance: the image that was judged; its header names patient and study.
        predictions: what the models answered about it, one or more.

    Raises:
        RefusedError: the image's header cannot carry a report.
    """
    from highdicom.sr import ComprehensiveSR

    quieten_libraries()

    source = read_dataset(instance, pixels=False)
    try:
        _prepare(source)
        versions = sorted(f"{each.task}={each.model_version}" for each in predictions)
        report = ComprehensiveSR(
            evidence=[source],
            content=_content(source, predictions, ae_title)[0],
            series_instance_uid=deterministic_uid("series", source.SOPInstanceUID, *versions),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=deterministic_uid("sr", source.SOPInstanceUID, *versions),
            instance_number=1,
            manufacturer="Osteon",
            series_description=RESEARCH_ONLY_ENGLISH[:64],
            is_complete=True,
            is_final=False,
            is_verified=False,
            record_evidence=True,
            manufacturer_model_name="Osteon gateway",
            software_versions=", ".join(versions)[:64],
        )
        report.ReferencedPerformedProcedureStepSequence = []
        return _to_bytes(report)
    except (ValueError, TypeError, AttributeError, KeyError, RuntimeError) as error:
        raise RefusedError(
            "an image whose header can carry a report",
            f"one that cannot ({type(error).__name__})",
            "read the prediction in the outbox",
        ) from None


def _prepare(source: Dataset) -> None:
    """Decode the text once, so that the report can be written in UTF-8, and fill what a report needs."""
    source.decode()
    source.SpecificCharacterSet = "ISO_IR 192"
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate",
                    "StudyTime", "AccessionNumber", "ReferringPhysicianName"):  # fmt: skip
        if source.get(keyword) is None:
            setattr(source, keyword, "")


def _content(source: Dataset, predictions: Sequence[Prediction], ae_title: str) -> Any:
    from highdicom.sr import (
        DeviceObserverIdentifyingAttributes,
        MeasurementReport,
        ObservationContext,
        ObserverContext,
        RelationshipTypeValues,
        TextContentItem,
    )
    from pydicom.sr.codedict import codes

    device = DeviceObserverIdentifyingAttributes(
        uid=deterministic_uid("device", ae_title), name="Osteon", manufacturer_name="Osteon"
    )
    report = MeasurementReport(
        observation_context=ObservationContext(
            observer_device_context=ObserverContext(codes.DCM.Device, observer_identifying_attributes=device)
        ),
        procedure_reported=_concept(_PROCEDURE),
        imaging_measurements=[_group(source, prediction) for prediction in predictions],
        title=codes.DCM.ImagingMeasurementReport,
    )
    lines = [RESEARCH_ONLY_ENGLISH, *(sentence(prediction) for prediction in predictions)]
    for line in lines:
        report[0].ContentSequence.append(
            TextContentItem(
                name=codes.DCM.Comment,
                value=line[:_MAX_TEXT],
                relationship_type=RelationshipTypeValues.CONTAINS,
            )
        )
    return report


_PROCEDURE = ("363680008", "SCT", "Radiographic imaging procedure")


def _group(source: Dataset, prediction: Prediction) -> MeasurementsAndQualitativeEvaluations:
    from highdicom.sr import (
        AlgorithmIdentification,
        MeasurementsAndQualitativeEvaluations,
        QualitativeEvaluation,
        SourceImageForMeasurementGroup,
        TrackingIdentifier,
    )

    task = Task.parse(prediction.task)
    status = QualitativeEvaluation(
        name=_concept(("status", "99OSTEON", "Status of the answer")),
        value=_concept((prediction.status, "99OSTEON", _STATUS[prediction.status])),
    )
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=deterministic_uid("finding", source.SOPInstanceUID, task.value, prediction.model_version),
            identifier=f"{task.value} ({RESEARCH_ONLY_ENGLISH})"[:64],
        ),
        source_images=[SourceImageForMeasurementGroup.from_source_image(source)],
        finding_type=_concept(_QUESTIONS[task]),
        algorithm_id=AlgorithmIdentification(
            name=f"Osteon {task.value}", version=prediction.model_version, manufacturer="Osteon"
        ),
        measurements=_measurements(prediction, task),
        qualitative_evaluations=[status],
    )


_STATUS = {"answered": "Answered", "abstained": "Abstained"}


def _measurements(prediction: Prediction, task: Task) -> list[Any] | None:
    from highdicom.sr import Measurement

    if prediction.value is None:
        return None
    name, unit = _MEASURES[task]
    found = [Measurement(name=_concept(name), value=float(prediction.value), unit=_concept(unit))]
    if prediction.interval is not None:
        for (code, meaning), bound in zip(
            _BOUNDS, (prediction.interval.low, prediction.interval.high), strict=True
        ):
            found.append(
                Measurement(
                    name=_concept((code, "99OSTEON", meaning)), value=float(bound), unit=_concept(unit)
                )
            )
    return found


def _concept(code: tuple[str, str, str]) -> CodedConcept:
    from highdicom.sr import CodedConcept

    return CodedConcept(value=code[0], scheme_designator=code[1], meaning=code[2])


def _to_bytes(report: Dataset) -> bytes:
    report.SpecificCharacterSet = "ISO_IR 192"
    report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    dcmwrite(buffer, report, enforce_file_format=True)
    return buffer.getvalue()
