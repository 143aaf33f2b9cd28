"""A small radiograph, some with a burned-in name and a position marker."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.deid_dicom.descriptions import fold
from benchmarks.deid_dicom.people import Person

SHARE_WITH_TEXT = 0.06


@dataclass(frozen=True, slots=True)
class Picture:
    """Stored values, and where letters were drawn into them.

    Attributes:
        frame: twelve stored bits.
        text: rows and columns of the name (top, left, bottom, right), or none.
        marker: the same for the side marker, or none.
    """

    frame: NDArray[np.uint16] = field(repr=False)
    text: tuple[int, int, int, int] | None = None
    marker: tuple[int, int, int, int] | None = None


def picture(draw: random.Random, who: Person) -> Picture:
    """Most are small and clean; a few are large enough to be written on, and are."""
    random_values = np.random.default_rng(draw.randrange(2**32))
    if draw.random() >= SHARE_WITH_TEXT:
        return Picture(random_values.integers(100, 3000, (64, 48)).astype(np.uint16))
    y, x = np.mgrid[0:1000, 0:800]
    smooth = 900 + 700 * np.exp(-(((x - 400) / 130.0) ** 2)) + 300 * np.sin(y / 120.0)
    frame = (smooth + random_values.normal(0, 12, smooth.shape)).astype(np.float32)
    top, left = draw.choice(((24, 12), (940, 12), (24, 180), (940, 180)))
    name = fold(f"{who.family} {who.number}").encode("ascii", "ignore").decode()
    drawn: NDArray[Any] = np.zeros(frame.shape, np.uint8)
    cv2.putText(drawn, name, (left, top + 22), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    place = _place(drawn)
    cv2.putText(drawn, draw.choice("LRGD"), (700, 500), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 3)
    frame[drawn > 127] = 3900
    marker = (465, 690, 510, 740)
    return Picture(np.clip(frame, 0, 4095).astype(np.uint16), place, marker)


def _place(drawn: NDArray[Any]) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(drawn)
    return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1
