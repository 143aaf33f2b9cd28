"""The crosswalk: from a pseudonym back to the original, sealed, in the identified area alone.

A stolen table tells nothing: the pseudonym is looked up by a keyed digest, the original is sealed. Two rows
of one patient cannot be told to belong together without the key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from osteon.deid.keys import KeyRing
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.sealing import seal, sealed_by, unseal
from osteon.domain.identity import OriginalId, Pseudonym

SCHEMA_VERSION = "1"
_SEAL, _LOOKUP = "crosswalk", "crosswalk-lookup"
_TABLE = sa.table(
    "deid_crosswalk",
    *(
        sa.column(name)
        for name in ("seq", "schema_version", "project", "kind", "key_version", "lookup", "sealed")
    ),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row, opened; `repr` redacts through its parts."""

    kind: str
    pseudonym: Pseudonym
    original: OriginalId
    site: str
    key_version: int


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """The rows of one project in one database, whose schema `osteon.deid.vault` has brought up to date."""

    engine: sa.Engine
    ring: KeyRing
    project: str = "osteon"

    def record(
        self, notes: Mapping[tuple[str, str], tuple[str, str]], key_version: int | None = None
    ) -> None:
        """Keeps what a pseudonymiser noted, in one transaction; what is there already stays."""
        version = self.ring.current if key_version is None else key_version
        rows = [
            self._row(kind, pseudonym, original, site, version)
            for (kind, pseudonym), (original, site) in notes.items()
        ]
        if not rows:
            return
        insert = postgresql.insert if self.engine.dialect.name == "postgresql" else sqlite.insert
        statement = insert(_TABLE).on_conflict_do_nothing(index_elements=["project", "lookup"])
        with self.engine.begin() as connection:
            connection.execute(statement, rows)

    def find(self, pseudonym: Pseudonym) -> Entry | None:
        """What the pseudonym stands for; None when this project never made it."""
        digests = [self._lookup(pseudonym.value, one.number) for one in self.ring.versions]
        query = sa.select(_TABLE).where(_TABLE.c.project == self.project, _TABLE.c.lookup.in_(digests))
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else self._open(row)

    def count(self) -> int:
        """Number of rows of the project."""
        query = sa.select(sa.func.count()).select_from(_TABLE).where(_TABLE.c.project == self.project)
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def entries(self, batch: int = 1000) -> Iterator[Entry]:
        """Every row of the project, opened."""
        for row in self._rows(batch):
            yield self._open(row)

    def carry_forward(self) -> list[tuple[Pseudonym, Pseudonym]]:
        """Old pseudonym -> the current version's, for every row; both are in the crosswalk afterwards.

        Rows sealed under an older version are sealed again under the current one. Doing it twice, or after
        a stop half-way, changes nothing.
        """
        mapping = []
        current = self.ring.project_key(self.project)
        for row in list(self._rows(1000)):
            entry = self._open(row)
            if sealed_by(row.sealed) != self.ring.current:
                self._seal_again(row, entry)
            if entry.key_version == current.version:
                continue
            notes: dict[tuple[str, str], tuple[str, str]] = {}
            new = _again(Pseudonymiser(current, entry.site, notes), entry)
            self.record({(entry.kind, new.value): (entry.original.value, entry.site)})
            mapping.append((entry.pseudonym, new))
        return mapping

    def _rows(self, batch: int) -> Iterator[Any]:
        last = 0
        while True:
            query = (
                sa.select(_TABLE)
                .where(_TABLE.c.project == self.project, _TABLE.c.seq > last)
                .order_by(_TABLE.c.seq)
                .limit(batch)
            )
            with self.engine.connect() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            last = rows[-1].seq
            yield from rows

    def _seal_again(self, row: Any, entry: Entry) -> None:
        fresh = self._row(
            entry.kind, entry.pseudonym.value, entry.original.value, entry.site, entry.key_version
        )
        with self.engine.begin() as connection:
            connection.execute(
                sa.update(_TABLE)
                .where(_TABLE.c.seq == row.seq)
                .values(lookup=fresh["lookup"], sealed=fresh["sealed"])
            )

    def _row(self, kind: str, pseudonym: str, original: str, site: str, version: int) -> dict[str, Any]:
        lookup = self._lookup(pseudonym, self.ring.current)
        content = json.dumps([pseudonym, original, site], ensure_ascii=False).encode("utf-8", "surrogatepass")
        bound_to = f"{self.project}\0{kind}\0{version}\0{lookup}"
        return {
            "schema_version": SCHEMA_VERSION,
            "project": self.project,
            "kind": kind,
            "key_version": version,
            "lookup": lookup,
            "sealed": seal(self.ring, _SEAL, self.project, content, bound_to),
        }

    def _open(self, row: Any) -> Entry:
        bound_to = f"{row.project}\0{row.kind}\0{row.key_version}\0{row.lookup}"
        content = unseal(self.ring, _SEAL, self.project, bytes(row.sealed), bound_to)
        pseudonym, original, site = json.loads(content.decode("utf-8", "surrogatepass"))
        return Entry(row.kind, Pseudonym(pseudonym), OriginalId(original), site, int(row.key_version))

    def _lookup(self, pseudonym: str, version: int) -> str:
        key = self.ring.subkey(_LOOKUP, self.project, version)
        return hmac.new(key, pseudonym.encode(), hashlib.sha256).hexdigest()


def _again(pseudonymiser: Pseudonymiser, entry: Entry) -> Pseudonym:
    """The entry's original under another key; a kind is the name of the method that makes it."""
    made: Pseudonym = getattr(pseudonymiser, entry.kind)(entry.original)
    return made
