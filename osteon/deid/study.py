"""One study: its images and its report under one identity, written whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from osteon.deid.cases import Decision
from osteon.deid.header_identity import known_from_dataset, patient_key
from osteon.deid.identity import KnownIdentity
from osteon.deid.instance import DeidentifiedInstance, deidentify_dataset
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.records import StudyRecord, held_row
from osteon.deid.report_source import ReportInput, read_report
from osteon.deid.sources import StudySource
from osteon.deid.study_images import write_images
from osteon.deid.study_review import NONE, StudyReview, corrected, is_rejected, may_be_of_another, policy_for
from osteon.dicom.dataset import read_dataset, text_of
from osteon.dicom.limits import Limits
from osteon.domain.errors import OsteonError, QuarantinedError
from osteon.domain.identity import OriginalId


@dataclass(frozen=True, slots=True)
class _Image:
    """One image of a study: its file, what is in it, what a person decided about it."""

    name: str
    dataset: Dataset
    decision: Decision


def deidentify_study(
    source: StudySource,
    folder: Path,
    output: Path,
    policy: Policy,
    pseudonymiser: Pseudonymiser,
    state: str,
    review: StudyReview | None = None,
) -> StudyRecord:
    """Writes the study under its pseudonym and returns its record; in doubt, the doubtful part stays out.

    Args:
        state: what this run's output depends on (input signature, policy, key); stands in the record.
        review: where a doubtful part is kept for a person, and what was decided about it before.
    """
    review = review or StudyReview()
    record = StudyRecord(state=state, hospital=source.hospital)
    images = _read_images(source, folder, policy, record, review)
    datasets = [(image.name, image.dataset) for image in images]
    report, decision = _read_report(source, folder, record, review)
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
                review,
                [folder / name for name, _ in datasets],
            )
        else:
            outputs = _deidentify_images(images, folder, known, policy, pseudonymiser, record, review)
            write_images(outputs, output, record, pseudonymiser)
            if report is not None and record.images:
                try:
                    record.report = _deidentify_report(
                        report, known, patient_key(first), policy, pseudonymiser, decision
                    )
                except OsteonError as error:
                    paths = [folder / name for name in source.reports]
                    _quarantine(record, "report", error, review, paths, known, patient_key(first).value)
    return record


def _read_images(
    source: StudySource, folder: Path, policy: Policy, record: StudyRecord, review: StudyReview
) -> list[_Image]:
    images = []
    for name in source.images:
        decision = review.decision("image", [folder / name])
        if is_rejected(decision):
            _reject(record, "image")
            continue
        try:
            dataset = read_dataset(folder / name, limits=Limits(max_bytes=policy.limits.instance_bytes))
            images.append(_Image(name, corrected(dataset, decision), decision))
        except OsteonError as error:
            _quarantine(record, "image", error, review, [folder / name])
    return images


def _read_report(
    source: StudySource, folder: Path, record: StudyRecord, review: StudyReview
) -> tuple[ReportInput | None, Decision]:
    paths = [folder / name for name in source.reports]
    decision = review.decision("report", paths)
    if is_rejected(decision):
        _reject(record, "report")
        return None, decision
    try:
        report = ReportInput(text=decision.text) if decision.text is not None else read_report(paths)
        return report, decision
    except OsteonError as error:
        _quarantine(record, "report", error, review, paths)
        return None, decision


def _deidentify_images(
    images: list[_Image],
    folder: Path,
    known: KnownIdentity,
    policy: Policy,
    pseudonymiser: Pseudonymiser,
    record: StudyRecord,
    review: StudyReview,
) -> list[tuple[str, DeidentifiedInstance]]:
    outputs = []
    for image in images:
        allowed = policy_for(policy, image.decision, image.dataset)
        try:
            outputs.append((image.name, deidentify_dataset(image.dataset, allowed, pseudonymiser, known)))
            _note_review(record, "image", image.decision)
        except OsteonError as error:
            _quarantine(record, "image", error, review, [folder / image.name], known)
    return outputs


def _deidentify_report(
    report: ReportInput,
    known: KnownIdentity,
    patient: OriginalId,
    policy: Policy,
    pseudonymiser: Pseudonymiser,
    decision: Decision = NONE,
) -> dict[str, Any]:
    from osteon.deid.text.report_text import deidentify_text

    if (
        report.message
        and report.message.patient_ids
        and known.numbers
        and not _same_patient(report, patient)
        and not may_be_of_another(policy, decision)
    ):
        raise QuarantinedError(
            "a report of the study's patient", "another patient number", "check the match by hand"
        )
    made = deidentify_text(report.text, known, policy=policy, pseudonymiser=pseudonymiser, patient_id=patient)
    reviewed = {"review": decision.state} if decision.state else {}
    return {"text": made.text, "replaced": dict(made.replaced), **reviewed}


def _same_patient(report: ReportInput, patient: OriginalId) -> bool:
    wanted = patient.value.strip().upper()
    return report.message is not None and any(
        number.strip().upper() == wanted for number in report.message.patient_ids
    )


def _quarantine(
    record: StudyRecord,
    what: str,
    error: OsteonError,
    review: StudyReview,
    paths: list[Path],
    known: KnownIdentity | None = None,
    patient: str | None = None,
) -> None:
    """Notes the reason in the record and keeps the part for a person, where there is a vault."""
    row = held_row(what, error)
    case = review.hold(what, paths, error, known, patient)
    record.quarantined.append(row | ({"case": case} if case else {}))


def _note_review(record: StudyRecord, what: str, decision: Decision) -> None:
    """What leaves only because a person said so is counted in the record."""
    if decision.state:
        record.reviewed.append({"what": what, "decision": decision.state, "waiver": decision.waiver})


def _reject(record: StudyRecord, what: str) -> None:
    record.reviewed.append({"what": what, "decision": "rejected", "waiver": ""})
