"""The recogniser's network, as torch learns it: 64 x 64 levels in, log-odds of kinds and a vector out."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from osteon.models.recogniser import EMBEDDING, KINDS

_WIDTHS = (16, 24, 40, 64)


class RecogniserNet(nn.Module):
    """Eight convolutions, four of stride two, mean and maximum over places, a vector, kinds."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for width in _WIDTHS:
            layers += [nn.Conv2d(before, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width)]
            layers += [nn.ReLU(), nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]
            layers += [nn.ReLU()]
            before = width
        self.body = nn.Sequential(*layers)
        self.vector = nn.Linear(2 * before, EMBEDDING)
        self.kinds = nn.Linear(EMBEDDING, len(KINDS))

    def forward(self, level_B1SS: Tensor) -> tuple[Tensor, Tensor]:
        """Log-odds (B, K) and vectors (B, E) of levels in [0, 1]."""
        map_BCHW = self.body((level_B1SS - 0.5) / 0.25)
        pooled_BC = torch.cat([map_BCHW.mean(dim=(2, 3)), map_BCHW.amax(dim=(2, 3))], dim=1)
        vector_BE = self.vector(pooled_BC)
        return self.kinds(torch.relu(vector_BE)), vector_BE


def export(net: RecogniserNet, path: Path, side: int) -> None:
    """The network as ONNX, any number of pictures at a time."""
    batch = {0: "batch"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        torch.onnx.export(
            net.eval(),
            (torch.zeros(2, 1, side, side),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["levels"],
            output_names=["kinds", "vector"],
            dynamic_axes=dict.fromkeys(("levels", "kinds", "vector"), batch),
        )
