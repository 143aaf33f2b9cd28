"""Test-time augmentation: the picture and slightly moved, turned and scaled copies; never mirrored."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.domain import UsageError

# Scale, turn in degrees, and move in parts of the side, right and down; within what training distorts by.
_MOVES = (
    (1.0, 0.0, 0.0, 0.0),
    (1.06, 0.0, 0.0, 0.0),
    (0.95, 0.0, 0.0, 0.0),
    (1.0, 5.0, 0.0, 0.0),
    (1.0, -5.0, 0.0, 0.0),
    (1.0, 0.0, 0.03, 0.02),
    (1.0, 0.0, -0.03, -0.02),
    (1.04, 3.0, 0.02, -0.02),
)
MOST_VIEWS = len(_MOVES)


def moved_views(square_BSS: NDArray[np.float32], count: int) -> Iterator[NDArray[np.float32]]:
    """`count` views (B, S, S) of prepared squares, the first being the squares as they are.

    Always the same moves, so that one picture has one answer. No view is mirrored: a side stays a side.

    Raises:
        UsageError: fewer than 1 or more than 8 views.
    """
    if not 1 <= count <= MOST_VIEWS:
        raise UsageError(f"1 to {MOST_VIEWS} answer views", f"{count}", "give a number among them")
    yield square_BSS
    side = square_BSS.shape[-1]
    centre = (side - 1) / 2
    for scale, degrees, right, down in _MOVES[1:count]:
        matrix = cv2.getRotationMatrix2D((centre, centre), degrees, scale)
        matrix[:, 2] += (right * side, down * side)
        moved = [
            cv2.warpAffine(square, matrix, (side, side), flags=cv2.INTER_LINEAR) for square in square_BSS
        ]
        yield np.clip(np.stack(moved), 0.0, 1.0).astype(np.float32)
