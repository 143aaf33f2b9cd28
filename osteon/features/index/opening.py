"""Either kind of index behind one interface: a folder, or a PostgreSQL database with pgvector."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from osteon.domain import EmbeddingSpace
from osteon.features.index.catalogue import State
from osteon.features.index.entry import Hit, IndexEntry, Kind, SearchFilter

if TYPE_CHECKING:
    from osteon.features.index.catalogue import Catalogue


class EmbeddingIndex(Protocol):
    """Entries of one embedding space that are found by their nearness to a vector."""

    catalogue: Catalogue

    def state(self) -> State | None:
        """Space and change counters; None while nothing was ever added."""
        ...

    def add(self, entries: Sequence[IndexEntry], space: EmbeddingSpace) -> int:
        """Write the entries that are not there yet, all or none; found from then on. How many were new."""
        ...

    def publish(self, *, anew: bool = False) -> None:
        """Bring what makes searches fast up to date with the entries; calling it again changes nothing.

        Args:
            anew: whatever there is, make it from the entries alone.
        """
        ...

    def search(self, kind: Kind, query_D: NDArray[np.float32], k: int, narrow: SearchFilter) -> list[Hit]:
        """The k entries of a kind nearest to a unit-norm vector, best first."""
        ...

    def delete_subject(self, subject: str) -> int:
        """Remove a patient, from every file too; how many entries went. A second call finishes the work."""
        ...


def open_index(where: str) -> EmbeddingIndex:
    """The index of a folder, or of an address such as `postgresql+psycopg2://…`; made where there is none."""
    if "://" in where:
        from osteon.features.index.pgvector import PgvectorIndex

        return PgvectorIndex(where)
    from osteon.features.index.local import LocalIndex

    return LocalIndex(Path(where))
