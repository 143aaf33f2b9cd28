"""The loss of SimCLR: two views of a picture against all other views of the batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def nt_xent(first_BD: Tensor, second_BD: Tensor, *, temperature: float) -> Tensor:
    """Normalised temperature-scaled cross entropy over the 2B views; row i of each side is one picture.

    Args:
        first_BD: projected views, (B, D), any norm; normalised here.
        second_BD: the other view of the same pictures, same shape and order.
        temperature: above 0.
    Returns:
        Mean over all 2B views in nats, scalar; log(2B - 1) when all views are the same.
    Raises:
        ValueError: shapes differ, B < 2 (no negatives), or no positive temperature.
    Source: Chen et al. 2020, arXiv:2002.05709, equation 1 and algorithm 1.

    >>> round(float(nt_xent(torch.ones(4, 2), torch.ones(4, 2), temperature=0.1).exp()), 4)
    7.0
    """
    if first_BD.ndim != 2 or first_BD.shape != second_BD.shape or len(first_BD) < 2 or temperature <= 0:
        raise ValueError(
            "nt_xent needs two equal (B, D) batches with B >= 2 and a temperature above 0, got "
            f"{tuple(first_BD.shape)}, {tuple(second_BD.shape)} and {temperature:g}; check the loader"
        )
    count = len(first_BD)
    view_VD = F.normalize(torch.cat([first_BD, second_BD]), dim=1)
    logits_VV = view_VD @ view_VD.T / temperature
    itself_VV = torch.eye(2 * count, dtype=torch.bool, device=view_VD.device)
    partner_V = torch.arange(2 * count, device=view_VD.device).roll(count)
    return F.cross_entropy(logits_VV.masked_fill(itself_VV, float("-inf")), partner_V)
