"""One study: its images and its report under one identity, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from osteon.artefact import atomic_write
from osteon.deid.header_identity import known_from_dataset, patient_key
from osteon.deid.identity import KnownIdentity
from osteon.deid.instance import DeidentifiedInstance, deidentify_dataset
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.report_source import ReportInput, read_report
from osteon.deid.sources import StudySource
from osteon.dicom.dataset import read_dataset, text_of
from osteon.dicom.limits import Limits
from osteon.domain.errors import OsteonError, QuarantinedError
from osteon.domain.identity import OriginalId

RECORDS = "studies"
QUARANTINE = "quarantine"


@dataclass(slots=True)
class StudyRecord:
    """What came out of one study, under pseudonyms; JSON values only."""

    state: str
    hospital: str
    study: str = ""
    patient: str = ""
    images: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)  # structured reports
    report: dict[str, Any] | None = None
    quarantined: list[dict[str, str]] = field(default_factory=list)


def deidentify_study(
    source: StudySource, folder: Path, output: Path, policy: Policy, pseudonymiser: Pseudonymiser, state: str
) -> StudyRecord:
    """Writes the study under its pseudonym and returns its record; in doubt, the doubtful part stays out.

    Args:
        state: what this run's output depends on (input signature, policy, key); stands in the record.
    """
    record = StudyRecord(state=state, hospital=source.hospital)
    datasets = _read_images(source, folder, policy, record)
    report = _read_report(source, folder, record)
    if datasets:
        known = KnownIdentity().merged(
            *(known_from_dataset(dataset) for _, dataset in datasets),
            *([report.message.known] if report and report.message else []),
        )
        first = datasets[0][1]
        record.study = pseudonymiser.study(OriginalId(text_of(first, "StudyInstanceUID"))).value
        record.patient = pseudonymiser.patient(patient_key(first)).value
        if len({patient_key(dataset).value for _, dataset in datasets}) > 1:
            _quarantine(
                record,
                "study",
                QuarantinedError("one patient per study", "several", "split the study at its source"),
            )
        else:
            outputs = _deidentify_images(datasets, known, policy, pseudonymiser, record)
            _write_images(outputs, output, record, pseudonymiser)
            if report is not None and record.images:
                _deidentify_report(report, known, patient_key(first), policy, pseudonymiser, record)
    return record


def record_name(source: StudySource, pseudonymiser: Pseudonymiser) -> str:
    """The record's file name: keyed, because a folder's name may be a patient's."""
    digest = pseudonymiser.key.digest("record", f"{source.hospital}\0{source.key}")
    return f"{digest.hex()[:24]}.json"


def _read_images(
    source: StudySource, folder: Path, policy: Policy, record: StudyRecord
) -> list[tuple[str, Dataset]]:
    datasets = []
    for name in source.images:
        try:
            dataset = read_dataset(folder / name, limits=Limits(max_bytes=policy.limits.instance_bytes))
            datasets.append((name, dataset))
        except OsteonError as error:
            _quarantine(record, "image", error)
    return datasets


def _read_report(source: StudySource, folder: Path, record: StudyRecord) -> ReportInput | None:
    try:
        return read_report([folder / name for name in source.reports])
    except OsteonError as error:
        _quarantine(record, "report", error)
        return None


def _deidentify_images(
    datasets: list[tuple[str, Dataset]],
    known: KnownIdentity,
    policy: Policy,
    pseudonymiser: Pseudonymiser,
    record: StudyRecord,
) -> list[tuple[str, DeidentifiedInstance]]:
    outputs = []
    for name, dataset in datasets:
        try:
            outputs.append((name, deidentify_dataset(dataset, policy, pseudonymiser, known)))
        except OsteonError as error:
            _quarantine(record, "image", error)
    return outputs


def source_mark(name: str, pseudonymiser: Pseudonymiser) -> str:
    """Names an input file without telling its name, which may be a patient's."""
    return pseudonymiser.key.digest("source", name).hex()[:24]


def _write_images(
    outputs: list[tuple[str, DeidentifiedInstance]],
    output: Path,
    record: StudyRecord,
    pseudonymiser: Pseudonymiser,
) -> None:
    """All images of the study into a hidden folder that is renamed when it is whole."""
    if not outputs:
        return
    final = output / record.hospital / "dicom" / record.study
    part = final.with_name(f".{record.study}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for number, (name, made) in enumerate(outputs):
        file = f"{number}.dcm"
        (part / file).write_bytes(made.content)
        row = _image_row(f"{record.hospital}/dicom/{record.study}/{file}", made)
        rows = record.documents if made.facts["Modality"] == "SR" else record.images
        rows.append({"source": source_mark(name, pseudonymiser), **row})
    shutil.rmtree(final, ignore_errors=True)
    part.rename(final)


def _image_row(file: str, made: DeidentifiedInstance) -> dict[str, Any]:
    facts = made.facts
    return {
        "file": file,
        "study_instance_uid": made.instance.study_instance_uid.value,
        "series_instance_uid": made.instance.series_instance_uid.value,
        "sop_instance_uid": made.instance.sop_instance_uid.value,
        "modality": facts["Modality"],
        "region": facts["BodyPartExamined"].lower(),
        "view": facts["ViewPosition"],
        "laterality": facts["ImageLaterality"] or facts["Laterality"],
        "sex": facts["PatientSex"],
        "age_years": _years(facts["PatientAge"]),
        "device": " ".join(v for v in (facts["Manufacturer"], facts["ManufacturerModelName"]) if v),
        "study_date": facts["StudyDate"],
        "text_boxes": made.report.text_boxes,
        "sha256": hashlib.sha256(made.content).hexdigest(),
    }


def _years(age: str) -> str:
    if len(age) != 4:
        return ""
    years = int(age[:3]) / {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}[age[3]]
    return f"{years:.2f}".rstrip("0").rstrip(".")


def _deidentify_report(
    report: ReportInput,
    known: KnownIdentity,
    patient: OriginalId,
    policy: Policy,
    pseudonymiser: Pseudonymiser,
    record: StudyRecord,
) -> None:
    from osteon.deid.text.report_text import deidentify_text

    try:
        if (
            report.message
            and report.message.patient_ids
            and known.numbers
            and not _same_patient(report, patient)
        ):
            raise QuarantinedError(
                "a report of the study's patient", "another patient number", "check the match by hand"
            )
        made = deidentify_text(
            report.text, known, policy=policy, pseudonymiser=pseudonymiser, patient_id=patient
        )
        record.report = {"text": made.text, "replaced": dict(made.replaced)}
    except OsteonError as error:
        _quarantine(record, "report", error)


def _same_patient(report: ReportInput, patient: OriginalId) -> bool:
    wanted = patient.value.strip().upper()
    return report.message is not None and any(
        number.strip().upper() == wanted for number in report.message.patient_ids
    )


def _quarantine(record: StudyRecord, what: str, error: OsteonError) -> None:
    record.quarantined.append(
        {
            "what": what,
            "kind": type(error).__name__,
            "need": error.need,
            "got": error.got,
            "next": error.next_step,
        }
    )


def write_record(path: Path, record: StudyRecord) -> None:
    """The record, last of all: its presence says that the study is done."""
    atomic_write(path, json.dumps(asdict(record), ensure_ascii=False, sort_keys=True) + "\n")


def read_record(path: Path) -> StudyRecord | None:
    """The record at the path; None when there is none or it is not whole."""
    try:
        return StudyRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
