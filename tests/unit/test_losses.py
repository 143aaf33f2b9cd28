from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import osteon  # noqa: F401 (declares what torchvision lacks beside a CPU torch)
from training.losses import info_nce, repeated_reports, report_groups


def _unit(rows: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(rows, 16, generator=generator, dtype=dtype), dim=-1)


def _formula(image_BD: Tensor, text_BD: Tensor, scale: float) -> float:
    """Radford et al. 2021, figure 3, written out term by term."""
    logits = scale * image_BD @ text_BD.T
    rows = [
        -float(logits[i, i]) + math.log(sum(math.exp(float(x)) for x in logits[i]))
        for i in range(len(logits))
    ]
    columns = [
        -float(logits[i, i]) + math.log(sum(math.exp(float(x)) for x in logits[:, i]))
        for i in range(len(logits))
    ]
    return (sum(rows) / len(rows) + sum(columns) / len(columns)) / 2


def test_info_nce_equals_the_formula_of_the_paper_in_float64() -> None:
    image, text = _unit(12, 0), _unit(12, 1)
    assert float(info_nce(image, text, torch.tensor(14.3, dtype=torch.float64))) == pytest.approx(
        _formula(image, text, 14.3), abs=1e-10
    )


@pytest.mark.parametrize("scale", [1.0, 14.3, 100.0])
def test_info_nce_and_its_gradients_equal_open_clips(scale: float) -> None:
    from open_clip.loss import ClipLoss

    results = []
    for loss in (info_nce, ClipLoss()):
        image, text = _unit(32, 2).requires_grad_(), _unit(32, 3).requires_grad_()
        value = loss(image, text, torch.tensor(scale, dtype=torch.float64))
        results.append((value, *torch.autograd.grad(value, (image, text))))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


def test_equal_logits_give_log_b() -> None:
    same = torch.ones(8, 4) / 2
    assert float(info_nce(same, same, torch.tensor(10.0))) == pytest.approx(math.log(8), abs=1e-6)


def test_a_repeated_report_is_no_negative() -> None:
    image, text = _unit(6, 4), _unit(6, 5)
    text[3] = text[0]
    masked = info_nce(image, text, torch.tensor(5.0), report_B=torch.tensor([0, 1, 2, 0, 4, 5]))
    logits = 5.0 * image @ text.T
    logits[0, 3] = logits[3, 0] = -math.inf
    target = torch.arange(6)
    expected = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    assert float(masked) == pytest.approx(float(expected), abs=1e-12)
    assert masked < info_nce(image, text, torch.tensor(5.0))


def test_a_batch_of_one_repeated_report_has_nothing_to_learn() -> None:
    image, text = _unit(4, 6).requires_grad_(), _unit(4, 7)
    loss = info_nce(image, text, torch.tensor(5.0), report_B=torch.zeros(4, dtype=torch.long))
    loss.backward()
    assert float(loss.detach()) == 0
    assert image.grad is not None
    assert bool((image.grad == 0).all())


def test_equal_token_rows_are_one_report() -> None:
    groups = report_groups(torch.tensor([[1, 5, 2], [1, 6, 2], [1, 5, 2]]))
    assert groups[0] == groups[2] != groups[1]
    assert repeated_reports(groups).nonzero().tolist() == [[0, 2], [2, 0]]


@pytest.mark.parametrize(("first", "second"), [((1, 3), (1, 3)), ((4, 3), (4, 2)), ((4,), (4,))])
def test_unequal_or_single_rows_are_refused_with_the_shapes(
    first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"needs two equal \(B, D\) batches with B >= 2, got"):
        info_nce(torch.ones(first), torch.ones(second), torch.tensor(1.0))
