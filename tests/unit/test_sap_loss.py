"""The loss of self-alignment against its paper's formula, written out in loops."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from training.sap import hard_pairs, multi_similarity


def by_loops(
    similarity: Tensor, positive: Tensor, negative: Tensor, alpha: float, beta: float, epsilon: float
) -> float:
    """Equation 3 of Liu et al. 2021, term by term."""
    total = 0.0
    count = len(similarity)
    for i in range(count):
        near = sum(
            math.exp(alpha * (float(similarity[i, n]) - epsilon)) for n in range(count) if negative[i, n]
        )
        far = sum(
            math.exp(-beta * (float(similarity[i, p]) - epsilon)) for p in range(count) if positive[i, p]
        )
        total += math.log(1 + near) / alpha + math.log(1 + far) / beta
    return total / count


def unit_vectors(count: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(
        torch.randn(count, 5, generator=generator, dtype=torch.float64), dim=-1
    )


@settings(deadline=None, max_examples=50)
@given(
    concepts=st.lists(st.integers(0, 3), min_size=1, max_size=9),
    seed=st.integers(0, 99),
    margin=st.sampled_from([-0.2, 0.0, 0.2, 1.0]),
    scales=st.sampled_from([(2.0, 50.0, 1.0), (50.0, 2.0, 0.5), (1.0, 60.0, 0.5)]),
)
def test_loss_and_mining_equal_the_paper_written_out(
    concepts: list[int], seed: int, margin: float, scales: tuple[float, float, float]
) -> None:
    vector = unit_vectors(len(concepts), seed)
    similarity = vector @ vector.T
    concept = torch.tensor(concepts)
    positive, negative = hard_pairs(similarity, concept, margin=margin)
    expected_positive, expected_negative = torch.zeros_like(positive), torch.zeros_like(negative)
    count = range(len(concepts))
    distance = (2 - 2 * similarity).clamp_min(0).sqrt()
    for a in count:
        for p in count:
            for n in count:
                triplet = a != p and concepts[a] == concepts[p] and concepts[a] != concepts[n]
                if triplet and distance[a, n] - distance[a, p] <= margin:
                    expected_positive[a, p] = expected_negative[a, n] = True
    assert torch.equal(positive, expected_positive)
    assert torch.equal(negative, expected_negative)
    alpha, beta, epsilon = scales
    loss = multi_similarity(similarity, positive, negative, alpha=alpha, beta=beta, epsilon=epsilon)
    assert float(loss) == pytest.approx(
        by_loops(similarity, positive, negative, *scales), rel=1e-12, abs=1e-12
    )


def test_a_hand_worked_pair() -> None:
    similarity = torch.tensor([[1.0, 0.5, 0.8], [0.5, 1.0, 0.1], [0.8, 0.1, 1.0]], dtype=torch.float64)
    positive = torch.zeros(3, 3, dtype=torch.bool)
    negative = torch.zeros(3, 3, dtype=torch.bool)
    positive[0, 1] = negative[0, 2] = True
    expected = (math.log(1 + math.exp(2 * (0.8 - 1))) / 2 + math.log(1 + math.exp(-50 * (0.5 - 1))) / 50) / 3
    assert float(multi_similarity(similarity, positive, negative)) == pytest.approx(expected)


def test_the_published_code_is_the_same_formula_with_its_sharpnesses_exchanged() -> None:
    """pytorch-metric-learning's MultiSimilarityLoss(alpha=2, beta=50, base=0.5), written out."""
    vector = unit_vectors(8, 3)
    similarity, concept = vector @ vector.T, torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    positive, negative = hard_pairs(similarity, concept)
    total = 0.0
    for i in range(8):
        pos = [math.exp(2 * (0.5 - float(similarity[i, p]))) for p in range(8) if positive[i, p]]
        neg = [math.exp(50 * (float(similarity[i, n]) - 0.5)) for n in range(8) if negative[i, n]]
        total += math.log(1 + sum(pos)) / 2 + math.log(1 + sum(neg)) / 50
    loss = multi_similarity(similarity, positive, negative, alpha=50, beta=2, epsilon=0.5)
    assert float(loss) == pytest.approx(total / 8, rel=1e-12)


def test_a_batch_without_a_hard_pair_costs_nothing_and_has_a_gradient() -> None:
    vector = torch.eye(4, dtype=torch.float64, requires_grad=True)
    similarity = vector @ vector.T
    positive, negative = hard_pairs(similarity.detach(), torch.tensor([0, 1, 2, 3]))
    loss = multi_similarity(similarity, positive, negative)
    loss.backward()
    assert float(loss.detach()) == 0
    assert vector.grad is not None
    assert bool(vector.grad.isfinite().all())


def test_the_gradient_draws_synonyms_together_and_others_apart() -> None:
    similarity = torch.tensor([[1.0, 0.2, 0.6], [0.2, 1.0, 0.3], [0.6, 0.3, 1.0]], requires_grad=True)
    positive, negative = hard_pairs(similarity, torch.tensor([0, 0, 1]))
    multi_similarity(similarity, positive, negative).backward()
    assert similarity.grad is not None
    assert similarity.grad[0, 1] < 0 < similarity.grad[0, 2]


def test_unequal_shapes_are_refused() -> None:
    mask = torch.zeros(2, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"\(B, B\)"):
        multi_similarity(torch.zeros(2, 3), mask, mask)
