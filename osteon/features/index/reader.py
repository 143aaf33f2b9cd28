"""Reading a folder's catalogue without SQLAlchemy, which costs a search more than finding its neighbours."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.features.index.entry import Hit

_VECTORS = (
    "SELECT id, vector FROM osteon_index_entry WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
)
_HITS = (
    "SELECT id, key, kind, project, site, body_part, view, day, study, text FROM osteon_index_entry "
    "WHERE id IN (SELECT value FROM json_each(?))"
)
_OWN = (
    "WITH asking AS (SELECT id, subject FROM osteon_index_entry "
    "WHERE input_hmac IN (SELECT value FROM json_each(:inputs))) "
    "SELECT id FROM asking UNION SELECT id FROM osteon_index_entry WHERE subject = :subject "
    "OR subject IN (SELECT subject FROM asking WHERE subject IS NOT NULL)"
)


class Reader:
    """One read-only connection for each thread, kept open; between calls none holds a lock."""

    def __init__(self, path: Path) -> None:
        self._address = f"{path.absolute().as_uri()}?mode=ro"
        self._local = threading.local()

    def version(self) -> tuple[int, int]:
        """Another pair whenever another connection has committed; comparable within one thread only."""
        connection = self._connection()
        return threading.get_ident(), int(connection.execute("PRAGMA data_version").fetchone()[0])

    def scored(self, ids: Sequence[int], query_D: NDArray[np.float32], k: int) -> list[Hit]:
        """The best k of those entries that still exist, by their exact cosine to a vector."""
        connection = self._connection()
        rows = connection.execute(_VECTORS, (json.dumps(list(ids)),)).fetchall()
        if not rows:
            return []
        vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4").reshape(len(rows), -1)
        scores = vectors @ query_D
        best = {rows[place][0]: float(scores[place]) for place in np.argsort(-scores, kind="stable")[:k]}
        found = {row[0]: row for row in connection.execute(_HITS, (json.dumps(list(best)),)).fetchall()}
        return [_hit(found[number], score) for number, score in best.items() if number in found]

    def own(self, subject: str | None, inputs: Collection[str]) -> set[int]:
        """Numbers of a patient's entries, and of those of pictures with all that are of their patients."""
        if subject is None and not inputs:
            return set()
        asked = {"subject": subject, "inputs": json.dumps(sorted(inputs))}
        return {row[0] for row in self._connection().execute(_OWN, asked).fetchall()}

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._address, uri=True, timeout=30, isolation_level=None)
            self._local.connection = connection
        return connection


def _hit(row: tuple[Any, ...], score: float) -> Hit:
    _, key, kind, project, site, body_part, view, day, study, text = row
    return Hit(
        score=score,
        key=key,
        kind=kind,
        project=project,
        site=site,
        body_part=body_part,
        view=view,
        day=day,
        study=study,
        text=text,
    )
