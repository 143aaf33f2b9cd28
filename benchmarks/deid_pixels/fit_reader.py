"""Fits the network that reads short lines, to keep those that are position markers.

    python -m benchmarks.deid_pixels.fit_reader

Writes osteon/deid/pixels/data/lettering.onnx and lettering.json, which says from what. Fonts in HELD_OUT are
not learned from, nor are the acceptance's scenes.
"""

from __future__ import annotations

import argparse
import json
import os
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.deid_pixels.lines import LONGEST, WIDTH, Lines, lines_of
from benchmarks.deid_pixels.network import centred
from benchmarks.deid_pixels.patches import HELD_OUT, Patches, patches_of
from osteon.deid.pixels.lettering import HEIGHT, LETTERS

_OUT = Path("osteon/deid/pixels/data")
_FIRST = 2_000_000  # scenes whose empty patches are written on
_BATCH, _PEAK_LR, _WARM_UP = 64, 3e-3, 100
_SHIFT = 12  # pixels along the line
_CHECKED = 4000


class LineNet(nn.Module):
    """Logits of each letter in each column of four pixels; the first is none."""

    def __init__(self) -> None:
        super().__init__()

        def layer(
            before: int, after: int, kernel: tuple[int, int], *, stride: int = 1, reach: int = 1
        ) -> nn.Sequential:
            padding = (kernel[0] // 2 if kernel[0] % 2 else 0, kernel[1] // 2 * reach)
            return nn.Sequential(
                nn.Conv2d(before, after, kernel, stride, padding, (1, reach), bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            )

        self.strokes = nn.Sequential(
            layer(1, 24, (5, 5), stride=2), layer(24, 32, (3, 3)), nn.MaxPool2d(2),
            layer(32, 48, (3, 3)), layer(48, 48, (3, 3)), nn.MaxPool2d((2, 1)), layer(48, 64, (3, 3)),
        )  # fmt: skip
        self.letters = nn.Sequential(
            layer(64, 96, (4, 1)), layer(96, 96, (1, 3)), layer(96, 96, (1, 3), reach=2)
        )
        self.head = nn.Conv2d(96, 1 + len(LETTERS), 1)

    def forward(self, grey: Tensor) -> Tensor:
        """(n, 1, HEIGHT, w) around 0 to (n, letters, w / 4)."""
        logits: Tensor = self.head(self.letters(self.strokes(grey)))
        return logits[:, :, 0]


class _FromBytes(nn.Module):
    """Eight-bit pictures to probabilities, as the product calls it."""

    def __init__(self, net: LineNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, grey: Tensor) -> Tensor:
        return torch.softmax(self.net(centred(grey)), 1)


def fit(lines: Lines, steps: int) -> LineNet:
    """The network after so many steps over the lines."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = LineNet()
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(net.parameters(), lr=_PEAK_LR, weight_decay=1e-3)
    rows = len(lines.grey)
    order = np.concatenate([rng.permutation(rows) for _ in range(steps * _BATCH // rows + 1)])
    for step in range(steps):
        batch = order[step * _BATCH : (step + 1) * _BATCH]
        grey = lines.grey[batch].copy()
        inverted = rng.random(len(grey)) < 0.5
        grey[inverted] = 255 - grey[inverted]
        grey = _shifted(grey, rng)
        rate = _PEAK_LR * min(1, step / _WARM_UP) * 0.5 * (1 + np.cos(np.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = rate + 1e-5
        loss = _loss(
            net(centred(torch.from_numpy(grey)[:, None]).contiguous(memory_format=torch.channels_last)),
            lines.letters[batch],
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        if step % 100 == 0:
            print(f"step {step} of {steps}: loss {float(loss.detach()):.4f}", flush=True)
    return net


def _shifted(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The batch moved along the line, mirrored at its beginning."""
    shift = int(rng.integers(_SHIFT))
    return np.pad(grey, ((0, 0), (0, 0), (shift, 0)), mode="reflect")[:, :, :WIDTH]


def _loss(logits: Tensor, letters: np.ndarray) -> Tensor:
    lengths = torch.from_numpy((letters > 0).sum(1).astype(np.int64))
    columns = torch.full((len(letters),), logits.shape[2], dtype=torch.long)
    return F.ctc_loss(
        logits.permute(2, 0, 1).log_softmax(2), torch.from_numpy(letters.astype(np.int64)), columns, lengths,
        zero_infinity=True,
    )  # fmt: skip


@torch.inference_mode()
def checked(net: LineNet, lines: Lines) -> dict[str, float]:
    """Shares of lines read whole, and of their columns' mean certainty."""
    net.eval()
    right = 0
    for batch in np.array_split(np.arange(len(lines.grey)), max(1, len(lines.grey) // _BATCH)):
        best = net(centred(torch.from_numpy(lines.grey[batch])[:, None])).argmax(1).numpy()
        for columns, truth in zip(best, lines.letters[batch], strict=True):
            read = columns[(columns > 0) & (columns != np.concatenate([[0], columns[:-1]]))]
            right += np.array_equal(read, truth[truth > 0])
    net.train()
    return {"lines_read_whole": round(right / len(lines.grey), 4)}


def export(net: LineNet, path: Path) -> None:
    """Writes the network as ONNX for lines of any length."""
    sides = {0: "lines", 3: "columns"}
    torch.onnx.export(
        _FromBytes(net.eval()),
        (torch.zeros(1, 1, HEIGHT, 64, dtype=torch.uint8),),
        path,
        dynamo=False,  # the newer exporter fixes the sides
        input_names=["grey"],
        output_names=["letters"],
        dynamic_axes={"grey": sides, "letters": {0: "lines", 2: "columns"}},
        opset_version=17,
    )


def main() -> None:
    """Draw, fit, check, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=300, help="scenes whose ground is written on")
    parser.add_argument("--lines", type=int, default=40_000)
    parser.add_argument("--steps", type=int, default=2600)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    folder = Path(os.environ.get("OSTEON_SHARED_DATA", "../shared/data"))
    shared = folder if (folder / "README.md").is_file() else None
    grounds = patches_of(range(_FIRST, _FIRST + given.scenes), shared)
    write(grounds, given.lines, given.steps, {"first_seed": _FIRST, "scenes": given.scenes})


def write(grounds: Patches, count: int, steps: int, source: dict[str, int]) -> None:
    """The network and where it comes from."""
    net = fit(lines_of(0, count, grounds), steps)
    path = _OUT / "lettering.onnx"
    export(net, path)
    manifest = {
        "made_by": "python -m benchmarks.deid_pixels.fit_reader", "grounds": source, "lines": count,
        "longest": LONGEST, "steps": steps, "fonts_held_out": HELD_OUT,
        "on_other_lines": checked(net, lines_of(1, _CHECKED, grounds)),
        "sha256": sha256(path.read_bytes()).hexdigest(),
    }  # fmt: skip
    (_OUT / "lettering.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(manifest["on_other_lines"]))


if __name__ == "__main__":
    main()
