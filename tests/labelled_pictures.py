"""Small label tables of drawn pictures that something can be learned from, for tests without real data."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np


def write_table(folder: Path, rows: list[dict[str, object]], *, name: str = "labels.csv") -> Path:
    """A label table with the columns of its first row."""
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_picture(path: Path, *, width: int, seed: int, size: int = 48) -> Path:
    """A bright bar of that width on noise: its width is what there is to see."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(60, 12, (size, size))
    left = int(rng.integers(4, size - width - 4))
    pixels[6:-6, left : left + width] += 130
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.clip(pixels, 0, 255).astype(np.uint8))
    return path


def fracture_table(folder: Path, count: int = 60, *, patients: bool = True) -> Path:
    """Half of the pictures with a wide bar are called fractures."""
    rows: list[dict[str, object]] = []
    for index in range(count):
        positive = index % 2
        write_picture(folder / f"images/{index}.png", width=20 if positive else 6, seed=index)
        row: dict[str, object] = {"file": f"images/{index}.png", "fracture": positive, "ignored": "x"}
        if patients:
            row["patient"] = f"p{index // 2}"
        rows.append(row)
    return write_table(folder, rows)


def abnormal_studies(folder: Path, studies: int = 40) -> Path:
    """Studies of three views, of which one shows a wide bar where the study is abnormal."""
    rows: list[dict[str, object]] = []
    for study in range(studies):
        for view in range(3):
            shows = study % 2 and view == study % 3
            name = f"images/{study}_{view}.png"
            write_picture(folder / name, width=20 if shows else 6, seed=3 * study + view)
            rows.append({"file": name, "patient": f"p{study}", "study": "study1", "abnormal": study % 2})
    return write_table(folder, rows)
