"""The durable queue: what was received and what goes out, in SQL.

States of an item: `received` (waits), `sent` (a worker holds it, until its lease ends), `answered`,
`failed` (waits for a person). States of a delivery: `waiting`, `delivered`, `failed`. Rows name items by
keyed digests; no identifier of a patient is in the database.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from osteon.database import open_database

MIGRATIONS = "services.gateway:migrations"
SCHEMA_VERSION = "1"
Kind = Literal["dicom", "hl7"]
STATES = ("received", "sent", "answered", "failed")


def _table(name: str, columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns.split()))


_SHARED = "seq item_id kind schema_version project site state attempts not_before_s leased_until_s"
_ITEM = _table("gateway_item", f"{_SHARED} study_id spool reason received_s finished_s")
_DELIVERY = _table("gateway_delivery", f"{_SHARED} file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One received instance or message; both ids are opaque."""

    item_id: str
    study_id: str
    kind: Kind
    site: str
    spool: str
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One result on its way to the PACS (`sr`) or the RIS (`oru`); `file` lies in the outbox."""

    item_id: str
    kind: str
    site: str
    file: str
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pauses that double, with jitter so that many items do not come back at once."""

    first_s: float
    longest_s: float
    max_attempts: int

    def pause_s(self, attempts: int) -> float:
        """Seconds to wait after the given number of tries."""
        return float(
            min(self.longest_s, self.first_s * 2 ** min(attempts - 1, 30)) * random.uniform(0.5, 1.0)
        )


class Queue:
    """Items and deliveries; every method is one transaction, synced when it returns."""

    def __init__(self, url: str, project: str, backoff: Backoff, lease_s: float) -> None:
        self._engine = open_database(url, MIGRATIONS)
        self._project = project
        self._backoff = backoff
        self._lease_s = lease_s

    def receive(self, item: Item) -> str | None:
        """Record an item; the name of a spool file that is now superfluous, if any.

        The same item sent again while it waits is recorded once; one that was answered or had failed is
        taken up anew, since whoever sends a picture again asks again.
        """
        with self._engine.begin() as connection:
            old = connection.execute(
                sa.select(_ITEM.c.state, _ITEM.c.spool)
                .where(_ITEM.c.item_id == item.item_id)
                .with_for_update()
            ).first()
            if old is None:
                connection.execute(sa.insert(_ITEM).values(self._row(item)))
                return None
            if old.state in ("received", "sent"):
                return item.spool
            connection.execute(
                sa.update(_ITEM)
                .where(_ITEM.c.item_id == item.item_id)
                .values(**{**self._row(item), "attempts": 0, "not_before_s": 0.0, "leased_until_s": 0.0})
            )
            return str(old.spool)

    def _row(self, item: Item) -> dict[str, Any]:
        return {
            "item_id": item.item_id,
            "study_id": item.study_id,
            "kind": item.kind,
            "schema_version": SCHEMA_VERSION,
            "project": self._project,
            "site": item.site,
            "spool": item.spool,
            "state": "received",
            "reason": "",
            "received_s": time.time(),
            "finished_s": None,
        }

    def claim(self) -> Item | None:
        """The oldest item that is due, now held by the caller; None when there is none."""
        row = self._claim(_ITEM, ("received", "sent"), "sent")
        if row is None:
            return None
        return Item(
            item_id=row.item_id, study_id=row.study_id, kind=row.kind, site=row.site, spool=row.spool,
            attempts=row.attempts,
        )  # fmt: skip

    def claim_delivery(self) -> Delivery | None:
        """The oldest delivery that is due, now held by the caller; None when there is none."""
        row = self._claim(_DELIVERY, ("waiting",), "waiting")
        if row is None:
            return None
        return Delivery(
            item_id=row.item_id, kind=row.kind, site=row.site, file=row.file, attempts=row.attempts
        )

    def _claim(self, table: sa.TableClause, states: Sequence[str], held: str) -> Any:
        now = time.time()
        due = (
            sa.select(table.c.seq)
            .where(table.c.state.in_(states), table.c.not_before_s <= now, table.c.leased_until_s <= now)
            .order_by(table.c.seq)
            .limit(1)
            .with_for_update(skip_locked=True)  # left out by SQLite, which lets one writer in at a time
        )
        claim = (
            sa.update(table)
            .where(table.c.seq.in_(due.scalar_subquery()))
            .values(state=held, leased_until_s=now + self._lease_s, attempts=table.c.attempts + 1)
            .returning(*table.c)
        )
        with self._engine.begin() as connection:
            return connection.execute(claim).first()

    def answer(self, item: Item, deliveries: Sequence[Delivery] = (), reason: str = "") -> None:
        """Record that the item is done, and what goes out because of it, in one transaction."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(_ITEM)
                .where(_ITEM.c.item_id == item.item_id)
                .values(state="answered", reason=reason, leased_until_s=0.0, finished_s=time.time())
            )
            for delivery in deliveries:
                self._add_delivery(connection, delivery)

    def _add_delivery(self, connection: sa.Connection, delivery: Delivery) -> None:
        same = sa.and_(_DELIVERY.c.item_id == delivery.item_id, _DELIVERY.c.kind == delivery.kind)
        again = sa.update(_DELIVERY).where(same).values(
            file=delivery.file, state="waiting", attempts=0, not_before_s=0.0, leased_until_s=0.0
        )  # fmt: skip
        if connection.execute(again).rowcount == 0:
            connection.execute(
                sa.insert(_DELIVERY).values(
                    item_id=delivery.item_id, kind=delivery.kind, schema_version=SCHEMA_VERSION,
                    project=self._project, site=delivery.site, file=delivery.file, state="waiting",
                )
            )  # fmt: skip

    def retry(self, item: Item, reason: str, pause_s: float | None = None) -> str:
        """Put an item back for later, or to `failed` when it was tried often enough; the new state."""
        exhausted = item.attempts >= self._backoff.max_attempts
        state = "failed" if exhausted else "received"
        wait = self._backoff.pause_s(item.attempts) if pause_s is None else pause_s
        self._set_item(item, state, reason, time.time() + wait)
        return state

    def fail(self, item: Item, reason: str) -> None:
        """Set an item aside for a person."""
        self._set_item(item, "failed", reason, 0.0)

    def _set_item(self, item: Item, state: str, reason: str, not_before_s: float) -> None:
        finished = time.time() if state == "failed" else None
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(_ITEM)
                .where(_ITEM.c.item_id == item.item_id)
                .values(
                    state=state, reason=reason, leased_until_s=0.0, not_before_s=not_before_s,
                    finished_s=finished,
                )
            )  # fmt: skip

    def requeue(self, study_id: str) -> int:
        """Take up what failed in a study again; how many rows; a refused item has no bytes left."""
        fresh = {"attempts": 0, "not_before_s": 0.0, "leased_until_s": 0.0}
        of_study = sa.select(_ITEM.c.item_id).where(_ITEM.c.study_id == study_id)
        with self._engine.begin() as connection:
            items = connection.execute(
                sa.update(_ITEM)
                .where(_ITEM.c.study_id == study_id, _ITEM.c.state == "failed", _ITEM.c.reason != "refused")
                .values(**fresh, state="received", reason="")
            )
            deliveries = connection.execute(
                sa.update(_DELIVERY)
                .where(_DELIVERY.c.item_id.in_(of_study), _DELIVERY.c.state == "failed")
                .values(**fresh, state="waiting")
            )
            return items.rowcount + deliveries.rowcount

    def delivered(self, delivery: Delivery) -> None:
        """Record that a result has arrived."""
        self._set_delivery(delivery, "delivered", 0.0)

    def retry_delivery(self, delivery: Delivery) -> str:
        """Put a delivery back for later, or to `failed`; the new state."""
        state = "failed" if delivery.attempts >= self._backoff.max_attempts else "waiting"
        self._set_delivery(delivery, state, time.time() + self._backoff.pause_s(delivery.attempts))
        return state

    def _set_delivery(self, delivery: Delivery, state: str, not_before_s: float) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(_DELIVERY)
                .where(_DELIVERY.c.item_id == delivery.item_id, _DELIVERY.c.kind == delivery.kind)
                .values(state=state, leased_until_s=0.0, not_before_s=not_before_s)
            )

    def spooled(self) -> set[str]:
        """Names of the spool files that items still need."""
        needed = sa.select(_ITEM.c.spool).where(_ITEM.c.state != "answered")
        with self._engine.connect() as connection:
            return set(connection.execute(needed).scalars())

    def counts(self) -> dict[str, int]:
        """State -> number of items."""
        query = sa.select(_ITEM.c.state, sa.func.count()).group_by(_ITEM.c.state)
        with self._engine.connect() as connection:
            found = {str(state): int(count) for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in STATES}

    def delivery_counts(self) -> dict[str, int]:
        """State -> number of deliveries."""
        query = sa.select(_DELIVERY.c.state, sa.func.count()).group_by(_DELIVERY.c.state)
        with self._engine.connect() as connection:
            found = {str(state): int(count) for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in ("waiting", "delivered", "failed")}

    def items(self, limit: int = 10_000) -> list[Any]:
        """The newest items: study_id, kind, site, state, reason, received_s."""
        query = sa.select(_ITEM).order_by(_ITEM.c.seq.desc()).limit(limit)
        with self._engine.connect() as connection:
            return list(connection.execute(query))
