"""A de-identified folder as studies: its pictures, reports and labels, joined by pseudonym."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from osteon.domain import RefusedError, Report, Study, StudyImage
from osteon.pairs.section import split_sections
from osteon.pairs.split import HELD_OUT

INSTANCES_NAME, REPORTS_NAME, LABELS_NAME = "instances.csv", "reports.jsonl", "labels.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Everything that pairing needs of one de-identified folder; all identifiers are pseudonyms.

    Attributes:
        studies: studies with at least one picture, by study pseudonym.
        reports: reports by study pseudonym.
        labels: label row of a picture, by its file; empty without a label table.
        sex: `M`, `F` or empty, by study pseudonym.
        held_out_patients: patients with any study from a hospital kept for testing.
    """

    studies: Mapping[str, Study]
    reports: Mapping[str, Report]
    labels: Mapping[str, Mapping[str, str]]
    sex: Mapping[str, str]
    held_out_patients: frozenset[str]


def read_source(folder: Path) -> Source:
    """Reads the tables of a de-identified folder; opens no picture.

    Raises:
        RefusedError: a table is missing, or a row names a file outside the folder.
    """
    rows = _rows(folder / INSTANCES_NAME, ("file", "patient", "study_key"))
    labels_path = folder / LABELS_NAME
    label_rows = _rows(labels_path, ("file", "patient")) if labels_path.is_file() else []
    images: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["file"]):
        _require_inside(row["file"])
        images[row["study_key"]].append(row)
    return Source(
        studies={key: _study(key, group) for key, group in sorted(images.items())},
        reports=_reports(folder / REPORTS_NAME),
        labels={row["file"]: row for row in label_rows},
        sex={key: group[0].get("sex", "") for key, group in images.items()},
        held_out_patients=frozenset(
            row["patient"] for row in (*rows, *label_rows) if row.get("split_hint") == HELD_OUT
        ),
    )


def _study(key: str, rows: list[dict[str, str]]) -> Study:
    if len({row["patient"] for row in rows}) != 1:
        raise RefusedError("one patient per study", "a study of two patients", "de-identify the folder again")
    return Study(
        study=key,
        patient=rows[0]["patient"],
        hospital=rows[0].get("hospital", ""),
        images=tuple(
            StudyImage(
                file=row["file"],
                region=row.get("region", ""),
                view=row.get("view", ""),
                laterality=row.get("laterality", ""),
            )
            for row in rows
        ),
    )


def _rows(path: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    if not path.is_file():
        raise RefusedError(
            f"a de-identified folder with {path.name}",
            "a folder without it",
            "run the de-identification first",
        )
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise RefusedError(
                f"{path.name} with the columns {', '.join(needed)}",
                f"a table without {', '.join(missing)}",
                "run the de-identification of this version",
            )
        return [{name: value or "" for name, value in row.items() if name is not None} for row in reader]


def _reports(path: Path) -> dict[str, Report]:
    if not path.is_file():
        raise RefusedError(
            f"a de-identified folder with {path.name}",
            "a folder without it",
            "run the de-identification first",
        )
    reports: dict[str, Report] = {}
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                record = json.loads(line)
                study, patient, text = str(record["study"]), str(record["patient"]), str(record["text"])
            except (ValueError, KeyError, TypeError):
                raise RefusedError(
                    f"one JSON object with study, patient and text per line of {path.name}",
                    f"something else on line {number}",
                    "de-identify the folder again",
                ) from None
            reports[study] = Report(study=study, patient=patient, text=text, sections=split_sections(text))
    return reports


def _require_inside(file: str) -> None:
    path = Path(file)
    if path.is_absolute() or ".." in path.parts:
        raise RefusedError(
            "files inside the de-identified folder",
            "a path that leads outside",
            "de-identify the folder again",
        )
