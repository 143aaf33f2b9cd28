"""What a head should believe: soft distributions around the label, and the loss against them."""

from __future__ import annotations

import torch
from torch import Tensor

from osteon.domain import Kind


def soft_targets(label_B: Tensor, values_K: Tensor, sigma: float) -> Tensor:
    """Gaussian belief (B, K) around each label, one-hot for sigma 0; rows sum to 1.

    Neighbouring months and grades are nearly right: Gao et al. 2017, arXiv:1611.01731, equation 4.
    """
    distance_BK = values_K[None] - label_B[:, None]
    if sigma <= 0:
        return (distance_BK.abs() == distance_BK.abs().amin(dim=1, keepdim=True)).float()
    return torch.softmax(-0.5 * (distance_BK / sigma) ** 2, dim=1)


def distribution_loss(
    logits_BK: Tensor, target_BK: Tensor, value_B: Tensor, values_K: Tensor, *, l1_weight: float
) -> Tensor:
    """Cross-entropy to the soft target, plus the error of the expectation in units of the whole range.

    The second term trains what is reported (Gao et al. 2018, DLDL-v2, equation 8). Mean, in nats.
    """
    log_BK = logits_BK.log_softmax(dim=1)
    loss = -(target_BK * log_BK).sum(dim=1).mean()
    if l1_weight:
        reach = float(values_K[-1] - values_K[0])
        expectation_B = (log_BK.exp() * values_K).sum(dim=1)
        loss = loss + l1_weight * (expectation_B - value_B).abs().mean() / reach
    return loss


def pool_logits(logits_BK: Tensor, study_B: Tensor, kind: Kind) -> Tensor:
    """Log probabilities (S, K) of studies from the logits of their views: `pool_views`, with a gradient."""
    log_BK = logits_BK.float().log_softmax(dim=1)
    if kind is Kind.BINARY:
        log_BK = log_BK - log_BK[:, :1]
    count = int(study_B.max()) + 1
    number_BK = study_B[:, None].expand_as(log_BK)
    top_SK = log_BK.new_full((count, log_BK.shape[1]), -torch.inf)
    top_SK = top_SK.scatter_reduce(0, number_BK, log_BK.detach(), "amax")
    sum_SK = torch.zeros_like(top_SK).index_add(0, study_B, (log_BK - top_SK[study_B]).exp())
    views_S = torch.bincount(study_B, minlength=count).to(log_BK.dtype)
    return (sum_SK.log() + top_SK - views_S.log()[:, None]).log_softmax(dim=1)
