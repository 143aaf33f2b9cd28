"""Fits the recogniser that tells bone radiographs from everything else, and their parts from each other.

    python -m benchmarks.foreign.fit --pairs PAIRS --photographs FOLDER [FOLDER ...]

Writes osteon/models/data/recogniser.onnx and recogniser.json, which says from what. Learns from two of the
synthetic hospitals (a pairs folder), the training rows of the real sets, drawn chest films, skulls, scans,
pages, noise and empty pictures, and the photographs of the folders; the shipped one had those of Debian's
packages tuxpaint-stamps-default and mate-backgrounds. What `benchmarks.abstention` calls held out is never
seen. Some two minutes on one idle core.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from benchmarks.foreign.drawn import blank, gradient, noise, page
from benchmarks.foreign.network import RecogniserNet, export
from benchmarks.foreign.photographs import cut, photographs
from benchmarks.foreign.proper import levels_of, pair_files, real_files
from benchmarks.foreign.radiographs import chest, skull
from benchmarks.foreign.scans import scan
from osteon.artefact import read_manifest
from osteon.dicom.synthetic import SYNTHETIC_VERSION
from osteon.models.preprocess import Preprocess
from osteon.models.recogniser import KINDS, LIMBS, SIDE

_OUT = Path("osteon/models/data")
_SEED = 9001
_LEARNED_SIDE = 84
_DRAWN = {
    "chest": (chest,),
    "skull": (skull,),
    "scan": (scan,),
    "document": (page,),
    "noise": (noise, gradient, blank),
}
_BATCH = 64
_SMOOTHING = 0.02
Levels = NDArray[np.uint8]


def gather(pairs: Path, each: int, folders: list[Path]) -> dict[str, list[Levels]]:
    """Prepared bytes by kind, one array per source."""
    preprocess = Preprocess(size=_LEARNED_SIDE)
    found: dict[str, list[Levels]] = {kind: [] for kind in KINDS}
    named = pair_files(pairs)
    for region in LIMBS:
        paths = [path for part, path in named if part == region]
        found[region].append(levels_of(_some(paths, each), preprocess))
    for part in ("hand", "knee"):
        files = real_files(part, test=False)
        if files:
            found[part].append(levels_of(_some(files, 2 * each), preprocess))
    rng = np.random.default_rng(_SEED)
    for kind, drawers in _DRAWN.items():
        pictures = [preprocess.prepare_levels(drawers[k % len(drawers)](rng)) for k in range(each)]
        found[kind].append(np.stack(pictures))
    sources = photographs(folders)
    cuts = [preprocess.prepare_levels(cut(sources[k % len(sources)], rng)) for k in range(2 * each)]
    found["photograph"].append(np.stack(cuts))
    return found


def _some(paths: list[Path], most: int) -> list[Path]:
    """Evenly spread ones of a list."""
    return paths[:: max(1, len(paths) // most)]


def altered(levels: Levels, kind: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """A picture as it might have come: moved, turned, mirrored, in another tone, noisier, inverted."""
    scale = SIDE / _LEARNED_SIDE * float(np.exp(rng.uniform(-0.22, 0.25)))
    turn = cv2.getRotationMatrix2D((_LEARNED_SIDE / 2, _LEARNED_SIDE / 2), float(rng.normal(0, 10)), scale)
    turn[:, 2] += (SIDE - _LEARNED_SIDE) / 2 + rng.normal(0, 0.03 * SIDE, 2)
    moved = cv2.warpAffine(levels, turn, (SIDE, SIDE), flags=cv2.INTER_AREA).astype(np.float32) / 255
    if rng.random() < 0.5:
        moved = moved[:, ::-1]
    if kind in ("photograph", "noise") and rng.random() < 0.3:
        moved = np.rot90(moved)
    if rng.random() < (0.06 if kind in LIMBS else 0.2):
        moved = 1 - moved
    moved = np.clip(moved, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.25)))
    if rng.random() < 0.3:
        moved = cv2.GaussianBlur(np.ascontiguousarray(moved), (0, 0), float(rng.uniform(0.4, 1.3)))
    if rng.random() < 0.4:
        moved = moved + rng.normal(0, rng.uniform(0, 0.06), moved.shape).astype(np.float32)
    return np.ascontiguousarray(np.clip(moved, 0, 1))


def fit(found: dict[str, list[Levels]], steps: int, rate: float = 3e-3) -> RecogniserNet:
    """The network after `steps` batches in which kinds, and sources of a kind, come alike often."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = RecogniserNet()
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    # Half of each batch are radiographs of limbs: they must not be refused.
    share = np.asarray(
        [2.0 if kind in ("hand", "knee") else 1.5 if number < 4 else 1.0 for number, kind in enumerate(KINDS)]
    )
    mean = 0.0
    for step in range(steps):
        chosen = rng.choice(len(KINDS), _BATCH, p=share / share.sum())
        pictures = []
        for number in chosen:
            sources = found[KINDS[number]]
            source = sources[int(rng.integers(len(sources)))]
            pictures.append(altered(source[int(rng.integers(len(source)))], KINDS[number], rng))
        net.train()
        kinds_BK, _ = net(torch.from_numpy(np.stack(pictures)[:, None]))
        loss = F.cross_entropy(kinds_BK, torch.from_numpy(chosen), label_smoothing=_SMOOTHING)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        mean = 0.98 * mean + 0.02 * float(loss.detach())
        if step % 200 == 0:
            print(f"step {step}: {mean / (1 - 0.98 ** (step + 1)):.4f}", file=sys.stderr, flush=True)
    return net.eval()


def main() -> None:
    """Fits and writes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photographs", nargs="+", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True, help="pairs of a synthetic sample")
    parser.add_argument(
        "--each", type=int, default=700, help="pictures of a kind; twice as many of real sets and photographs"
    )
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--output", type=Path, default=_OUT)
    parser.add_argument("--cache", type=Path, help="keeps what was gathered")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    found = _cached(given.cache) if given.cache else None
    if found is None:
        found = gather(given.pairs, given.each, given.photographs)
        if given.cache:
            kept: dict[str, Any] = {f"{k}.{n}": a for k, v in found.items() for n, a in enumerate(v)}
            np.savez(given.cache, **kept)
    net = fit(found, given.steps)
    given.output.mkdir(parents=True, exist_ok=True)
    path = given.output / "recogniser.onnx"
    export(net, path, SIDE)
    record = {
        "kinds": list(KINDS),
        "learned_from": {kind: [len(one) for one in sources] for kind, sources in found.items()},
        "pairs": read_manifest(given.pairs).digest,
        "real_sets": "training rows of the shared knees and hands"
        if real_files("knee", test=False)
        else "none",
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "steps": given.steps,
        "synthetic_version": SYNTHETIC_VERSION,
    }
    (given.output / "recogniser.json").write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    print(json.dumps(record))


def _cached(path: Path) -> dict[str, list[Levels]] | None:
    if not path.exists():
        return None
    stored = np.load(path)
    found: dict[str, list[Levels]] = {kind: [] for kind in KINDS}
    for name in sorted(stored.files):
        found[name.rpartition(".")[0]].append(stored[name])
    return found


if __name__ == "__main__":
    main()
