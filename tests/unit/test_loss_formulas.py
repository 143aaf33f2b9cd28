"""Each loss against its paper's formula, written out term by term in float64, and against open_clip's."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import osteon  # noqa: F401 (declares what torchvision lacks beside a CPU torch)
from training.losses import (
    LocalTemperatures,
    blocks,
    info_nce,
    info_nce_part,
    local,
    local_contrast,
    local_contrast_part,
    siglip,
)

SCALE = torch.tensor(14.3, dtype=torch.float64)
BIAS = torch.tensor(-4.0, dtype=torch.float64)


def _unit(*shape: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=generator, dtype=dtype), dim=-1)


def _dot(first: Tensor, second: Tensor) -> float:
    return sum(float(a) * float(b) for a, b in zip(first, second, strict=True))


def test_convirt_equals_the_formula_of_the_paper() -> None:
    image, text, tau, share = _unit(7, 6, seed=0), _unit(7, 6, seed=1), 0.1, 0.75
    total = 0.0
    for i in range(7):
        from_image = [math.exp(_dot(image[i], text[k]) / tau) for k in range(7)]
        from_text = [math.exp(_dot(text[i], image[k]) / tau) for k in range(7)]
        total += -share * math.log(from_image[i] / sum(from_image))
        total += -(1 - share) * math.log(from_text[i] / sum(from_text))
    scale = torch.tensor(1 / tau, dtype=torch.float64)
    assert float(info_nce(image, text, scale, image_share=share)) == pytest.approx(total / 7, abs=1e-10)
    assert float(info_nce(text, image, scale, image_share=share)) != pytest.approx(total / 7, abs=1e-3)


def test_siglip_equals_the_formula_of_the_paper() -> None:
    image, text = _unit(6, 5, seed=2), _unit(6, 5, seed=3)
    total = 0.0
    for i in range(6):
        for j in range(6):
            sign = 1 if i == j else -1
            logit = 14.3 * _dot(image[i], text[j]) - 4.0
            total += math.log(1 / (1 + math.exp(-sign * logit)))
    assert float(siglip(image, text, SCALE, BIAS)) == pytest.approx(-total / 6, abs=1e-10)


def test_siglip_and_its_gradients_equal_open_clips() -> None:
    from open_clip.loss import SigLipLoss

    results = []
    for loss in (siglip, SigLipLoss()):
        leaves = [_unit(32, 16, seed=4), _unit(32, 16, seed=5), SCALE.clone(), BIAS.clone()]
        leaves = [leaf.requires_grad_() for leaf in leaves]
        value = loss(*leaves)
        results.append((value, *torch.autograd.grad(value, leaves)))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


def test_a_repeated_report_leaves_the_sigmoid_loss() -> None:
    image, text = _unit(4, 5, seed=6), _unit(4, 5, seed=7)
    masked = siglip(image, text, SCALE, BIAS, report_B=torch.tensor([0, 1, 0, 2]))
    logits = 14.3 * image @ text.T - 4.0
    left_out = F.softplus(logits[0, 2]) + F.softplus(logits[2, 0])
    expected = siglip(image, text, SCALE, BIAS) - left_out / 4
    assert float(masked) == pytest.approx(float(expected), abs=1e-12)


def _gloria(region: Tensor, word: Tensor, lengths: list[int], tau: LocalTemperatures) -> float:
    """The local loss of GLoRIA for each word, region and pair of studies in turn."""
    batch, regions = region.shape[:2]
    z = [[0.0] * batch for _ in range(batch)]
    for p in range(batch):
        for t in range(batch):
            total = 0.0
            for i in range(lengths[t]):
                weight = [math.exp(_dot(word[t, i], region[p, j]) / tau.attention) for j in range(regions)]
                context = sum(w / sum(weight) * region[p, j] for j, w in enumerate(weight))
                assert isinstance(context, Tensor)
                cosine = _dot(context, word[t, i]) / math.sqrt(_dot(context, context))
                total += math.exp(cosine / tau.words)
            z[p][t] = tau.words * math.log(total)
    loss = 0.0
    for i in range(batch):
        right = math.exp(z[i][i] / tau.pairs)
        loss -= math.log(right / sum(math.exp(z[i][k] / tau.pairs) for k in range(batch)))
        loss -= math.log(right / sum(math.exp(z[k][i] / tau.pairs) for k in range(batch)))
    return loss / (2 * batch)


def test_glorias_local_loss_equals_the_formula_of_the_paper() -> None:
    region, word, lengths = _unit(4, 6, 5, seed=8), _unit(4, 7, 5, seed=9), [7, 1, 4, 5]
    mask = torch.arange(7) < torch.tensor(lengths)[:, None]
    tau = LocalTemperatures(attention=0.25, words=0.2, pairs=0.1)
    value = local_contrast(region, word, mask, temperatures=tau)
    assert float(value) == pytest.approx(_gloria(region, word, lengths, tau), abs=1e-10)


def test_what_stands_behind_the_last_word_changes_nothing() -> None:
    region, word, mask = _unit(3, 4, 5, seed=10), _unit(3, 6, 5, seed=11), torch.ones(3, 6, dtype=torch.bool)
    mask[1, 3:] = False
    changed = word.clone()
    changed[1, 3:] = _unit(3, 5, seed=12)
    assert torch.equal(local_contrast(region, word, mask), local_contrast(region, changed, mask))


def _compare(results: list[tuple[Tensor, ...]], tolerance: float) -> None:
    for first, second in zip(*results, strict=True):
        torch.testing.assert_close(first, second, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("name", ["info_nce", "convirt", "siglip"])
def test_a_loss_in_blocks_equals_the_loss_at_once(
    name: str, repeats: bool, dtype: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = torch.randint(0, 20, (37,), generator=torch.Generator().manual_seed(1)) if repeats else None
    results = []
    for block_logits in (1 << 22, 5 * 37):  # at once, and in blocks of five rows
        monkeypatch.setattr(blocks, "BLOCK_LOGITS", block_logits)
        leaves = [_unit(37, 8, seed=13, dtype=dtype), _unit(37, 8, seed=14, dtype=dtype), SCALE.to(dtype)]
        leaves += [BIAS.to(dtype)]
        leaves = [leaf.clone().requires_grad_() for leaf in leaves]
        if name == "siglip":
            value = siglip(*leaves, report_B=report)
        else:
            share = 0.75 if name == "convirt" else 0.5
            value = info_nce(*leaves[:3], report_B=report, image_share=share)
        used = leaves if name == "siglip" else leaves[:3]
        results.append((value, *torch.autograd.grad(value, used)))
    _compare(results, tolerance)


def test_the_local_loss_in_blocks_equals_the_loss_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = torch.arange(6) < torch.tensor([6, 2, 3, 4, 1])[:, None]
    results = []
    for values in (1 << 24, 1):
        monkeypatch.setattr(local, "_BLOCK_VALUES", values)
        leaves = [_unit(5, 4, 8, seed=15).requires_grad_(), _unit(5, 6, 8, seed=16).requires_grad_()]
        value = local_contrast(*leaves, mask)
        results.append((value, *torch.autograd.grad(value, leaves)))
    _compare(results, 1e-10)


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("name", ["info_nce", "siglip", "local"])
def test_the_mean_of_the_workers_parts_is_the_loss_of_the_whole_batch(name: str, workers: int) -> None:
    report = torch.tensor([0, 1, 2, 0, 3, 4, 4, 5])
    mask = torch.arange(5) < torch.tensor([5, 1, 2, 3, 4, 5, 2, 1])[:, None]
    shapes = [(8, 3, 6), (8, 5, 6)] if name == "local" else [(8, 6), (8, 6)]
    results = []
    for parted in (False, True):
        image, text = (_unit(*shape, seed=17 + i).requires_grad_() for i, shape in enumerate(shapes))
        parts = []
        for part in range(workers if parted else 1):
            b = 8 // workers if parted else 8
            first = part * b
            own = slice(first, first + b)
            if name == "siglip":
                parts.append(siglip(image[own], text, SCALE, BIAS, first=first, report_B=report))
            elif name == "info_nce" and parted:
                parts.append(
                    info_nce_part(image[own], text[own], image, text, SCALE, first=first, report_B=report)
                )
            elif name == "info_nce":
                parts.append(info_nce(image, text, SCALE, report_B=report))
            elif parted:
                pair = (image[own], text[own])
                parts.append(local_contrast_part(pair, (image, text), mask, first=first, report_B=report))
            else:
                parts.append(local_contrast(image, text, mask, report_B=report))
        value = torch.stack(parts).mean()
        results.append((value, *torch.autograd.grad(value, (image, text))))
    _compare(results, 1e-10)


@given(
    batch=st.integers(2, 12),
    width=st.integers(1, 9),
    regions=st.integers(1, 5),
    words=st.integers(1, 6),
    groups=st.integers(1, 12),
    seed=st.integers(0, 999),
)
@settings(max_examples=40, deadline=None)
def test_every_loss_is_a_finite_scalar_that_ignores_the_order_of_studies(
    batch: int, width: int, regions: int, words: int, groups: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(batch, generator=generator)
    report = torch.randint(0, groups, (batch,), generator=generator)
    image, text = _unit(batch, width, seed=seed), _unit(batch, width, seed=seed + 1)
    region, word = _unit(batch, regions, width, seed=seed + 2), _unit(batch, words, width, seed=seed + 3)
    mask = torch.arange(words) < torch.randint(1, words + 1, (batch, 1), generator=generator)
    for value, shuffled in (
        (
            info_nce(image, text, SCALE, report_B=report),
            info_nce(image[order], text[order], SCALE, report_B=report[order]),
        ),
        (
            siglip(image, text, SCALE, BIAS, report_B=report),
            siglip(image[order], text[order], SCALE, BIAS, report_B=report[order]),
        ),
        (
            local_contrast(region, word, mask, report_B=report),
            local_contrast(region[order], word[order], mask[order], report_B=report[order]),
        ),
    ):
        assert value.shape == ()
        assert math.isfinite(float(value))
        assert float(value) >= -1e-12
        assert float(value) == pytest.approx(float(shuffled), abs=1e-9)


def test_siglip_refuses_fewer_texts_than_pictures() -> None:
    with pytest.raises(ValueError, match="check the gathered texts"):
        siglip(_unit(4, 3, seed=0), _unit(3, 3, seed=1), SCALE, BIAS)
