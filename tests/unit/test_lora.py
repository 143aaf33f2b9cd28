"""Low-rank adaptation: nothing changes at the start, little is learned, and merging keeps every answer."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from osteon.domain import RefusedError
from osteon.models import TaskModelConfig, build_image_encoder, build_task_model
from training.lora import LowRankDifference, LowRankSettings, add_low_rank, merge_low_rank


def disturbed(encoder: nn.Module) -> nn.Module:
    """The encoder as if it had learned: every difference is other than zero."""
    for module in encoder.modules():
        if isinstance(module, LowRankDifference):
            nn.init.normal_(module.up_OR, std=0.02)
    return encoder


@pytest.mark.parametrize("name", ["resnet10t-tiny", "vit_tiny_patch16_224", "convnext_atto"])
def test_a_merged_encoder_answers_as_the_unmerged_one_and_has_its_old_names(name: str) -> None:
    encoder = build_image_encoder(name, seed=0).eval()
    image = torch.rand(2, 1, 224, 224) if name.startswith("vit") else torch.rand(2, 1, 64, 64)
    names = {key: value.shape for key, value in encoder.state_dict().items()}
    with torch.no_grad():
        before = encoder(image)
        torch.manual_seed(0)
        add_low_rank(encoder, LowRankSettings())
        assert torch.equal(encoder(image), before)  # the differences start at zero
        unmerged = disturbed(encoder)(image)
        merge_low_rank(encoder)
        merged = encoder(image)
    assert not torch.allclose(unmerged, before, atol=1e-4)
    assert torch.allclose(unmerged, merged, rtol=0, atol=1e-6)
    assert {key: value.shape for key, value in encoder.state_dict().items()} == names


def test_a_convolution_with_a_difference_is_the_sum_of_two_convolutions() -> None:
    torch.manual_seed(1)
    layer = nn.Conv2d(6, 10, 3, stride=2, padding=1).double()
    plain = copy.deepcopy(layer)
    add_low_rank(layer, LowRankSettings(rank=2, alpha=4.0))
    difference = layer.parametrizations.weight[0].double()
    nn.init.normal_(difference.up_OR)
    image = torch.rand(2, 6, 9, 9, dtype=torch.float64)
    down = nn.functional.conv2d(image, difference.down_RI.view(2, 6, 3, 3), stride=2, padding=1)
    up = nn.functional.conv2d(down, difference.up_OR.view(10, 2, 1, 1))
    assert torch.allclose(layer(image), plain(image) + 2.0 * up, atol=1e-12)


def test_few_numbers_are_learned_and_the_weights_stay() -> None:
    model = build_task_model(TaskModelConfig(task="fracture", image_encoder="resnet18d-narrow"))
    whole = sum(value.numel() for value in model.image_encoder.parameters())
    assert add_low_rank(model.image_encoder, LowRankSettings(rank=4)) < 0.08 * whole
    weight = model.image_encoder.network.layer1[0].conv1.parametrizations.weight
    model(torch.rand(4, 1, 64, 64), torch.zeros(4, dtype=torch.long)).sum().backward()
    assert weight.original.grad is None
    assert weight[0].up_OR.grad is not None


def test_an_encoder_without_such_weights_is_refused() -> None:
    with pytest.raises(RefusedError):
        add_low_rank(nn.Sequential(nn.ReLU()), LowRankSettings())
