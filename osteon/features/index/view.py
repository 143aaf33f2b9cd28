"""One kind of entry as a reader holds it: columns, the vector file, and what no file has yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from osteon.features.index.catalogue import Catalogue, State
from osteon.features.index.columns import Columns
from osteon.features.index.entry import Kind, SearchFilter
from osteon.features.index.snapshot import Snapshot
from osteon.features.index.vectors import Ids, Vectors, VectorSet

_KEPT_MASKS = 32


@dataclass(frozen=True, slots=True)
class _Mask:
    """Which entries a filter leaves: their share, one bit a number (None: all), places in the tail."""

    share: float
    bits: NDArray[np.uint8] | None
    tail: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class View:
    """What one state of the catalogue and one manifest give; never changed once made.

    Attributes:
        tail_ids, tail_vectors: entries that the vector file does not have.
    """

    state: State
    published: str
    columns: Columns
    vectors: VectorSet | None
    tail_ids: Ids
    tail_vectors: Vectors
    masks: dict[SearchFilter, _Mask] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        catalogue: Catalogue,
        snapshot: Snapshot,
        kind: Kind,
        state: State,
        published: str,
        *,
        before: View | None,
    ) -> View:
        """The view of a state; what the view before it knows is not read again."""
        columns = Columns()
        if before is not None and before.state.deletions == state.deletions:
            columns = before.columns.copy()
        columns.append(catalogue.columns_after(kind, columns.last))
        if before is not None and before.published == published:
            vectors = before.vectors
        else:
            vectors = snapshot.load(kind)
        held = vectors.ids() if vectors is not None else np.zeros(0, dtype=np.int64)
        tail = np.setdiff1d(columns.ids, held, assume_unique=True)
        tail_vectors = catalogue.vectors_of(tail, state.space.dimensions)
        return cls(state, published, columns, vectors, tail, tail_vectors)

    def candidates(self, query_D: NDArray[np.float32], count: int, narrow: SearchFilter) -> list[int]:
        """Numbers of the entries to compare exactly: `count` from the vector file, `count` from the rest."""
        mask = self._mask(narrow)
        if mask.share == 0.0:
            return []
        found: list[int] = []
        if self.vectors is not None and len(self.vectors):
            _, ids = self.vectors.search(query_D[None], count, mask.bits, mask.share)
            found = ids[0][ids[0] >= 0].tolist()
        if not len(mask.tail):
            return found
        near = np.argsort(-(self.tail_vectors[mask.tail] @ query_D), kind="stable")[:count]
        return [*found, *self.tail_ids[mask.tail[near]].tolist()]

    def _mask(self, narrow: SearchFilter) -> _Mask:
        """What a filter leaves; kept, because the same few filters are asked again and again."""
        key = replace(narrow, not_subject=None, not_inputs=frozenset())
        mask = self.masks.get(key)
        if mask is None:
            mask = self._new_mask(key)
            while len(self.masks) >= _KEPT_MASKS:
                self.masks.pop(next(iter(self.masks)), None)
            self.masks[key] = mask
        return mask

    def _new_mask(self, narrow: SearchFilter) -> _Mask:
        allowed = self.columns.allowed(narrow)
        if not len(allowed) or not allowed.any():
            return _Mask(0.0, None, self.tail_ids[:0])
        by_id = np.zeros(self.columns.last + 1, dtype=bool)
        by_id[self.columns.ids[allowed]] = True
        tail = np.flatnonzero(by_id[self.tail_ids])
        # Entries that are gone may still stand in the file: only a mask keeps them from taking a place.
        whole = allowed.all() and self.vectors is not None and len(self.vectors) <= len(allowed)
        return _Mask(float(allowed.mean()), None if whole else np.packbits(by_id, bitorder="little"), tail)
