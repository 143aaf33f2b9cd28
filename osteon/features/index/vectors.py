"""Embeddings in inverted lists (faiss): near ones are looked for in the nearest lists alone.

A file of this kind holds numbers of entries and their quantised vectors, and nothing else. It can always be
made again from the catalogue. Q queries, N vectors, D dimensions.

Source: Jégou et al. 2011, "Product quantization for nearest neighbor search", section IV (inverted lists);
here with eight bits a dimension (Douze et al. 2024, "The Faiss library", arXiv:2401.08281).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from osteon.domain import RefusedError
from osteon.features.index.centres import centres_of, nearest_list

_ALL_BELOW = 4096  # one list, all of it read: no neighbour is missed
_TRAINING_ROWS_A_LIST = 32
# Rows that may be found and are looked at, whatever the filter leaves: recall@10 above 0.99 at a million.
PROBED_ROWS = 14_000
Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]


class VectorSet:
    """Unit-norm vectors by number; adding, removing and searching, in memory."""

    def __init__(self, index: faiss.IndexIVFScalarQuantizer) -> None:
        self._index = index
        self._centres: Vectors = index.quantizer.reconstruct_n(0, index.nlist)

    @classmethod
    def train(cls, sample_ND: Vectors, rows: int, *, seed: int = 0) -> VectorSet:
        """An empty set whose lists fit `rows` vectors of which `sample_ND` are some.

        The same sample gives the same lists.
        """
        dimensions, lists = sample_ND.shape[1], lists_for(rows)
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dimensions),
            dimensions,
            lists,
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )
        index.quantizer.add(centres_of(sample_ND, lists, seed=seed))
        index.train(np.ascontiguousarray(sample_ND))  # the range of the eight bits; lists are there already
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> VectorSet:
        """The set that `save` wrote; RefusedError for another file."""
        try:
            index = faiss.read_index(str(path))
        except RuntimeError:
            index = None
        if not isinstance(index, faiss.IndexIVFScalarQuantizer):
            raise RefusedError("a vector file of this index", "another file", "run `osteon index build`")
        return cls(index)

    def save(self, path: Path) -> None:
        """Write and sync the file; the caller gives it its name."""
        faiss.write_index(self._index, str(path))
        with path.open("rb") as stream:
            os.fsync(stream.fileno())

    @property
    def dimensions(self) -> int:
        """D."""
        return int(self._index.d)

    @property
    def lists(self) -> int:
        """Number of lists."""
        return int(self._index.nlist)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> Ids:
        """Numbers of all vectors, rising."""
        inverted = faiss.extract_index_ivf(self._index).invlists
        parts = []
        for number in range(self.lists):
            size = inverted.list_size(number)
            if size:
                parts.append(faiss.rev_swig_ptr(inverted.get_ids(number), size).copy())
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)

    def add(self, ids_N: Ids, vectors_ND: Vectors) -> None:
        """Put vectors under numbers that the set does not have."""
        vectors, ids = np.ascontiguousarray(vectors_ND), np.ascontiguousarray(ids_N)
        if len(ids):
            lists = nearest_list(vectors, self._centres)
            pointers = (faiss.swig_ptr(each) for each in (vectors, ids, lists))
            self._index.add_core(len(ids), *pointers)

    def remove(self, ids_N: Ids) -> int:
        """Take vectors out; how many were there."""
        return int(self._index.remove_ids(np.ascontiguousarray(ids_N)))

    def search(
        self, query_QD: Vectors, k: int, allowed: NDArray[np.uint8] | None = None, share: float = 1.0
    ) -> tuple[Vectors, Ids]:
        """Scores and numbers (Q, k) of the nearest, best first; -1 where there are fewer.

        Scores are those of the quantised vectors.

        Args:
            allowed: one bit for each number, the lowest first; only those set are found.
            share: part of all vectors that is allowed; the fewer, the more lists are read, so that the
                number of vectors that are compared stays the same.
        """
        settings = faiss.SearchParametersIVF(nprobe=self._lists_to_read(share))
        if allowed is not None:
            selector = faiss.IDSelectorBitmap(allowed)
            settings = faiss.SearchParametersIVF(nprobe=settings.nprobe, sel=selector)
        scores, ids = self._index.search(np.ascontiguousarray(query_QD), k, params=settings)
        return scores, ids

    def _lists_to_read(self, share: float) -> int:
        wanted = PROBED_ROWS / max(1, len(self)) / max(share, 1e-9)
        return max(1, min(math.ceil(wanted * self.lists), self.lists))


def lists_for(rows: int) -> int:
    """Lists of a set of that many vectors: one while it is small, then four times the square root.

    >>> lists_for(1000), lists_for(1_000_000)
    (1, 4000)
    """
    return 1 if rows < _ALL_BELOW else int(4 * rows**0.5)


def training_rows(rows: int) -> int:
    """How many vectors `train` looks at."""
    return min(rows, _TRAINING_ROWS_A_LIST * lists_for(rows)) if lists_for(rows) > 1 else min(rows, 1000)


def build(ids_N: Ids, batches: Iterable[tuple[Ids, Vectors]], sample_ND: Vectors) -> VectorSet:
    """A trained set with all batches in it."""
    built = VectorSet.train(sample_ND, len(ids_N))
    for ids, vectors in batches:
        built.add(ids, vectors)
    return built
