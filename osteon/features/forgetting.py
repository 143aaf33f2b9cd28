"""A patient's deletion beyond the events: labels, artefacts that hold the patient, models that learned.

Events, online store and index are emptied by what is passed in; it is called between the look-up of what the
patient had and the removal of the last trace of it, so that a deletion that is killed can be run again.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from osteon.artefact import MANIFEST_NAME, read_manifest
from osteon.domain import RefusedError
from osteon.features.labels import LabelStore
from osteon.features.repository import FeatureRepository
from osteon.registry import SubjectLog, TrainedModel

_PATIENT_COLUMNS = ("patient", "subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingArtefact:
    """An artefact whose tables have rows of the patient: to be made again without, or deleted."""

    folder: str
    stage: str
    digest: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What a deletion found and took away; it names no patient.

    Attributes:
        events: of the patient, of any role, as `erase` was told.
        models: packages that learned from the patient: a person decides which are trained again.
    """

    events: int
    labels: int
    artefacts: tuple[HoldingArtefact, ...]
    models: tuple[TrainedModel, ...]

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON values."""
        return asdict(self)


def forget(
    subject: str,
    *,
    repository: FeatureRepository | None,
    labels: LabelStore | None,
    lineage: SubjectLog | None,
    artefacts: Iterable[Path] = (),
    erase: Callable[[str], None] | None = None,
    keep: Callable[[Forgotten], None] | None = None,
) -> Forgotten:
    """Labels and lineage of a patient are gone, and it is said which artefacts and models know the patient.

    Args:
        artefacts: folders to look through, with those below them.
        erase: removes the patient from events, online store and index.
        keep: writes the record down; called before the lineage goes, which is the last thing to go.
    """
    events = [] if repository is None else repository.events_of(subject)
    taken = labels.forget(events) if labels is not None else 0
    if erase is not None:
        erase(subject)
    found = Forgotten(
        events=len(events),
        labels=taken,
        artefacts=tuple(one for root in artefacts for one in holding(root, subject)),
        models=tuple(lineage.models_of(subject)) if lineage is not None else (),
    )
    if keep is not None:
        keep(found)
    if lineage is not None:
        lineage.forget(subject)
    return found


def holding(root: Path, subject: str) -> list[HoldingArtefact]:
    """The artefacts below a folder whose tables name the patient, sorted by place."""
    found = []
    for manifest in sorted(root.rglob(MANIFEST_NAME)):
        folder = manifest.parent
        rows = sum(_rows(table, subject) for table in sorted(folder.glob("*.csv")))
        if not rows:
            continue
        try:
            told = read_manifest(folder)
        except RefusedError:
            continue
        place = folder.relative_to(root).as_posix()
        found.append(HoldingArtefact(folder=place, stage=told.stage, digest=told.digest, rows=rows))
    return found


def _rows(table: Path, subject: str) -> int:
    with table.open(encoding="utf-8-sig", newline="") as stream:
        return sum(
            any((row.get(column) or "") == subject for column in _PATIENT_COLUMNS)
            for row in csv.DictReader(stream)
        )
