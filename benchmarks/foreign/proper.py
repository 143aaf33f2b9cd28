"""Radiographs that a model may judge: the synthetic hospitals' and the real sets', as prepared bytes."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteon.dicom import read_picture
from osteon.domain import Task
from osteon.models.preprocess import Preprocess
from osteon.pairs import LABELS, LABELS_HELD_OUT

REAL = {"knee": ("knee_kl/manifest.csv", Task.KNEE_OA), "hand": ("bone_age/manifest.csv", Task.BONE_AGE)}


def shared_data() -> Path:
    """The folder of real test data; it need not exist."""
    return Path(os.environ.get("OSTEON_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def pair_files(pairs: Path, *, held_out: bool = False) -> list[tuple[str, Path]]:
    """(region, file) of every picture of a synthetic pairs folder, or of its held-out hospital."""
    with (pairs / (LABELS_HELD_OUT if held_out else LABELS)).open(encoding="utf-8", newline="") as stream:
        return [(row["region"], pairs / row["file"]) for row in csv.DictReader(stream)]


def real_files(part: str, *, test: bool) -> list[Path]:
    """Files of the project's own test rows of a real set, or of the others; empty without the data."""
    from training.label_table import read_label_table

    name, task = REAL[part]
    path = shared_data() / name
    if not path.exists():
        return []
    table = read_label_table(path, task)
    rows = table.test_rows() if test else table.training_rows()
    return [row.path for row in rows]


def levels_of(files: Sequence[Path], preprocess: Preprocess) -> NDArray[np.uint8]:
    """Prepared bytes (N, S, S) of picture files."""
    return np.stack([preprocess.prepare_levels(read_picture(path)) for path in files])
