"""The index's truth: entries and their embeddings in SQL; whatever else an index keeps is made from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from osteon.database import open_database
from osteon.domain import EmbeddingSpace, RefusedError, require_same_space, sha256_text
from osteon.features.index.column import VectorColumn
from osteon.features.index.entry import IndexEntry, Kind, require_unit_norm

MIGRATIONS = "osteon.features.index:migrations"
SCHEMA_VERSION = "1"
_FETCH = 2000  # ids in one statement, rows in one fetch

SPACE = sa.table(
    "osteon_index",
    *(sa.column(name) for name in ("id", "schema_version", "space", "dimensions", "generation", "deletions")),
)
ENTRY = sa.table(
    "osteon_index_entry",
    sa.column("id", sa.BigInteger),
    *(
        sa.column(name, sa.String)
        for name in (
            "schema_version", "project", "site", "kind", "key", "body_part", "view", "day", "subject",
            "study", "input_hmac", "text",
        )
    ),
    sa.column("vector", VectorColumn()),
)  # fmt: skip
GONE = sa.table("osteon_index_gone", sa.column("digest"))
COLUMNS = ("project", "site", "body_part", "day")
HIT_FIELDS = ("key", "kind", "project", "site", "body_part", "view", "day", "study", "text")


@dataclass(frozen=True, slots=True)
class State:
    """The index's space and how often it changed; equal states mean equal entries."""

    space: EmbeddingSpace
    generation: int
    deletions: int


class Catalogue:
    """Entries of one embedding space, each once, in SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.engine = open_database(url, MIGRATIONS)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _overwrite_what_goes)
            self.engine.dispose()

    def state(self) -> State | None:
        """Space and change counters; None while nothing was ever added."""
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(SPACE).where(SPACE.c.id == 1)).first()
        if row is None:
            return None
        space = EmbeddingSpace(name=row.space, dimensions=row.dimensions)
        return State(space, row.generation, row.deletions)

    def add(self, entries: Sequence[IndexEntry], space: EmbeddingSpace) -> int:
        """Write the entries that are not there yet, all or none; how many were new.

        Entries of a patient who was deleted are left out: a source may still hold them.

        Raises:
            UsageError: another space than the index's, or vectors that are not of unit norm.
        """
        if not entries:
            return 0
        for entry in entries:
            require_same_space(str(entry.embedding.shape), str((space.dimensions,)))
        vectors = np.stack([np.asarray(entry.embedding, dtype=np.float32) for entry in entries])
        require_unit_norm(vectors)
        rows = [_row(entry, vector) for entry, vector in zip(entries, vectors, strict=True)]
        with self.engine.begin() as connection:
            self._claim_space(connection, space)
            gone = set(connection.execute(sa.select(GONE.c.digest)).scalars())
            rows = [row for row in rows if row["subject"] is None or _digest(row["subject"]) not in gone]
            if not rows:
                return 0
            before = _entries(connection)
            connection.execute(self._insert(), rows)
            added = _entries(connection) - before
            if added:
                _count(connection, "generation")
        return added

    def keys(self, kind: Kind, project: str) -> set[str]:
        """Keys of every entry of a kind, so that a build reads only what is new."""
        chosen = sa.select(ENTRY.c.key).where(ENTRY.c.kind == kind, ENTRY.c.project == project)
        with self.engine.connect() as connection:
            return set(connection.execute(chosen).scalars())

    def counts(self) -> dict[str, int]:
        """How many entries of each kind."""
        counted = sa.select(ENTRY.c.kind, sa.func.count()).group_by(ENTRY.c.kind)
        with self.engine.connect() as connection:
            return {kind: int(count) for kind, count in connection.execute(counted)}

    def ids(self, kind: Kind) -> NDArray[np.int64]:
        """Numbers of all entries of a kind, rising."""
        chosen = sa.select(ENTRY.c.id).where(ENTRY.c.kind == kind).order_by(ENTRY.c.id)
        with self.engine.connect() as connection:
            return np.fromiter(connection.execute(chosen).scalars(), dtype=np.int64)

    def columns_after(self, kind: Kind, after: int) -> Iterator[sa.Row[Any]]:
        """Number and searchable columns of entries with larger numbers, rising."""
        chosen = sa.select(ENTRY.c.id, *(ENTRY.c[name] for name in COLUMNS))
        chosen = chosen.where(ENTRY.c.kind == kind, ENTRY.c.id > after).order_by(ENTRY.c.id)
        with self.engine.connect() as connection:
            yield from connection.execution_options(yield_per=_FETCH).execute(chosen)

    def vectors(
        self, kind: Kind, after: int = 0, batch: int = 20_000
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Numbers (N,) and embeddings (N, D) of entries with larger numbers, rising, in batches."""
        while True:
            chosen = sa.select(ENTRY.c.id, ENTRY.c.vector)
            chosen = chosen.where(ENTRY.c.kind == kind, ENTRY.c.id > after).order_by(ENTRY.c.id).limit(batch)
            with self.engine.connect() as connection:
                rows = connection.execute(chosen).all()
            if not rows:
                return
            after = rows[-1].id
            ids = np.asarray([row.id for row in rows], dtype=np.int64)
            yield ids, np.stack([row.vector for row in rows])

    def vectors_of(self, ids_N: NDArray[np.int64], dimensions: int) -> NDArray[np.float32]:
        """Embeddings (N, D) of existing entries, in the order of `ids_N`, which rises."""
        found = np.zeros((len(ids_N), dimensions), dtype=np.float32)
        with self.engine.connect() as connection:
            for start in range(0, len(ids_N), _FETCH):
                part = ids_N[start : start + _FETCH].tolist()
                chosen = sa.select(ENTRY.c.vector).where(ENTRY.c.id.in_(part)).order_by(ENTRY.c.id)
                for place, vector in enumerate(connection.execute(chosen).scalars(), start):
                    found[place] = vector
        return found

    def delete_subject(self, subject: str) -> int:
        """Remove every entry of a patient from the tables, for good; how many there were.

        A digest of the pseudonym stays, which eighty random bits cannot be guessed from.
        """
        digest = _digest(subject)
        with self.engine.begin() as connection:
            if connection.execute(sa.select(GONE).where(GONE.c.digest == digest)).first() is None:
                connection.execute(sa.insert(GONE).values(digest=digest))
            done = connection.execute(sa.delete(ENTRY).where(ENTRY.c.subject == subject))
            if done.rowcount:
                _count(connection, "generation")
                _count(connection, "deletions")
        return int(done.rowcount)

    def _insert(self) -> sa.Executable:
        if self.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
        return insert(ENTRY).on_conflict_do_nothing(index_elements=["kind", "project", "key"])

    def _claim_space(self, connection: sa.Connection, space: EmbeddingSpace) -> None:
        row = connection.execute(sa.select(SPACE).where(SPACE.c.id == 1)).first()
        if row is None:
            first = {"id": 1, "schema_version": SCHEMA_VERSION, "generation": 0, "deletions": 0}
            connection.execute(
                sa.insert(SPACE).values(space=space.name, dimensions=space.dimensions, **first)
            )
            return
        require_same_space(row.space, space.name)


def require_index(state: State | None) -> State:
    """The state of an index that holds something; RefusedError while there is none."""
    if state is None:
        raise RefusedError("an index with entries", "an empty one", "run `osteon index build`")
    return state


def _row(entry: IndexEntry, vector: NDArray[np.float32]) -> dict[str, Any]:
    fields = {name: getattr(entry, name) for name in (*HIT_FIELDS, "subject", "input_hmac")}
    return {"schema_version": SCHEMA_VERSION, **fields, "vector": vector}


def _digest(subject: str) -> str:
    return sha256_text(f"osteon-index-gone\0{subject}")


def _entries(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(ENTRY)).scalar_one())


def _count(connection: sa.Connection, column: str) -> None:
    connection.execute(sa.update(SPACE).where(SPACE.c.id == 1).values({column: SPACE.c[column] + 1}))


def _overwrite_what_goes(connection: Any, _record: Any) -> None:
    """SQLite writes zeros over what is deleted instead of leaving it in free pages."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()
