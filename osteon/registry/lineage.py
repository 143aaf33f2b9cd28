"""Which patients each model package learned from: what a deletion and a leakage check ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from osteon.database import open_database
from osteon.domain import Task
from osteon.registry.promotions import MIGRATIONS

SCHEMA_VERSION = "1"
_BATCH = 1000
_TABLE = sa.table(
    "osteon_version_subject",
    *(sa.column(name) for name in ("schema_version", "project", "task", "digest", "subject")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A package, by task and manifest digest, that learned from a patient."""

    task: str
    digest: str


class SubjectLog:
    """Pseudonyms by package. It lies in the registry's database, so it must stay where pseudonyms may be."""

    def __init__(self, url: str, project: str) -> None:
        self.project = project
        self._engine = open_database(url, MIGRATIONS)

    def keep(self, task: Task, digest: str, subjects: Iterable[str]) -> int:
        """The package's patients are exactly these, all or none; how many."""
        row = {
            "schema_version": SCHEMA_VERSION,
            "project": self.project,
            "task": task.value,
            "digest": digest,
        }
        rows = [{**row, "subject": subject} for subject in sorted(set(subjects))]
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_TABLE).where(self._of(task, digest)))
            for first in range(0, len(rows), _BATCH):
                connection.execute(sa.insert(_TABLE), rows[first : first + _BATCH])
        return len(rows)

    def subjects(self, task: Task, digest: str) -> frozenset[str]:
        """Patients that the package learned from; empty when none were kept."""
        query = sa.select(_TABLE.c.subject).where(self._of(task, digest))
        with self._engine.connect() as connection:
            return frozenset(connection.execute(query).scalars())

    def models_of(self, subject: str) -> list[TrainedModel]:
        """Packages that learned from the patient, sorted."""
        query = (
            sa.select(_TABLE.c.task, _TABLE.c.digest)
            .where(_TABLE.c.project == self.project, _TABLE.c.subject == subject)
            .order_by(_TABLE.c.task, _TABLE.c.digest)
        )
        with self._engine.connect() as connection:
            return [TrainedModel(task=row.task, digest=row.digest) for row in connection.execute(query)]

    def forget(self, subject: str) -> int:
        """No row names the patient any more; how many did."""
        here = (_TABLE.c.project == self.project, _TABLE.c.subject == subject)
        with self._engine.begin() as connection:
            return int(connection.execute(sa.delete(_TABLE).where(*here)).rowcount)

    def _of(self, task: Task, digest: str) -> sa.ColumnElement[bool]:
        return sa.and_(
            _TABLE.c.project == self.project, _TABLE.c.task == task.value, _TABLE.c.digest == digest
        )
