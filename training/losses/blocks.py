"""Softmax cross-entropy over all pairs of two sets of vectors, without ever holding all its logits.

Shapes: R rows, K columns, b rows of one block, D embedding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from training.losses.repeats import repeated_reports

BLOCK_LOGITS = 1 << 20  # held at once, 4 MiB in float32: 16,384 studies of width 512 peak at 96 MiB


def block_rows(columns: int) -> int:
    """Rows whose logits are held at once."""
    return max(1, BLOCK_LOGITS // columns)


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Consecutive slices that cover the rows."""
    step = block_rows(columns)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def block_contrast(
    row_RD: Tensor,
    column_KD: Tensor,
    logit_scale: Tensor,
    *,
    first: int = 0,
    report_K: Tensor | None = None,
    row_weight: float = 1.0,
    column_weight: float = 0.0,
) -> Tensor:
    """Mean cross-entropy of row i against column `first + i`, in memory linear in rows and columns.

    The forward pass keeps one log-sum-exp per row (and per column); the backward pass computes each block of
    logits again, one matrix product more than a loss that keeps them. There is no second derivative.

    Args:
        row_RD: vectors, float32 or float64.
        column_KD: vectors to tell apart; the answer of row i is column `first + i`.
        logit_scale: scalar that multiplies every product.
        report_K: equal numbers are no negatives of each other (`repeated_reports`).
        row_weight: share of the softmax over columns, for each row.
        column_weight: share of the softmax over rows, for each column; needs R = K.
    Returns:
        Scalar, in nats.
    """
    if column_weight and len(row_RD) != len(column_KD):
        raise ValueError(
            f"column_weight needs as many rows as columns, got {len(row_RD)} and {len(column_KD)}; "
            "call once for each side"
        )
    loss: Tensor = _BlockContrast.apply(  # type: ignore[no-untyped-call]
        row_RD, column_KD, logit_scale, report_K, first, row_weight, column_weight
    )
    return loss


class _BlockContrast(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        row_RD: Tensor,
        column_KD: Tensor,
        logit_scale: Tensor,
        report_K: Tensor | None,
        first: int,
        row_weight: float,
        column_weight: float,
    ) -> Tensor:
        rows, columns = len(row_RD), len(column_KD)
        row_lse_R = row_RD.new_empty(rows)
        column_lse_K = row_RD.new_full((columns,), float("-inf"))
        for block in row_blocks(rows, columns):
            logits_bK = _logits(row_RD, column_KD, logit_scale, report_K, first, block)
            torch.logsumexp(logits_bK, dim=1, out=row_lse_R[block])
            if column_weight:
                torch.logaddexp(column_lse_K, torch.logsumexp(logits_bK, dim=0), out=column_lse_K)
        right_R = logit_scale * (row_RD * column_KD[first : first + rows]).sum(dim=1)
        loss = row_weight * (row_lse_R - right_R).mean()
        if column_weight:
            loss = loss + column_weight * (column_lse_K - right_R).mean()
        ctx.save_for_backward(row_RD, column_KD, logit_scale, report_K, row_lse_R, column_lse_K)
        ctx.settings = (first, row_weight, column_weight)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        row_RD, column_KD, logit_scale, report_K, row_lse_R, column_lse_K = ctx.saved_tensors
        first, row_weight, column_weight = ctx.settings
        rows, columns = len(row_RD), len(column_KD)
        row_grad_RD, column_grad_KD = torch.empty_like(row_RD), torch.zeros_like(column_KD)
        scale_grad = torch.zeros_like(logit_scale)
        for block in row_blocks(rows, columns):
            logits_bK = _logits(row_RD, column_KD, logit_scale, report_K, first, block)
            if column_weight:
                share_bK = (logits_bK - column_lse_K).exp_().mul_(column_weight / columns)
                share_bK += logits_bK.sub_(row_lse_R[block, None]).exp_().mul_(row_weight / rows)
            else:
                share_bK = logits_bK.sub_(row_lse_R[block, None]).exp_().mul_(row_weight / rows)
            share_bK.diagonal(first + block.start).sub_((row_weight + column_weight) / rows)
            mixed_bD = share_bK @ column_KD
            scale_grad += (row_RD[block] * mixed_bD).sum()  # the share of a left-out pair is 0
            row_grad_RD[block] = mixed_bD
            column_grad_KD.addmm_(share_bK.T, row_RD[block])
        factor = gradient * logit_scale
        return row_grad_RD.mul_(factor), column_grad_KD.mul_(factor), gradient * scale_grad, *(None,) * 4


def _logits(
    row_RD: Tensor, column_KD: Tensor, logit_scale: Tensor, report_K: Tensor | None, first: int, block: slice
) -> Tensor:
    logits_bK = (row_RD[block] @ column_KD.T).mul_(logit_scale)
    if report_K is not None:
        own = slice(first + block.start, first + block.stop)
        logits_bK.masked_fill_(repeated_reports(report_K, own=own), float("-inf"))
    return logits_bK
