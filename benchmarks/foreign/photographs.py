"""Photographs of a folder, cut and turned to gray: landscapes, things, faces, tissue under a microscope."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif"})
_LEAST_SIDE_PX = 96
_KEPT_SIDE = 720


def photographs(folders: list[Path], *, most: int | None = None) -> list[NDArray[np.float32]]:
    """Gray pictures (H, W) in [0, 1] of every readable file, longest side 720, in the order of names."""
    files = sorted(
        path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES
    )
    found = []
    for path in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                with Image.open(path) as image:
                    image.thumbnail((_KEPT_SIDE, _KEPT_SIDE))
                    shown = Image.new("RGBA", image.size, (255, 255, 255, 255))
                    shown.alpha_composite(image.convert("RGBA"))
            except (OSError, ValueError, Image.DecompressionBombError):
                continue
        gray = np.asarray(shown.convert("L"), np.float32) / np.float32(255)
        if min(gray.shape) >= _LEAST_SIDE_PX and float(gray.std()) > 0.04:
            found.append(gray)
        if most is not None and len(found) == most:
            break
    return found


def cut(photograph: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A part of a photograph, half of its side or more; at times its negative."""
    height, width = photograph.shape
    rows, columns = (max(64, round(side * rng.uniform(0.5, 1.0))) for side in (height, width))
    top, left = rng.integers(0, max(1, height - rows + 1)), rng.integers(0, max(1, width - columns + 1))
    part = photograph[top : top + rows, left : left + columns]
    part = 1 - part if rng.random() < 0.3 else part
    return np.ascontiguousarray(cv2.flip(part, 1) if rng.random() < 0.5 else part)
