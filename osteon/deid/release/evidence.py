"""What a release statement stands on: manifest, records, evaluation figures, what was read again."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osteon.artefact import read_manifest
from osteon.deid.records import RECORDS, read_record
from osteon.deid.release.bounds import Share
from osteon.deid.release.reread import read_sheet, records_of
from osteon.deid.vault import Vault
from osteon.domain.errors import RefusedError
from osteon.domain.manifest import Manifest

AGE_BAND_YEARS = 5


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Counts and shares of one output; no value of the data set.

    Attributes:
        replaced: label -> spans replaced in reports.
        held: "what: reason" -> parts held back.
        reviewed: "what: decision" -> parts that a person decided about.
        recall: label -> found of all, measured on marked reports.
        documents_whole: documents of which every marked span was found.
        machine: counts of `reread_sample`.
        person: counts of the sheet, by kind.
        groups: patients by sex, five years of age and region: sizes of the groups.
        trail: number and hash of the audit entry that closed the run; empty without a vault.
    """

    manifest: Manifest
    replaced: Mapping[str, int]
    held: Mapping[str, int]
    reviewed: Mapping[str, int]
    recall: Mapping[str, Share] = field(default_factory=dict)
    documents_whole: Share | None = None
    machine: Mapping[str, Any] | None = None
    person: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    patients: int = 0
    groups: tuple[int, ...] = ()
    trail: str = ""


def gather(
    output: Path,
    *,
    evaluation: Path | None = None,
    machine: Mapping[str, Any] | None = None,
    sheet: Path | None = None,
    vault: Vault | None = None,
) -> Evidence:
    """The evidence of one de-identified folder.

    Args:
        evaluation: what `osteon deid evaluate --json` printed on reports whose identity is marked.
        machine: what `reread_sample` counted.
        sheet: what a person filled in.
        vault: whose audit trail has the run.
    Raises:
        RefusedError: the folder has no manifest of a de-identification, or figures that are none.
    """
    manifest = read_manifest(output)
    if manifest.stage != "deid":
        raise RefusedError("a de-identified folder", "another artefact", "name the output of osteon deid run")
    replaced: Counter[str] = Counter()
    for record in records_of(output):
        replaced.update(record.report["replaced"] if record.report else {})
    held, reviewed = _kept_back(output)
    recall, whole = _evaluation(evaluation)
    patients, groups = _groups(output)
    return Evidence(
        manifest=manifest,
        replaced=dict(sorted(replaced.items())),
        held=held,
        reviewed=reviewed,
        recall=recall,
        documents_whole=whole,
        machine=machine,
        person=read_sheet(sheet) if sheet else {},
        patients=patients,
        groups=groups,
        trail=_trail(vault, manifest) if vault else "",
    )


def _kept_back(output: Path) -> tuple[dict[str, int], dict[str, int]]:
    held: Counter[str] = Counter()
    reviewed: Counter[str] = Counter()
    for path in sorted((output / RECORDS).glob("*.json")):
        record = read_record(path)
        if record is None:
            raise RefusedError("records that are whole", "a damaged one", "run osteon deid run again")
        held.update(f"{row['what']}: {row['need']} / {row['got']}" for row in record.quarantined)
        reviewed.update(f"{row['what']}: {row['decision']}" for row in record.reviewed)
    return dict(sorted(held.items())), dict(sorted(reviewed.items()))


def _evaluation(path: Path | None) -> tuple[dict[str, Share], Share | None]:
    if path is None:
        return {}, None
    try:
        measures = json.loads(path.read_text(encoding="utf-8"))
        recall = {
            str(label): Share(round(row["recall"] * row["n"]), int(row["n"]))
            for label, row in sorted(measures["labels"].items())
        }
        documents = measures["documents_fully_redacted"]
        return recall, Share(round(documents["value"] * documents["n"]), int(documents["n"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise RefusedError(
            "the figures of osteon deid evaluate --json", "another file", "correct --evaluation"
        ) from None


def _groups(output: Path) -> tuple[int, tuple[int, ...]]:
    """How many patients share sex, age in fives and region: what an attacker who knows these can tell."""
    traits: dict[str, tuple[str, str, str]] = {}
    with (output / "instances.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            age = row["age_years"]
            band = str(int(float(age)) // AGE_BAND_YEARS) if age else ""
            traits.setdefault(row["patient"], (row["sex"], band, row["region"]))
    return len(traits), tuple(sorted(Counter(traits.values()).values()))


def _trail(vault: Vault, manifest: Manifest) -> str:
    """The entry that closed the run which made this output."""
    found = ""
    for entry, head in vault.audit.heads():
        if entry["event"] == "run_finished" and entry["facts"].get("manifest") == manifest.digest:
            found = str(head)
    return found
