"""Entries for tests of the index: distinct, deterministic by number."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from osteon.domain import EmbeddingSpace
from osteon.features.index import IndexEntry, SearchFilter

DIMENSIONS = 24
SPACE = EmbeddingSpace(name="s1", dimensions=DIMENSIONS)
SITES, PARTS = ("lyon", "lille", "nantes"), ("hand", "knee")
EVERYTHING = SearchFilter(projects=frozenset({"osteon", "other"}))


def unit(number: int, dimensions: int = DIMENSIONS) -> NDArray[np.float32]:
    vector = np.random.default_rng(number).normal(size=dimensions).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def make_entry(number: int, **changes: object) -> IndexEntry:
    """Picture `number`: two of one patient, every fifth of another project, every seventh unlinked."""
    fields: dict[str, object] = {
        "key": f"e{number}",
        "kind": "picture",
        "project": "other" if number % 5 == 4 else "osteon",
        "site": SITES[number % 3],
        "embedding": unit(number),
        "body_part": PARTS[number % 2],
        "view": "PA",
        "day": f"2026-01-{number % 28 + 1:02d}" if number % 11 else None,
        "subject": f"P{number // 2:016d}" if number % 7 else None,
        "input_hmac": hashlib.sha256(str(number).encode()).hexdigest(),
    }
    return IndexEntry(**{**fields, **changes})  # type: ignore[arg-type]
