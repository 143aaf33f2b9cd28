"""How good the first K results of a retrieval are by medical concept: CUI@K.

Shapes: Q queries, N candidates, C concepts, K results.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

_QUERIES_AT_ONCE = 1024
Concepts = Sequence[Sequence[str]]


def cui_at(score_QN: Tensor, queries: Concepts, candidates: Concepts, k: int) -> float:
    """CUI@K: share of a query's concepts that a result has too, mean over the K results and the queries.

    CUI@K = 1/Q sum_q 1/K sum_{r in the K best of q} |C_q & C_r| / |C_q|, with C the UMLS concepts (CUI) of a
    caption. A query without concepts is left out of the mean.

    Args:
        score_QN: higher is better; -inf for what may not be found, which shares no concept.
        queries: the concepts of each query.
        candidates: the concepts of each candidate.
    Returns:
        0 to 1; NaN where no query has a concept.
    Source: Sérieys et al. 2022 (ICPR), as docs/decisions/public-sets.md reads it.

    >>> import torch
    >>> score = torch.tensor([[0.9, 0.8, 0.1]])
    >>> cui_at(score, [["C1", "C2"]], [["C1"], ["C3"], ["C1", "C2"]], 2)
    0.25
    """
    shared_QK = shared_concepts(score_QN, queries, candidates, k)
    return _mean_share(shared_QK.mean(axis=1), queries)


def concept_coverage_at(score_QN: Tensor, queries: Concepts, candidates: Concepts, k: int) -> float:
    """Share of a query's concepts that any of the K results has, mean over the queries.

    1/Q sum_q |C_q & (union of C_r over the K best of q)| / |C_q|: it can only grow with K. Arguments and gaps
    as in `cui_at`.

    >>> import torch
    >>> score = torch.tensor([[0.9, 0.8, 0.1]])
    >>> concept_coverage_at(score, [["C1", "C2"]], [["C1"], ["C3"], ["C1", "C2"]], 2)
    0.5
    """
    query_QC, candidate_NC = _incidence(queries, candidates)
    best_QK = best_candidates(score_QN, k)
    may_QK = score_QN.gather(1, best_QK).isfinite().numpy()
    row = np.repeat(np.arange(len(queries)), k)[may_QK.ravel()]
    chosen_QN = csr_matrix(
        (np.ones(len(row)), (row, best_QK.numpy().ravel()[may_QK.ravel()])),
        shape=(len(queries), len(candidates)),
    )
    covered_QC = (chosen_QN @ candidate_NC).minimum(1).multiply(query_QC)
    return _mean_share(np.asarray(covered_QC.sum(axis=1)).ravel(), queries)


def expected_cui(queries: Concepts, candidates: Concepts) -> float:
    """CUI@K of a random order, which is the same for every K.

    >>> expected_cui([["C1", "C2"]], [["C1"], ["C3"]])
    0.25
    """
    query_QC, candidate_NC = _incidence(queries, candidates)
    frequency_C = np.asarray(candidate_NC.mean(axis=0)).ravel()
    return _mean_share(np.asarray(query_QC @ frequency_C).ravel(), queries)


def expected_cui_of_others(concepts: Concepts, owners: Sequence[str]) -> float:
    """CUI@K of a random order where a query finds only what other owners have, itself not.

    Raises:
        ValueError: all are of one owner.

    >>> expected_cui_of_others([["C1"], ["C1", "C2"]], ["a", "b"])
    0.75
    """
    numbers = {owner: number for number, owner in enumerate(dict.fromkeys(owners))}
    if len(numbers) < 2:
        raise ValueError("needs items of two owners, got one")
    owner_N = np.asarray([numbers[owner] for owner in owners])
    item_NC, _ = _incidence(concepts, concepts)
    ones = np.ones(len(owners))
    own_OC = csr_matrix((ones, (owner_N, np.arange(len(owners))))) @ item_NC
    others_NC = item_NC.multiply(np.asarray(item_NC.sum(axis=0))) - item_NC.multiply(own_OC[owner_N])
    found_N = np.asarray(others_NC.sum(axis=1)).ravel() / (len(owners) - np.bincount(owner_N)[owner_N])
    return _mean_share(found_N, concepts)


def shared_concepts(score_QN: Tensor, queries: Concepts, candidates: Concepts, k: int) -> NDArray[np.float64]:
    """How many concepts each of the K best candidates shares with its query, (Q, K), best first."""
    query_QC, candidate_NC = _incidence(queries, candidates)
    best_QK = best_candidates(score_QN, k).numpy()
    may_QK = score_QN.numpy()[np.arange(len(best_QK))[:, None], best_QK] > -np.inf
    shared_QK = np.zeros(best_QK.shape)
    # Concepts in common of all pairs would fill memory: some queries at a time.
    for start in range(0, len(best_QK), _QUERIES_AT_ONCE):
        part = slice(start, start + _QUERIES_AT_ONCE)
        common_BN = (query_QC[part] @ candidate_NC.T).toarray()
        shared_QK[part] = np.take_along_axis(common_BN, best_QK[part], axis=1)
    found_QK: NDArray[np.float64] = shared_QK * may_QK
    return found_QK


def best_candidates(score_QN: Tensor, k: int) -> Tensor:
    """The K best candidates of each query, (Q, K), best first; equal scores in the order of the candidates.

    Raises:
        ValueError: k is not from 1 to N, or a score is not a number.
    """
    if score_QN.ndim != 2 or not 1 <= k <= score_QN.shape[1] or bool(score_QN.isnan().any()):
        raise ValueError(
            f"needs scores (Q, N) without NaN and k from 1 to N, got {tuple(score_QN.shape)} and k = {k}"
        )
    return score_QN.argsort(dim=1, descending=True, stable=True)[:, :k]


def _incidence(queries: Concepts, candidates: Concepts) -> tuple[csr_matrix, csr_matrix]:
    """One row a query or candidate, one column a concept, 1 where it has it."""
    number = {
        name: place for place, name in enumerate(sorted({c for own in [*queries, *candidates] for c in own}))
    }

    def rows(side: Concepts) -> csr_matrix:
        pairs = [(place, number[concept]) for place, own in enumerate(side) for concept in sorted(set(own))]
        row, column = zip(*pairs, strict=True) if pairs else ((), ())
        return csr_matrix((np.ones(len(row)), (row, column)), shape=(len(side), max(1, len(number))))

    return rows(queries), rows(candidates)


def _mean_share(shared_Q: NDArray[np.float64], queries: Concepts) -> float:
    """Mean over the queries that have concepts of what is shared, as a part of their own."""
    own_Q = np.asarray([len(set(own)) for own in queries], dtype=np.float64)
    known_Q = own_Q > 0
    return float((shared_Q[known_Q] / own_Q[known_Q]).mean()) if known_Q.any() else float("nan")
