"""Embedding spaces: vectors compare only within one."""

from __future__ import annotations

from dataclasses import dataclass

from osteon.domain.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingSpace:
    """Names one space: the encoder's weights and the preprocessing fix it."""

    name: str
    dimensions: int


def require_same_space(first: str, second: str) -> None:
    """Returns when both vectors come from one space; UsageError otherwise.

    >>> require_same_space("a1", "a1")
    """
    if first != second:
        raise UsageError(
            "vectors of one embedding space", "vectors of two", "re-embed one side with the other's model"
        )
