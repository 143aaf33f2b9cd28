"""What osteoarthritis of a Kellgren-Lawrence grade does to a knee."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Wear:
    """What osteoarthritis has done, side by side for the two compartments (medial, lateral)."""

    grade: int
    space: tuple[float, float]
    """Joint space width, mm."""
    spur: tuple[float, float]
    """Length of the osteophytes, mm."""
    sclerosis: tuple[float, float]
    cysts: int
    medial_first: bool


# Kellgren and Lawrence, Ann Rheum Dis 16:494, 1957: 1 doubtful lipping, 2 definite osteophyte, 3 moderate
# with narrowing and some sclerosis, 4 large, marked narrowing, severe sclerosis and deformity.
_SPACE = (6.0, 5.4, 4.3, 2.4, 0.4)
_SPUR = (0.0, 2.2, 4.2, 6.0, 8.5)
_SCLEROSIS = (0.0, 0.08, 0.3, 0.65, 1.0)


def wear(grade: int, rng: np.random.Generator) -> Wear:
    """Draw the changes of one knee of that Kellgren-Lawrence grade."""
    medial_first = bool(rng.random() < 0.72)
    worst = _SPACE[grade] + float(rng.normal(0, 0.22))
    other = max(4.9 - 0.25 * grade + float(rng.normal(0, 0.3)), 2.2)
    spur = _SPUR[grade] * float(rng.normal(1, 0.08))
    less = spur * float(rng.uniform(0.5, 0.8))
    hard = _SCLEROSIS[grade] * float(rng.normal(1, 0.1))
    pair = ((max(worst, 0.2), other), (spur, less), (hard, 0.3 * hard))
    space, spurs, dense = (p if medial_first else p[::-1] for p in pair)
    return Wear(
        grade=grade,
        space=space,
        spur=spurs,
        sclerosis=dense,
        cysts=int(rng.integers(1, 4)) if grade >= 3 else 0,
        medial_first=medial_first,
    )
