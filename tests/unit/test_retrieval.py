from __future__ import annotations

import pytest
import torch

from training.retrieval import chance_at, recall_at, retrieval_figures


def test_embeddings_that_agree_find_each_other() -> None:
    figures = retrieval_figures(torch.eye(12), torch.eye(12), [str(number) for number in range(12)])
    assert figures["image_to_text_r1"] == figures["text_to_image_r1"] == 1
    assert figures["chance_r1"] == pytest.approx(1 / 12)
    assert figures["chance_r10"] == pytest.approx(10 / 12)


def test_a_study_with_the_same_report_text_counts_as_found() -> None:
    texts = ["a", "a", "b", "c"]
    swapped = torch.eye(4)[[1, 0, 2, 3]]
    assert retrieval_figures(torch.eye(4), swapped, texts)["image_to_text_r1"] == 1
    assert retrieval_figures(torch.eye(4), swapped, ["a", "d", "b", "c"])["image_to_text_r1"] == 0.5


def test_recall_counts_the_first_ranks_only() -> None:
    scores = torch.tensor([[0.9, 0.5, 0.1], [0.9, 0.1, 0.5]])
    relevant = torch.tensor([[True, False, False], [False, True, False]])
    assert [recall_at(scores, relevant, rank) for rank in (1, 2, 3)] == [0.5, 0.5, 1.0]


def test_chance_agrees_with_random_scores() -> None:
    generator = torch.Generator().manual_seed(0)
    relevant = torch.zeros(400, 20, dtype=torch.bool)
    relevant[:, :3] = True
    drawn = recall_at(torch.rand(400, 20, generator=generator), relevant, 5)
    assert chance_at(relevant, 5) == pytest.approx(1 - (17 * 16 * 15 * 14 * 13) / (20 * 19 * 18 * 17 * 16))
    assert drawn == pytest.approx(chance_at(relevant, 5), abs=0.08)
