"""An index in PostgreSQL: pgvector finds the nearest, the same SQL narrows, the same tables hold the truth.

Source: pgvector's manual, sections "HNSW" and "Iterative Index Scans" (version 0.8 or later).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from osteon.domain import EmbeddingSpace, UsageError, require_same_space
from osteon.features.index.catalogue import ENTRY, HIT_FIELDS, Catalogue, State
from osteon.features.index.column import PgVector, vector_text
from osteon.features.index.entry import KINDS, Hit, IndexEntry, Kind, SearchFilter, require_unit_norm

_MOST_DIMENSIONS = 2000  # of pgvector's HNSW over float32
_SEARCH_WIDTH = 200  # hnsw.ef_search


class PgvectorIndex:
    """The index of one database; any number of processes may use it at once."""

    def __init__(self, url: str) -> None:
        self.catalogue = Catalogue(url)

    def state(self) -> State | None:
        """Space and change counters; None while nothing was ever added."""
        return self.catalogue.state()

    def add(self, entries: Sequence[IndexEntry], space: EmbeddingSpace) -> int:
        """Write the entries that are not there yet, all or none; found from then on. How many were new."""
        return self.catalogue.add(entries, space)

    def publish(self, *, anew: bool = False) -> None:
        """Make the graphs that are missing; PostgreSQL keeps them up to date afterwards."""
        state = self.catalogue.state()
        if state is None or state.space.dimensions > _MOST_DIMENSIONS:
            return
        dimensions = int(state.space.dimensions)
        with self.catalogue.engine.begin() as connection:
            for kind in KINDS:
                if anew:
                    connection.execute(sa.text(f"DROP INDEX IF EXISTS osteon_index_{kind}_nearest"))
                connection.execute(
                    sa.text(
                        f"CREATE INDEX IF NOT EXISTS osteon_index_{kind}_nearest ON osteon_index_entry "
                        f"USING hnsw ((vector::vector({dimensions})) vector_ip_ops) WHERE kind = '{kind}'"
                    )
                )

    def search(self, kind: Kind, query_D: NDArray[np.float32], k: int, narrow: SearchFilter) -> list[Hit]:
        """The k entries of a kind nearest to a unit-norm vector, best first."""
        if k < 1:
            raise UsageError("at least one result", f"{k}", "ask for 1 or more")
        require_unit_norm(query_D[None])
        state = self.catalogue.state()
        if state is None or not narrow.projects:
            return []
        require_same_space(str(len(query_D)), str(state.space.dimensions))
        # The kind stands in the text, so that the planner sees that the partial index covers it.
        stored: sa.ColumnElement[Any] = sa.literal_column(f"(vector::vector({int(state.space.dimensions)}))")
        asked = sa.cast(sa.bindparam("query", type_=sa.Text()), PgVector())
        away = stored.op("<#>", return_type=sa.Float())(asked).label("away")
        chosen = (
            sa.select(*(ENTRY.c[name] for name in HIT_FIELDS), away)
            .where(sa.literal_column(f"kind = '{kind}'", sa.Boolean()), *_conditions(narrow))
            .order_by(away)
            .limit(k)
        )
        with self.catalogue.engine.begin() as connection:
            connection.execute(sa.text(f"SET LOCAL hnsw.ef_search = {max(_SEARCH_WIDTH, k)}"))
            connection.execute(sa.text("SET LOCAL hnsw.iterative_scan = strict_order"))
            rows = connection.execute(chosen, {"query": vector_text(query_D)}).mappings().all()
        return [Hit(score=-float(row["away"]), **{name: row[name] for name in HIT_FIELDS}) for row in rows]

    def delete_subject(self, subject: str) -> int:
        """Remove a patient and write the table's file anew; how many entries went.

        PostgreSQL's log and backups keep older bytes until they age out, as its operator set them.
        """
        removed = self.catalogue.delete_subject(subject)
        with self.catalogue.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM (FULL) osteon_index_entry"))
        return removed


def _conditions(narrow: SearchFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [ENTRY.c.project.in_(sorted(narrow.projects))]
    if narrow.sites:
        conditions.append(ENTRY.c.site.in_(sorted(narrow.sites)))
    if narrow.body_parts:
        conditions.append(ENTRY.c.body_part.in_(sorted(narrow.body_parts)))
    if narrow.since is not None:
        conditions.append(ENTRY.c.day >= narrow.since)
    if narrow.until is not None:
        conditions.append(ENTRY.c.day <= narrow.until)
    if narrow.not_subject is not None:
        conditions.append(ENTRY.c.subject.is_distinct_from(narrow.not_subject))
    if narrow.not_inputs:
        other, inputs = ENTRY.alias("other"), sorted(narrow.not_inputs)
        theirs = sa.select(other.c.subject).where(
            other.c.input_hmac.in_(inputs), other.c.subject.is_not(None)
        )
        conditions.append(sa.or_(ENTRY.c.input_hmac.is_(None), ENTRY.c.input_hmac.not_in(inputs)))
        conditions.append(sa.or_(ENTRY.c.subject.is_(None), ENTRY.c.subject.not_in(theirs)))
    return conditions
