"""What an index holds, how a search is narrowed, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from osteon.domain import UsageError

Kind = Literal["picture", "sentence"]
KINDS: tuple[Kind, ...] = get_args(Kind)
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """One embedding with what a search may ask about it.

    Attributes:
        key: unique within its kind and project: an event's id, or a study and a position in it.
        embedding: unit-norm vector, float32 (D,).
        subject: pseudonym of the patient; None when the request gave none.
        day: day of the event, `YYYY-MM-DD`; None when it is not known.
        input_hmac: keyed digest of the picture's bytes; finds the same picture sent again.
        text: the sentence itself; None for a picture.
    """

    key: str
    kind: Kind
    project: str
    site: str
    embedding: NDArray[np.float32] = field(repr=False)
    body_part: str = UNKNOWN
    view: str = UNKNOWN
    day: str | None = None
    subject: str | None = field(default=None, repr=False)
    study: str | None = field(default=None, repr=False)
    input_hmac: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter:
    """What a search may find. Empty sets do not narrow, but no project means nothing at all.

    Attributes:
        projects: of the asking token; nothing outside them is ever found.
        since, until: days, both included; entries without a day are left out once either is given.
        not_subject: the asking patient, whose own entries are left out.
        not_inputs: `input_hmac` of the asking pictures; left out with everything of their patients.
    """

    projects: frozenset[str]
    sites: frozenset[str] = frozenset()
    body_parts: frozenset[str] = frozenset()
    since: str | None = None
    until: str | None = None
    not_subject: str | None = field(default=None, repr=False)
    not_inputs: frozenset[str] = field(default=frozenset(), repr=False)

    def __post_init__(self) -> None:
        for day in (self.since, self.until):
            if day is not None:
                _require_day(day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One entry that was found; it does not say whose it is.

    Attributes:
        score: cosine similarity to the query, in [-1, 1].
    """

    key: str
    kind: Kind
    score: float
    project: str
    site: str
    body_part: str
    view: str
    day: str | None
    study: str | None
    text: str | None


def _require_day(day: str) -> None:
    try:
        if date.fromisoformat(day).isoformat() == day:
            return
    except ValueError:
        pass
    raise UsageError("a day as YYYY-MM-DD", "another text", "write it like 2026-03-31")


def require_unit_norm(vectors_ND: NDArray[np.float32]) -> None:
    """Returns when every row is finite and has norm 1 within 0.001; UsageError otherwise."""
    norms = np.linalg.norm(vectors_ND, axis=1)
    if vectors_ND.ndim != 2 or not bool((np.abs(norms - 1.0) <= 1e-3).all()):
        raise UsageError("unit-norm embeddings", "others", "normalise them, as the encoders do")
