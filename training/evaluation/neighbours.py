"""Retrieval: of the nearest pictures, how many show the same body part, finding and side.

Shapes: Q queries, N candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.metrics import quantile_bounds, resampled

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class PrecisionAt:
    """Mean share of right answers among the first k, with its interval, and what chance would give."""

    rank: int
    precision: float
    low: float | None
    high: float | None
    chance: float
    queries: int

    @property
    def times_chance(self) -> float | None:
        """Precision over chance."""
        return self.precision / self.chance if self.chance else None


def relevance(query_facts: Sequence[tuple[str, ...]], facts: Sequence[tuple[str, ...]]) -> Flags:
    """True (Q, N) where all facts agree."""
    numbers = {fact: number for number, fact in enumerate(dict.fromkeys([*query_facts, *facts]))}
    query_Q = np.asarray([numbers[fact] for fact in query_facts])
    fact_N = np.asarray([numbers[fact] for fact in facts])
    return np.asarray(query_Q[:, None] == fact_N[None, :])


def precision_at(
    score_QN: Floats,
    relevant_QN: Flags,
    allowed_QN: Flags,
    rank: int,
    *,
    groups: Sequence[str],
    draws: int,
    seed: int = 0,
) -> PrecisionAt:
    """Precision among the `rank` best scores, over queries that have a right answer at all.

    Chance is the share of right answers among what a query may find: the expectation for random scores at
    any rank. Candidates that are not allowed (the query's own patient) count for neither.

    Args:
        groups: patient of each query; whole patients are resampled for the interval.
    """
    right_QN = relevant_QN & allowed_QN
    asked = np.flatnonzero(right_QN.any(axis=1) & (allowed_QN.sum(axis=1) >= rank))
    if not len(asked):
        return PrecisionAt(rank=rank, precision=0.0, low=None, high=None, chance=0.0, queries=0)
    hidden_QN = np.where(allowed_QN[asked], score_QN[asked], -np.inf)
    best_QK = np.argsort(-hidden_QN, axis=1, kind="stable")[:, :rank]
    share_Q = np.take_along_axis(right_QN[asked], best_QK, axis=1).mean(axis=1)
    chance_Q = right_QN[asked].sum(axis=1) / allowed_QN[asked].sum(axis=1)
    patients = resampled(len(asked), [groups[int(index)] for index in asked], draws=draws, seed=seed)
    low, high = quantile_bounds(np.asarray([share_Q[index].mean() for index in patients]))
    return PrecisionAt(
        rank=rank,
        precision=float(share_Q.mean()),
        low=low,
        high=high,
        chance=float(chance_Q.mean()),
        queries=len(asked),
    )


def unit(vector_ND: Floats) -> Floats:
    """Rows of norm 1."""
    return np.asarray(vector_ND / np.maximum(np.linalg.norm(vector_ND, axis=1, keepdims=True), 1e-12))
