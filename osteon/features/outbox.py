"""The durable outbox between a server and the feature store.

The server appends in one short transaction and never waits for Feast; a writer outside the server moves the
events on (`writer.py`). A row leaves only when the feature store has it, and the feature store takes an event
once whatever happens in between, so a crash at any point neither loses nor doubles one.

Source: the transactional outbox, Richardson, Microservices Patterns (2018), section 3.3.7.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from osteon.database import open_database, scrub
from osteon.domain import Event, FaultError, event_from_dict

MIGRATIONS = "osteon.features:migrations"
DEFAULT_LEASE_S = 30.0
_EMBEDDING_DTYPE = np.dtype("<f4")

_TABLE = sa.table(
    "osteon_outbox",
    *(
        sa.column(name)
        for name in (
            "seq",
            "event_id",
            "schema_version",
            "project",
            "site",
            "event_json",
            "embedding",
            "leased_until_s",
        )
    ),
)


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    """An event that one writer holds until its lease ends."""

    seq: int
    event: Event


class Outbox:
    """Events on their way to the feature store, in SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._engine = open_database(url, MIGRATIONS)
        self._insert = _insertion(self._engine.dialect.name)

    def append(self, *events: Event) -> int:
        """Record the events, all or none, synced to the disk when it returns; how many were new."""
        if not events:
            return 0
        rows = [_row(event) for event in events]
        with self._engine.begin() as connection:
            # One by one: drivers disagree on what the row count of many means.
            return sum(connection.execute(self._insert, row).rowcount for row in rows)

    def claim(self, limit: int = 500, lease_s: float = DEFAULT_LEASE_S) -> list[ClaimedEvent]:
        """The oldest events that no writer holds; they come back when the lease ends without `ack`."""
        statement = claim_statement(time.time(), limit, lease_s)
        with self._engine.begin() as connection:
            rows = connection.execute(statement).all()
        return [ClaimedEvent(row.seq, _event(row.event_json, row.embedding)) for row in sorted(rows)]

    def ack(self, claimed: Sequence[ClaimedEvent]) -> None:
        """Remove events that the feature store has taken."""
        numbers = [each.seq for each in claimed]
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_TABLE).where(_TABLE.c.seq.in_(numbers)))

    def delete_subject(self, subject: str, wait_s: float = 2 * DEFAULT_LEASE_S) -> list[str]:
        """Remove a patient's waiting events; names of those that went.

        Events that a writer holds are waited for: acknowledged they are in the feature store, given back they
        are removed here.

        Raises:
            FaultError: a writer still holds some when the wait ends; what was free is removed.
        """
        removed: list[str] = []
        end = time.monotonic() + wait_s
        while True:
            held, free = self._of_subject(subject)
            with self._engine.begin() as connection:
                connection.execute(sa.delete(_TABLE).where(_TABLE.c.event_id.in_(free)))
            removed += free
            if not held:
                break
            if time.monotonic() > end:
                raise FaultError(
                    "a writer that finishes what it holds", f"{held} events held", "run the deletion again"
                )
            time.sleep(0.2)
        scrub(self._engine)
        return removed

    def _of_subject(self, subject: str) -> tuple[int, list[str]]:
        """How many of a patient's events a writer holds, and the names of the others."""
        likely = _TABLE.c.event_json.contains(subject, autoescape=True)
        chosen = sa.select(_TABLE.c.event_id, _TABLE.c.event_json, _TABLE.c.leased_until_s).where(likely)
        with self._engine.connect() as connection:
            rows = [
                row
                for row in connection.execute(chosen).all()
                if json.loads(row.event_json)["subject"] == subject
            ]
        now_s = time.time()
        free = [row.event_id for row in rows if row.leased_until_s <= now_s]
        return len(rows) - len(free), free

    def depth(self) -> int:
        """How many events wait, held or free."""
        with self._engine.connect() as connection:
            return self._count(connection)

    def _count(self, connection: sa.Connection) -> int:
        return int(connection.execute(sa.select(sa.func.count()).select_from(_TABLE)).scalar_one())


def _insertion(dialect: str) -> sa.Insert:
    """A row that is there already stays as it is."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(_TABLE).on_conflict_do_nothing(index_elements=["event_id"])


def claim_statement(now_s: float, limit: int, lease_s: float) -> sa.Executable:
    """Take the oldest free rows; writers on PostgreSQL step over each other's rows instead of waiting."""
    free = (
        sa.select(_TABLE.c.seq)
        .where(_TABLE.c.leased_until_s <= now_s)
        .order_by(_TABLE.c.seq)
        .limit(limit)
        .with_for_update(skip_locked=True)  # left out by SQLite, which lets one writer in at a time
    )
    return (
        sa.update(_TABLE)
        .where(_TABLE.c.seq.in_(free))
        .values(leased_until_s=now_s + lease_s)
        .returning(_TABLE.c.seq, _TABLE.c.event_json, _TABLE.c.embedding)
    )


def _row(event: Event) -> dict[str, object]:
    fields = event.as_dict()
    embedding = np.asarray(fields.pop("embedding"), dtype=_EMBEDDING_DTYPE)
    return {
        "event_id": event.event_id,
        "schema_version": event.schema_version,
        "project": event.project,
        "site": event.site,
        "event_json": json.dumps(fields, ensure_ascii=False, separators=(",", ":")),
        "embedding": embedding.tobytes(),
        "leased_until_s": 0.0,
    }


def _event(event_json: str, embedding: bytes) -> Event:
    vector = np.frombuffer(embedding, dtype=_EMBEDDING_DTYPE)
    return event_from_dict({**json.loads(event_json), "embedding": vector.tolist()})
