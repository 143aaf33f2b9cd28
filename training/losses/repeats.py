"""Studies of a batch whose reports are equal: no negatives of each other."""

from __future__ import annotations

import torch
from torch import Tensor


def repeated_reports(report_B: Tensor, *, own: slice | None = None) -> Tensor:
    """Boolean (R, B): True where a row of `own` and another row carry the same report.

    Args:
        report_B: integer per row, equal for equal report texts.
        own: the R rows to ask about; all by default.

    >>> repeated_reports(torch.tensor([4, 7, 4])).int().tolist()
    [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    """
    row_B = torch.arange(len(report_B), device=report_B.device)
    part = own or slice(None)
    same_RB = report_B[part, None] == report_B[None, :]
    return same_RB & (row_B[part, None] != row_B[None, :])


def report_groups(token_BL: Tensor) -> Tensor:
    """Number the distinct token rows of a batch, (B,): equal numbers mean equal texts."""
    group_B: Tensor = torch.unique(token_BL, dim=0, return_inverse=True)[1]
    return group_B
