"""NT-Xent against the formula of its paper, term by term in float64."""

from __future__ import annotations

import math

import pytest
import torch

from training.image_only.loss import nt_xent


def _as_printed(first: torch.Tensor, second: torch.Tensor, temperature: float) -> float:
    """Algorithm 1 of arXiv:2002.05709, written with loops over single views (2k-1 and 2k are one picture)."""
    views = [view.tolist() for pair in zip(first, second, strict=True) for view in pair]

    def similarity(i: int, j: int) -> float:
        dot = sum(a * b for a, b in zip(views[i], views[j], strict=True))
        return dot / math.sqrt(sum(a * a for a in views[i])) / math.sqrt(sum(b * b for b in views[j]))

    def one(i: int, j: int) -> float:
        others = sum(math.exp(similarity(i, k) / temperature) for k in range(len(views)) if k != i)
        return -math.log(math.exp(similarity(i, j) / temperature) / others)

    count = len(views) // 2
    return sum(one(2 * k, 2 * k + 1) + one(2 * k + 1, 2 * k) for k in range(count)) / (2 * count)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(2, 3), (5, 4), (9, 16)])
def test_the_loss_is_that_of_the_paper(shape: tuple[int, int], temperature: float) -> None:
    generator = torch.Generator().manual_seed(shape[0])
    first, second = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    assert float(nt_xent(first, second, temperature=temperature)) == pytest.approx(
        _as_printed(first, second, temperature), abs=1e-12
    )


def test_its_gradient_is_that_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    views = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda both: nt_xent(both[0], both[1], temperature=0.5), (views,))


def test_which_view_comes_first_changes_nothing() -> None:
    first, second = torch.randn(2, 6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    swapped = nt_xent(second, first, temperature=0.3)
    assert float(nt_xent(first, second, temperature=0.3)) == pytest.approx(float(swapped), abs=1e-12)


@pytest.mark.parametrize("shapes", [((1, 3), (1, 3)), ((4, 3), (4, 2)), ((4,), (4,))])
def test_batches_without_negatives_or_of_other_shapes_are_refused(
    shapes: tuple[tuple[int, ...], ...],
) -> None:
    with pytest.raises(ValueError, match="B >= 2"):
        nt_xent(torch.ones(shapes[0]), torch.ones(shapes[1]), temperature=0.1)
