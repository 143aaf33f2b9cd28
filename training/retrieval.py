"""How well pictures find their reports and reports their pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

RANKS = (1, 5, 10)


def retrieval_figures(image_ND: Tensor, text_ND: Tensor, texts: Sequence[str]) -> dict[str, float]:
    """Recall at 1, 5 and 10 in both directions, beside what chance would give.

    Studies with the same report text are all right answers for each other.

    Args:
        image_ND: unit-norm embeddings, row i of study i.
        text_ND: the same of the reports.
        texts: the report texts.
    """
    groups = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    group_N = torch.tensor([groups[text] for text in texts])
    relevant_NN = group_N[:, None] == group_N[None, :]
    score_NN = image_ND.double() @ text_ND.double().T
    figures: dict[str, float] = {"studies": float(len(texts)), "distinct_reports": float(len(groups))}
    for rank in RANKS:
        figures[f"image_to_text_r{rank}"] = recall_at(score_NN, relevant_NN, rank)
        figures[f"text_to_image_r{rank}"] = recall_at(score_NN.T, relevant_NN, rank)
        figures[f"chance_r{rank}"] = chance_at(relevant_NN, rank)
    return figures


def recall_at(score_NN: Tensor, relevant_NN: Tensor, rank: int) -> float:
    """Share of rows with a right answer among their `rank` highest scores."""
    best_NK = score_NN.topk(min(rank, score_NN.shape[1]), dim=1).indices
    return float(relevant_NN.gather(1, best_NK).any(dim=1).double().mean())


def chance_at(relevant_NN: Tensor, rank: int) -> float:
    """The same for random scores: 1 - C(n - m, k) / C(n, k), m right answers among n, mean over rows."""
    count = relevant_NN.shape[1]
    right_N = relevant_NN.sum(dim=1).double()
    missed_N = torch.ones_like(right_N)
    for drawn in range(min(rank, count)):
        missed_N = missed_N * ((count - right_N - drawn).clamp_min(0) / (count - drawn))
    return float((1 - missed_N).mean())
