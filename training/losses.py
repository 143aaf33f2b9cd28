"""Losses of vision-language pretraining."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def info_nce(
    image_BD: Tensor, text_BD: Tensor, logit_scale: Tensor, *, report_B: Tensor | None = None
) -> Tensor:
    """Symmetric contrastive loss over in-batch pairs; row i of each side is one study.

    Args:
        image_BD: unit-norm image embeddings, (B, D), float32.
        text_BD: unit-norm report embeddings, same shape and row order.
        logit_scale: exp of the learned log scale, scalar in (0, 100].
        report_B: optional integer per row, equal for equal report texts. Two studies with the same
            text are no negatives of each other: their off-diagonal logits leave both softmaxes.
    Returns:
        Mean loss in nats, scalar; log(B) when all logits are equal and no text repeats.
    Raises:
        ValueError: shapes differ, or B < 2 (no negatives).
    Source: Radford et al. 2021, arXiv:2103.00020, figure 3. Without ``report_B`` it equals
        ``open_clip.loss.ClipLoss``; radiology reports repeat (normal studies above all), which that
        loss counts as errors.
    """
    if image_BD.ndim != 2 or image_BD.shape != text_BD.shape or len(image_BD) < 2:
        raise ValueError(
            f"info_nce needs two equal (B, D) batches with B >= 2, got {tuple(image_BD.shape)} and "
            f"{tuple(text_BD.shape)}; check drop_last in the loader"
        )
    logits_BB = logit_scale * image_BD @ text_BD.T
    if report_B is not None:
        logits_BB = logits_BB.masked_fill(repeated_reports(report_B), float("-inf"))
    target_B = torch.arange(len(logits_BB), device=logits_BB.device)
    return (F.cross_entropy(logits_BB, target_B) + F.cross_entropy(logits_BB.T, target_B)) / 2


def repeated_reports(report_B: Tensor) -> Tensor:
    """Boolean (B, B): True where two different rows carry the same report."""
    same_BB = report_B[:, None] == report_B[None, :]
    return same_BB & ~torch.eye(len(report_B), dtype=torch.bool, device=report_B.device)


def report_groups(token_BL: Tensor) -> Tensor:
    """Number the distinct token rows of a batch, (B,): equal numbers mean equal texts."""
    group_B: Tensor = torch.unique(token_BL, dim=0, return_inverse=True)[1]
    return group_B
