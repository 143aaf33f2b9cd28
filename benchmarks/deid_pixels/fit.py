"""Fits the network that finds burned-in text on generated scenes; the acceptance runs on other seeds.

    python -m benchmarks.deid_pixels.fit

A small network first; then a larger one that begins as the small one and learns from its errors too
(mined.py); last from what is written on bare patches as they are needed (written_patches.py). Writes
osteon/deid/pixels/data/writing.onnx and writing.json, which says from what. Fonts in HELD_OUT are not
learned from. About half an hour for the scenes and three hours for the fit on one core.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from benchmarks.deid_pixels.disturbed import disturbed
from benchmarks.deid_pixels.mined import mined_of
from benchmarks.deid_pixels.network import LARGE, SMALL, WritingNet, centred, export, grown
from benchmarks.deid_pixels.patches import HELD_OUT, UNKNOWN, Patches, patches_of
from benchmarks.deid_pixels.written_patches import written_on
from osteon.deid.pixels.grey import Grey

_OUT = Path("osteon/deid/pixels/data")
_FIRST = (2_000_000, 2_100_000)
_FIRST_MINED = 2_200_000
_WEIGHTS = (1.0, 3.0, 3.0, 2.0)  # of ground, writing, marker words, lone letters: a miss costs more


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the fit: `steps` of a cosine that would end after `of`.

    A batch has `shares` of each source; what is beyond the sources is bare patches of the first, written on.
    """

    seed: int
    steps: int
    of: int
    peak_lr: float
    warm_up: int
    disturbed: bool
    shares: tuple[int, ...] = (32,)
    mean: float = 0.0  # share of the running mean of the weights that a step keeps; 0: no mean


PHASES = (
    Phase(seed=0, steps=4000, of=5348, peak_lr=4e-3, warm_up=200, disturbed=False),
    Phase(seed=1, steps=2500, of=2500, peak_lr=1.5e-3, warm_up=100, disturbed=True),
)
LARGER = Phase(
    seed=2, steps=3000, of=4000, peak_lr=2.5e-3, warm_up=200, disturbed=True, shares=(16, 16), mean=0.998
)
FURTHER = (
    Phase(
        seed=3,
        steps=500,
        of=2000,
        peak_lr=1.2e-3,
        warm_up=100,
        disturbed=True,
        shares=(12, 10, 10),
        mean=0.998,
    ),
    Phase(
        seed=4, steps=500, of=1000, peak_lr=1e-3, warm_up=60, disturbed=True, shares=(12, 10, 10), mean=0.998
    ),
)


def gather(count: int, shared: Path | None, processes: int) -> Patches:
    """The patches of `count` scenes from each first seed."""
    cv2.setNumThreads(1)
    ranges = [part for first in _FIRST for part in _parts(first, count)]
    with ProcessPoolExecutor(processes) as pool:
        return _joined(list(pool.map(patches_of, ranges, [shared] * len(ranges))))


def mine(net: WritingNet, count: int, shared: Path | None, processes: int) -> Patches:
    """The patches around the network's errors on `count` scenes."""
    ranges = _parts(_FIRST_MINED, count)
    with TemporaryDirectory() as folder, ProcessPoolExecutor(processes) as pool:
        path = Path(folder) / "writing.onnx"
        export(net, path)
        return _joined(list(pool.map(mined_of, ranges, [shared] * len(ranges), [path] * len(ranges))))


def _parts(first: int, count: int, step: int = 25) -> list[range]:
    return [range(first + k, first + min(k + step, count)) for k in range(0, count, step)]


def _joined(parts: list[Patches]) -> Patches:
    return Patches(*(np.concatenate([getattr(part, name) for part in parts]) for name in Patches.__slots__))


def fit(patches: Patches, mined: Callable[[WritingNet], Patches]) -> WritingNet:
    """The large network, grown from a small one, after all phases over the patches of nine scenes in ten.

    Args:
        patches: of scenes, without regard to any network.
        mined: those around the errors of the small network.
    """
    torch.manual_seed(PHASES[0].seed)
    net = WritingNet(SMALL)
    for phase in PHASES:
        net = run(phase, net, (patches,))
    sources = (patches, mined(net))
    net = grown(net, LARGE)
    for phase in (LARGER, *FURTHER):
        net = run(phase, net, sources)
    return net


def run(phase: Phase, net: WritingNet, sources: tuple[Patches, ...]) -> WritingNet:
    """The network after the phase.

    Where the phase has a mean, it is the running mean of the weights that is returned.
    """
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rng = np.random.default_rng(phase.seed)
    optimiser = torch.optim.AdamW(net.parameters(), lr=phase.peak_lr, weight_decay=1e-3)
    orders = [_order(source, phase, many, rng) for source, many in zip(sources, phase.shares, strict=False)]
    bare = np.flatnonzero(~(sources[0].kinds != 0).any((1, 2)) & (sources[0].seed % 10 != 9))
    weights = torch.tensor(_WEIGHTS)
    average = get_ema_multi_avg_fn(phase.mean)  # type: ignore[no-untyped-call]
    mean = AveragedModel(net, multi_avg_fn=average, use_buffers=True)
    net.train()
    for step in range(phase.steps):
        parts = [
            _batch(source.grey[order[step]], source.kinds[order[step]], rng, phase)
            for source, order in zip(sources, orders, strict=True)
        ]
        for many in phase.shares[len(sources) :]:
            grey, kinds = written_on(sources[0].grey[rng.choice(bare, many)], rng)
            parts.append(_batch(grey, kinds, rng, replace(phase, disturbed=False)))
        inputs, truth = (torch.cat(part) for part in zip(*parts, strict=True))
        rate = phase.peak_lr * min(1, step / phase.warm_up) * 0.5 * (1 + np.cos(np.pi * step / phase.of))
        for group in optimiser.param_groups:
            group["lr"] = rate + 1e-5
        loss = F.cross_entropy(net(inputs), truth, weight=weights, ignore_index=UNKNOWN)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if phase.mean:
            mean.update_parameters(net)
        if step % 200 == 0:
            print(f"step {step} of {phase.steps}: loss {float(loss.detach()):.4f}", flush=True)
    averaged = mean.module
    assert isinstance(averaged, WritingNet)
    return averaged if phase.mean else net


def _order(patches: Patches, phase: Phase, many: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """The rows of each step's part of a batch, (steps, many): pass after pass over nine scenes in ten."""
    rows = np.flatnonzero(patches.seed % 10 != 9)
    passes = phase.of * many // len(rows) + 1
    order = np.concatenate([rng.permutation(rows) for _ in range(passes)])
    return order[: phase.of * many].reshape(phase.of, many)


def _batch(
    grey: Grey, kinds: Grey, rng: np.random.Generator, phase: Phase
) -> tuple[torch.Tensor, torch.Tensor]:
    """Patches turned by quarters, half of them inverted, and the kinds of their cells."""
    quarters = int(rng.integers(4))
    grey = np.rot90(grey, quarters, (1, 2)).copy()
    kinds = np.rot90(kinds, quarters, (1, 2)).copy()
    if phase.disturbed:
        grey, kinds = disturbed(grey, kinds, rng)
    inverted = rng.random(len(grey)) < 0.5
    grey[inverted] = 255 - grey[inverted]
    inputs = centred(torch.from_numpy(grey)[:, None]).contiguous(memory_format=torch.channels_last)
    return inputs, torch.from_numpy(kinds.astype(np.int64))


@torch.inference_mode()
def checked(net: WritingNet, patches: Patches) -> dict[str, float]:
    """Shares of cells, on the patches of every tenth scene."""
    net.eval()
    rows = np.flatnonzero(patches.seed % 10 == 9)
    counts = np.zeros((4, 4), np.int64)
    for batch in np.array_split(rows, max(1, len(rows) // 64)):
        found = net(centred(torch.from_numpy(patches.grey[batch])[:, None])).argmax(1).numpy()
        truth = patches.kinds[batch]
        known = truth != UNKNOWN
        counts += np.bincount(4 * truth[known] + found[known], minlength=16).reshape(4, 4)
    writing = max(1, int(counts[1].sum()))
    return {
        "writing_found": round(float(counts[1, 1:3].sum()) / writing, 4),
        "ground_taken_for_writing": round(float(counts[0, 1:3].sum() / max(1, counts[0].sum())), 5),
        "marker_words_taken_for_writing": round(float(counts[2, 1] / max(1, counts[2].sum())), 4),
        "lone_letters_taken_for_writing": round(float(counts[3, 1:3].sum() / max(1, counts[3].sum())), 4),
    }


def main() -> None:
    """Gather, fit, check, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=450, help="scenes from each of the two first seeds")
    parser.add_argument("--mined", type=int, default=1000, help="scenes on which errors are looked for")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    folder = Path(os.environ.get("OSTEON_SHARED_DATA", "../shared/data"))
    shared = folder if (folder / "README.md").is_file() else None
    patches = gather(given.count, shared, given.processes)
    net = fit(patches, lambda small: mine(small, given.mined, shared, given.processes))
    write(net, {
        "made_by": "python -m benchmarks.deid_pixels.fit", "first_seeds": _FIRST, "scenes_each": given.count,
        "first_seed_mined": _FIRST_MINED, "scenes_mined": given.mined,
        "phases": [asdict(phase) for phase in (*PHASES, LARGER, *FURTHER)], "patches": len(patches.seed),
        "fonts_held_out": HELD_OUT,
        "real_pictures": shared is not None, "cells_of_scenes_not_learned_from": checked(net, patches),
    })  # fmt: skip


def write(net: WritingNet, manifest: dict[str, Any]) -> None:
    """The network and where it comes from."""
    path = _OUT / "writing.onnx"
    export(net, path)
    manifest = {**manifest, "sha256": sha256(path.read_bytes()).hexdigest()}
    (_OUT / "writing.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(manifest["cells_of_scenes_not_learned_from"]))


if __name__ == "__main__":
    main()
