"""How often a name's nearest names are of its own concept."""

from __future__ import annotations

import torch

from training.sap.encoder import NameEncoder
from training.sap.synonyms import SynonymTable

RANKS = (1, 5)
_QUERIES_AT_ONCE = 1024


def synonym_accuracy(encoder: NameEncoder, measured: SynonymTable, others: SynonymTable) -> dict[str, float]:
    """Share of queries with a name of their concept among the nearest 1 and 5 names.

    The dictionary holds the first name of each measured concept and all names of the others, which are never
    right; the queries are the further names of the measured concepts (acc@1 and acc@5 of Liu et al. 2021,
    section 3).

    Returns:
        `acc_1`, `acc_5`, what chance would give (`chance_1`, `chance_5`), `queries`, `dictionary`; figures of
        no query are 0.
    """
    concepts = list(measured.names)
    entries = [measured.names[concept][0] for concept in concepts]
    entries += [name for names in others.names.values() for name in names]
    queries = [
        (name, place) for place, concept in enumerate(concepts) for name in measured.names[concept][1:]
    ]
    figures = {"queries": float(len(queries)), "dictionary": float(len(entries))}
    if not queries:
        return figures | {f"{what}_{rank}": 0.0 for what in ("acc", "chance") for rank in RANKS}
    entry_NH = encoder.encode_all(entries)
    query_QH = encoder.encode_all([name for name, _ in queries])
    right_Q = torch.tensor([place for _, place in queries])
    rank_Q = torch.cat(
        [
            _ranks(
                query_QH[start : start + _QUERIES_AT_ONCE] @ entry_NH.T,
                right_Q[start : start + _QUERIES_AT_ONCE],
            )
            for start in range(0, len(queries), _QUERIES_AT_ONCE)
        ]
    )
    for rank in RANKS:
        figures[f"acc_{rank}"] = float((rank_Q < rank).double().mean())
        figures[f"chance_{rank}"] = min(1.0, rank / len(entries))
    return figures


def _ranks(score_QN: torch.Tensor, right_Q: torch.Tensor) -> torch.Tensor:
    """How many names stand before the right one; equal scores do, so that equal vectors earn nothing."""
    own_Q1 = score_QN.gather(1, right_Q[:, None])
    return (score_QN >= own_Q1).sum(dim=1) - 1
