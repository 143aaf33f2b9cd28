"""The audit of searches and deletions: one row each, in the outbox's database, closed to changes.

A row says who, when and what kind; never a text that was searched for, a patient or a result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

import sqlalchemy as sa

from osteon.database import open_database
from osteon.domain import UsageError, canonical_json
from osteon.features.outbox import MIGRATIONS

Action = Literal["search", "zeroshot", "report_draft", "explain_phrase", "subject_deleted", "index_built"]
Fact = str | int | float | bool | None
SCHEMA_VERSION = "1"
_TABLE = sa.table(
    "osteon_audit",
    *(
        sa.column(name)
        for name in ("seq", "schema_version", "project", "time_utc", "action", "actor", "facts")
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row as it stands."""

    project: str
    time_utc: str
    action: str
    actor: str
    facts: Mapping[str, Fact]


class AuditLog:
    """Rows that are added and never changed; triggers of the database refuse both."""

    def __init__(self, url: str) -> None:
        self._engine = open_database(url, MIGRATIONS)

    def append(self, action: Action, *, project: str, actor: str, facts: Mapping[str, Fact]) -> None:
        """Write one row; it is on the disk when this returns.

        Args:
            actor: an account, or the fingerprint of a token; never the token.
        """
        if action not in get_args(Action):
            raise UsageError("an action of the closed list", "another", "see osteon/features/audit.py")
        row = {
            "schema_version": SCHEMA_VERSION,
            "project": project,
            "time_utc": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "action": action,
            "actor": actor,
            "facts": canonical_json(dict(facts)),
        }
        with self._engine.begin() as connection:
            connection.execute(sa.insert(_TABLE), row)

    def entries(self) -> list[AuditEntry]:
        """Every row, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(_TABLE).order_by(_TABLE.c.seq)).all()
        return [
            AuditEntry(
                project=row.project,
                time_utc=row.time_utc,
                action=row.action,
                actor=row.actor,
                facts=json.loads(row.facts),
            )
            for row in rows
        ]
