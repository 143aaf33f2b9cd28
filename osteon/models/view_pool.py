"""Several pictures of one study as one vector.

Shapes: P pictures of B studies, V places for pictures of a study, F features.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from osteon.domain import UsageError

ViewPooling = Literal["mean", "attention"]


class ViewPool(nn.Module):
    """Mean of a study's pictures, or their sum weighted by learned attention.

    Attention is that of Ilse et al. 2018 (arXiv:1802.04712, equation 8): softmax of w tanh(V h).
    """

    def __init__(self, pooling: ViewPooling, feature_dim: int) -> None:
        super().__init__()
        if pooling not in get_args(ViewPooling):
            raise UsageError("a pooling of views among mean, attention", "another", "name one of them")
        self.score: nn.Module | None = None
        if pooling == "attention":
            width = max(16, feature_dim // 4)
            self.score = nn.Sequential(nn.Linear(feature_dim, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, feature_PF: Tensor, view_BV: Tensor) -> Tensor:
        """Vectors (B, F).

        Args:
            feature_PF: pictures of the first study, then of the second, and so on.
            view_BV: True where a study has a picture; each has one at least, P in all.
        """
        place_PK = view_BV.nonzero()
        slots_BVF = feature_PF.new_zeros(*view_BV.shape, feature_PF.shape[-1])
        slots_BVF = slots_BVF.index_put((place_PK[:, 0], place_PK[:, 1]), feature_PF)
        if self.score is None:
            weight_BV = view_BV / view_BV.sum(dim=1, keepdim=True)
        else:
            score_BV = self.score(slots_BVF).squeeze(-1).float()
            weight_BV = score_BV.masked_fill(~view_BV, float("-inf")).softmax(dim=1)
        return torch.einsum("bv,bvf->bf", weight_BV.to(slots_BVF.dtype), slots_BVF)
