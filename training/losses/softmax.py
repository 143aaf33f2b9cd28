"""The contrastive loss by softmax: CLIP's, and with weighted directions ConVIRT's.

Shapes: B studies of the whole batch, b of this worker, D embedding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.losses.blocks import block_contrast, block_rows
from training.losses.repeats import repeated_reports


def info_nce(
    image_BD: Tensor,
    text_BD: Tensor,
    logit_scale: Tensor,
    *,
    report_B: Tensor | None = None,
    image_share: float = 0.5,
) -> Tensor:
    """Symmetric contrastive loss over in-batch pairs; row i of each side is one study.

    Its memory is linear in B: from B = 1,025 on, the logits are computed in blocks of rows, and again in the
    backward pass (`training.losses.blocks`).

    Args:
        image_BD: unit-norm image embeddings, (B, D), float32.
        text_BD: unit-norm report embeddings, same shape and row order.
        logit_scale: exp of the learned log scale, scalar in (0, 100].
        report_B: optional integer per row, equal for equal report texts. Two studies with the same
            text are no negatives of each other: their off-diagonal logits leave both softmaxes.
        image_share: weight of the direction from picture to report: lambda of ConVIRT, 0.75 there.
    Returns:
        Mean loss in nats, scalar; log(B) when all logits are equal and no text repeats.
    Raises:
        ValueError: shapes differ, or B < 2 (no negatives).
    Source: Radford et al. 2021, arXiv:2103.00020, figure 3. Without ``report_B`` it equals
        ``open_clip.loss.ClipLoss``; radiology reports repeat (normal studies above all), which that
        loss counts as errors. With weighted directions, and ``logit_scale`` 1 / 0.1, it is the loss of
        ConVIRT: Zhang et al. 2020, arXiv:2010.00747, equations 2 to 4.
    """
    if image_BD.ndim != 2 or image_BD.shape != text_BD.shape or len(image_BD) < 2:
        raise ValueError(
            f"info_nce needs two equal (B, D) batches with B >= 2, got {tuple(image_BD.shape)} and "
            f"{tuple(text_BD.shape)}; check drop_last in the loader"
        )
    if len(image_BD) > block_rows(len(image_BD)):
        return block_contrast(
            image_BD,
            text_BD,
            logit_scale,
            report_K=report_B,
            row_weight=image_share,
            column_weight=1 - image_share,
        )
    logits_BB = logit_scale * image_BD @ text_BD.T
    if report_B is not None:
        logits_BB = logits_BB.masked_fill(repeated_reports(report_B), float("-inf"))
    return both_directions(logits_BB, image_share)


def both_directions(logits_BB: Tensor, image_share: float) -> Tensor:
    """Cross-entropy against the diagonal over columns and over rows, weighted."""
    target_B = torch.arange(len(logits_BB), device=logits_BB.device)
    by_image, by_text = F.cross_entropy(logits_BB, target_B), F.cross_entropy(logits_BB.T, target_B)
    if image_share == 0.5:
        return (by_image + by_text) / 2
    return image_share * by_image + (1 - image_share) * by_text


def info_nce_part(
    image_bD: Tensor,
    text_bD: Tensor,
    image_BD: Tensor,
    text_BD: Tensor,
    logit_scale: Tensor,
    *,
    first: int,
    report_B: Tensor | None = None,
    image_share: float = 0.5,
) -> Tensor:
    """One worker's part of `info_nce`: its own rows against those of all workers.

    The mean over workers with equal b is `info_nce` of the whole batch, and so are its gradients when
    `image_BD` and `text_BD` were gathered with theirs (open_clip's ``local_loss`` with ``gather_with_grad``).

    Args:
        first: position of the worker's first row in the whole batch.
    """
    by_image = block_contrast(image_bD, text_BD, logit_scale, first=first, report_K=report_B)
    by_text = block_contrast(text_bD, image_BD, logit_scale, first=first, report_K=report_B)
    return image_share * by_image + (1 - image_share) * by_text
