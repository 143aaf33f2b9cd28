"""How good the first K results of a retrieval are: P@K by class, CUI@K by medical concept.

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


def precision_at(score_QN: Tensor, relevant_QN: Tensor, k: int) -> float:
    """P@K: share of the K best candidates that are relevant, mean over the queries.

    P@K = 1/Q sum_q 1/K |{relevant} among the K best of q|. Candidates that may not be found, such as the
    query itself, have a score of -inf and count as not relevant.

    Args:
        score_QN: higher is better; equal scores are taken in the order of the candidates.
        relevant_QN: boolean, same shape.
        k: from 1 to N.
    Source: Sérieys et al. 2022 (ICPR), section 4; Zhang et al. 2020, arXiv:2010.00747, section 4.2.

    >>> import torch
    >>> score = torch.tensor([[0.9, 0.8, 0.1, 0.0]])
    >>> precision_at(score, torch.tensor([[True, False, True, True]]), 2)
    0.5
    """
    best_QK = best_candidates(score_QN, k)
    found_QK = relevant_QN.gather(1, best_QK) & score_QN.gather(1, best_QK).isfinite()
    return float(found_QK.double().mean())


def expected_precision(relevant_QN: Tensor) -> float:
    """P@K of a random order, which is the same for every K: the share of relevant candidates.

    >>> import torch
    >>> expected_precision(torch.tensor([[True, False, True, True]]))
    0.75
    """
    return float(relevant_QN.double().mean())


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
