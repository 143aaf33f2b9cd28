"""The network that tells writing from the rest, in cells of four by four pixels: a small one and a larger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KINDS = 4


@dataclass(frozen=True, slots=True)
class Size:
    """Channels at a quarter of the picture's size, and how far the kernel of each block reaches, in cells."""

    channels: int
    dilations: tuple[int, ...]


SMALL = Size(24, (1, 2, 4, 1, 2, 4, 8, 1))  # sees 94 pixels to each side: a line, not only a letter
_FROM_NEW = 0.1  # of the usual random weight, from a new channel to an old one
LARGE = Size(32, (*SMALL.dilations, 4, 1))  # 32 cost the engine no more than 24: it counts in sixteens


class Block(nn.Module):
    """A residual block whose kernel reaches `dilation` cells to each side."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.reach = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.reach_norm = nn.BatchNorm2d(channels)
        self.mix = nn.Conv2d(channels, channels, 1, bias=False)
        self.mix_norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) to the same."""
        mixed: Tensor = self.mix_norm(self.mix(F.relu(self.reach_norm(self.reach(x)))))
        return F.relu(x + mixed)


class WritingNet(nn.Module):
    """Logits of each kind in each cell."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        channels, half = size.channels, size.channels // 2
        self.stem = nn.Sequential(
            nn.Conv2d(1, half, 5, 2, 2, bias=False), nn.BatchNorm2d(half), nn.ReLU(),
            nn.Conv2d(half, half, 3, 1, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(),
            nn.Conv2d(half, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
        )  # fmt: skip
        self.body = nn.Sequential(*(Block(channels, dilation) for dilation in size.dilations))
        self.head = nn.Conv2d(channels, KINDS, 1)

    def forward(self, grey: Tensor) -> Tensor:
        """(n, 1, h, w) around 0 to (n, 4, h / 4, w / 4)."""
        logits: Tensor = self.head(self.body(self.stem(grey)))
        return logits


def grown(net: WritingNet, size: Size) -> WritingNet:
    """A larger network that starts where the smaller one ended: new channels add little, new blocks nothing.

    Source: Chen et al. 2016, Net2Net, arXiv:1511.05641, but for the random new channels.
    """
    larger = WritingNet(size)
    old = net.state_dict()
    state = larger.state_dict()
    for name, new in state.items():
        if name not in old:
            if name.endswith("mix_norm.weight"):
                new.zero_()
        elif not new.ndim:
            new.copy_(old[name])
        else:
            if new.ndim == 4:
                new[: old[name].shape[0]] *= _FROM_NEW
            new[tuple(slice(n) for n in old[name].shape)] = old[name]
    larger.load_state_dict(state)
    return larger


class _FromBytes(nn.Module):
    """Eight-bit pictures to probabilities, as the product calls it."""

    def __init__(self, net: WritingNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, grey: Tensor) -> Tensor:
        return torch.softmax(self.net(centred(grey)), 1)


def centred(grey: Tensor) -> Tensor:
    """Eight bits to -0.5 .. 0.5."""
    return grey.float() / 255 - 0.5


def export(net: WritingNet, path: Path) -> None:
    """Writes the network as ONNX for pictures of any size."""
    sides = {0: "pictures", 2: "rows", 3: "columns"}
    torch.onnx.export(
        _FromBytes(net.eval()),
        (torch.zeros(1, 1, 64, 64, dtype=torch.uint8),),
        path,
        dynamo=False,  # the newer exporter fixes the sides
        input_names=["grey"],
        output_names=["kinds"],
        dynamic_axes={"grey": sides, "kinds": sides},
        opset_version=17,
    )
