"""The tables of a de-identified folder, made from the records of its studies."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from osteon.artefact import atomic_write
from osteon.deid.labels import LABEL_COLUMNS, label_rows
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.records import QUARANTINE, StudyRecord

INSTANCE_COLUMNS = (
    "file",
    "hospital",
    "patient",
    "study_key",
    "study_instance_uid",
    "series_instance_uid",
    "sop_instance_uid",
    "modality",
    "region",
    "view",
    "laterality",
    "sex",
    "age_years",
    "device",
    "study_date",
    "text_boxes",
    "sha256",
)


def write_tables(
    output: Path, records: Iterable[StudyRecord], truth: Path | None, pseudonymiser: Pseudonymiser
) -> dict[str, int]:
    """Writes instances.csv, reports.jsonl, labels.csv and the quarantine list; returns the counts."""
    ordered = sorted(records, key=lambda record: (record.hospital, record.study))
    images = [
        {**image, "hospital": record.hospital, "patient": record.patient, "study_key": record.study}
        for record in ordered
        for image in record.images
    ]
    atomic_write(output / "instances.csv", _csv(INSTANCE_COLUMNS, images))
    reports = [
        {"study": r.study, "patient": r.patient, "hospital": r.hospital, "text": r.report["text"]}
        for r in ordered
        if r.report is not None
    ]
    atomic_write(
        output / "reports.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in reports)
    )
    quarantined = [
        {"study": r.study, "hospital": r.hospital, **reason} for r in ordered for reason in r.quarantined
    ]
    atomic_write(
        output / QUARANTINE / "quarantine.jsonl",
        "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in quarantined),
    )
    counts = {
        "studies": sum(1 for r in ordered if r.images),
        "images": len(images),
        "images_with_text_removed": sum(1 for image in images if image["text_boxes"]),
        "reports": len(reports),
        "quarantined": len(quarantined),
        "reviewed": sum(len(r.reviewed) for r in ordered),
    }
    if truth is not None:
        by_source = {image["source"]: image for image in images}
        rows, counts["label_cells_left_out"] = label_rows(truth, by_source, pseudonymiser)
        atomic_write(output / "labels.csv", _csv(LABEL_COLUMNS, rows))
        counts["labels"] = len(rows)
    return counts


def _csv(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
