"""The pairwise sigmoid loss: every pair of a batch is one question, right or wrong.

Shapes: B studies of the whole batch, b of this worker, r rows of one block, D embedding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from training.losses.blocks import block_rows, row_blocks
from training.losses.repeats import repeated_reports


def siglip(
    image_bD: Tensor,
    text_BD: Tensor,
    logit_scale: Tensor,
    logit_bias: Tensor,
    *,
    first: int = 0,
    report_B: Tensor | None = None,
) -> Tensor:
    """Sum over all pairs of -log sigmoid of the signed logit, divided by the number of pictures.

    Its memory is linear in B, as that of `info_nce`. With pictures of one worker and texts of all, the mean
    over workers is the loss of the whole batch.

    Args:
        image_bD: unit-norm image embeddings, (b, D).
        text_BD: unit-norm report embeddings, (B, D); row `first + i` belongs to picture i.
        logit_scale: t of the paper, scalar.
        logit_bias: b of the paper, scalar, about -10 at the start.
        report_B: equal numbers are equal reports: such a pair is neither right nor wrong and leaves the sum.
    Returns:
        Scalar, in nats.
    Raises:
        ValueError: no text for some picture, or widths differ.
    Source: Zhai et al. 2023, arXiv:2303.15343, section 3.2. Without ``report_B`` equal to
        ``open_clip.loss.SigLipLoss``.
    """
    if image_bD.ndim != 2 or image_bD.shape[1:] != text_BD.shape[1:] or first + len(image_bD) > len(text_BD):
        raise ValueError(
            f"siglip needs (b, D) pictures and (B, D) texts with B >= first + b, got "
            f"{tuple(image_bD.shape)}, {tuple(text_BD.shape)} and first {first}; check the gathered texts"
        )
    whole = len(image_bD) <= block_rows(len(text_BD))
    total = image_bD.new_zeros(())
    for block in row_blocks(len(image_bD), len(text_BD)):
        arguments = (image_bD[block], text_BD, logit_scale, logit_bias, first + block.start, report_B)
        part: Tensor = (
            _block_sum(*arguments) if whole else checkpoint(_block_sum, *arguments, use_reentrant=False)
        )
        total = total + part
    return total / len(image_bD)


def _block_sum(
    image_rD: Tensor,
    text_BD: Tensor,
    logit_scale: Tensor,
    logit_bias: Tensor,
    first: int,
    report_B: Tensor | None,
) -> Tensor:
    logits_rB = logit_scale * image_rD @ text_BD.T + logit_bias
    sign_rB = torch.full_like(logits_rB, -1.0)
    sign_rB.diagonal(first).fill_(1.0)
    log_right_rB = F.logsigmoid(sign_rB * logits_rB)
    if report_B is not None:
        own = slice(first, first + len(image_rD))
        log_right_rB = log_right_rB.masked_fill(repeated_reports(report_B, own=own), 0.0)
    return -log_right_rB.sum()
