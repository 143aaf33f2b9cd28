"""Low-rank adaptation: an encoder that keeps its weights and learns small differences of low rank."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from osteon.domain import RefusedError

_ADAPTED = (nn.Linear, nn.Conv1d, nn.Conv2d)
_NORMS = (nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)


@dataclass(frozen=True, kw_only=True)
class LowRankSettings:
    """How large the differences may be.

    Attributes:
        rank: of each difference; a smaller matrix gets half of its smaller side at most.
        alpha: the difference is multiplied by alpha / rank.
    """

    rank: int = 8
    alpha: float = 16.0


class LowRankDifference(nn.Module):
    """W + (alpha / r) B A for a weight of any shape, seen as (outputs, the rest); zero at the start.

    Source: Hu et al. 2021, arXiv:2106.09685, section 4.1: A is Gaussian, B is zero.
    """

    def __init__(self, weight: Tensor, settings: LowRankSettings) -> None:
        super().__init__()
        outputs, inputs = len(weight), weight[0].numel()
        rank = max(1, min(settings.rank, min(outputs, inputs) // 2))
        self.scale = settings.alpha / rank
        self.down_RI = nn.Parameter(torch.randn(rank, inputs) / inputs**0.5)
        self.up_OR = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, weight: Tensor) -> Tensor:
        """The adapted weight, of the same shape."""
        return weight + self.scale * (self.up_OR @ self.down_RI).view_as(weight)


def add_low_rank(encoder: nn.Module, settings: LowRankSettings) -> int:
    """Freezes the encoder and gives each linear and convolutional weight a difference to learn.

    Scales, shifts and statistics of its norms follow the new pictures: they are few.

    Returns:
        How many numbers of the encoder are learned now.
    Raises:
        RefusedError: the encoder has no such weight.
    """
    encoder.requires_grad_(False)
    adapted = [module for module in encoder.modules() if isinstance(module, _ADAPTED)]
    if not adapted:
        raise RefusedError(
            "an encoder with linear or convolutional weights", "one without", "tune it in full"
        )
    for module in adapted:
        parametrize.register_parametrization(module, "weight", LowRankDifference(module.weight, settings))
    for norm in encoder.modules():
        if isinstance(norm, _NORMS):
            norm.requires_grad_(True)
    return sum(value.numel() for value in encoder.parameters() if value.requires_grad)


def merge_low_rank(encoder: nn.Module) -> None:
    """Adds the differences to the weights: the encoder has its own names, shapes and layers again."""
    for module in encoder.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
    encoder.requires_grad_(True)
