"""Radiographs to write on: synthetic ones at full size, real ones where they are, in many forms."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.dicom import read_picture
from osteon.dicom.synthetic import picture as synthetic
from osteon.dicom.synthetic.plan import StudyPlan, plan_study

Grey = NDArray[np.float32]
"""(H, W) in [0, 1], bone bright."""


@dataclass(frozen=True, slots=True)
class Base:
    """A radiograph without any text and where it came from."""

    grey: Grey
    origin: str


def base_picture(seed: int, shared: Path | None) -> Base:
    """One radiograph by its seed: six in ten synthetic, the others real where `shared` has them."""
    rng = np.random.default_rng([seed, 1])
    draw = rng.random()
    if shared is None or draw < 0.6:
        return Base(_synthetic(seed), "synthetic")
    if draw < 0.65:
        return Base(_lower_leg(str(shared), rng), "lower leg")
    if draw < 0.82:
        return Base(_enlarged(shared / "knee_kl", rng), "knee")
    return Base(_enlarged(shared / "bone_age", rng), "hand")


def metal_picture(seed: int) -> Base:
    """A synthetic radiograph with a plate, pins or a cast: what is most like letters without being any."""
    number = seed * 64
    while (plan := plan_study(30_000, number)).implant is None and (plan.cast is None or seed % 3):
        number += 1
    return Base(_drawn(plan, seed), "metal")


def _synthetic(seed: int) -> Grey:
    return _drawn(plan_study(20_000 + seed // 1000, seed % 1000), seed)


def _drawn(plan: StudyPlan, seed: int) -> Grey:
    with patch.object(synthetic, "_mark"):  # the plan's own markers have no truth beside them
        view = synthetic.draw_view(plan, plan.views[seed % len(plan.views)], ())
    return np.asarray(view.grey, np.float32)


@lru_cache(maxsize=4)
def _table(folder: Path) -> tuple[str, ...]:
    with (folder / "manifest.csv").open(encoding="utf-8") as stream:
        return tuple(row["file"] for row in csv.DictReader(stream))


def _enlarged(folder: Path, rng: np.random.Generator) -> Grey:
    """A small real picture at a detector's size, with the grain that enlarging took away."""
    names = _table(folder)
    small = read_picture(folder / names[int(rng.integers(len(names)))]).pixels
    side = int(rng.integers(1500, 2501))
    shape = (side, round(side * small.shape[0] / small.shape[1]))
    grey = cv2.resize(small, shape, interpolation=cv2.INTER_CUBIC)
    grained: Grey = np.clip(grey + _grain(grey, rng, float(rng.uniform(0.004, 0.016))), 0, 1)
    return grained.astype(np.float32)


@lru_cache(maxsize=2)
def _leg(shared: str) -> Grey:
    path = next(iter(sorted((Path(shared) / "dicom/extremity").rglob("*NONE*"))), None) or next(
        iter(sorted(p for p in (Path(shared) / "dicom/extremity").rglob("*") if p.is_file()))
    )
    return np.asarray(read_picture(path).pixels, np.float32)


def _lower_leg(shared: str, rng: np.random.Generator) -> Grey:
    grey = _leg(shared)
    turned = np.rot90(grey, int(rng.integers(4)))
    return np.ascontiguousarray(turned[:, ::-1] if rng.random() < 0.5 else turned)


@lru_cache(maxsize=1)
def _noise() -> Grey:
    noise = np.random.default_rng(7).normal(0, 1, (2600, 2600)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.6) * 1.8, np.float32)


def _grain(grey: Grey, rng: np.random.Generator, sigma: float) -> Grey:
    """Detector noise, a little correlated, stronger where fewer photons come through (bone)."""
    y, x = rng.integers(0, 90, 2)
    rows = np.take(_noise(), np.arange(y, y + grey.shape[0]) % 2600, axis=0)
    tile = np.take(rows, np.arange(x, x + grey.shape[1]) % 2600, axis=1)
    return np.asarray(tile * (np.float32(sigma) * (0.4 + grey)) * (grey > 0.004), np.float32)
