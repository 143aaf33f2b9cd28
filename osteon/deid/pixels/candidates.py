"""The lines of a picture that may be text, each with how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.judge import load_judge
from osteon.deid.pixels.lines import Lines, lines_of
from osteon.deid.pixels.look import look_at
from osteon.deid.pixels.strokes import Floats, stroke_components

MIN_LETTERS = 3  # fewer name nobody; one or two alone are a position marker
FIRST_LEAST = -6.0  # log odds at which a line gets the closer look
_MAX_LOOKS = 400
_AGREED = 1.3  # both judges together may say more than the second alone


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes (left, top, right, bottom) in pixels of the frame, with measures of each line."""

    box: Floats
    odds: Floats  # log odds of being text; -inf where there was no closer look
    letters: Floats
    height: Floats
    value: Floats
    dark: NDArray[np.bool_]
    upright: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.box)


def plausible(lines: Lines) -> NDArray[np.bool_]:
    """Lines of three letters or more that stand out at all."""
    return np.asarray((lines.column("letters") >= MIN_LETTERS) & (lines.column("over_ground") > 1.5))


def find_candidates(grey: Grey, frame: NDArray[Any]) -> Candidates:
    """Every line, judged."""
    first, second = load_judge("line"), load_judge("ink")
    ends = (int(frame.min()), int(frame.max()))
    parts = []
    for lines in lines_of(stroke_components(grey)):
        odds = np.full(len(lines.box), -np.inf, np.float32)
        asked = np.flatnonzero(plausible(lines))
        early = first(lines.features[asked])
        passed = early >= FIRST_LEAST
        asked, early = asked[passed], early[passed]
        if len(asked) > _MAX_LOOKS:
            best = np.sort(np.argsort(early)[-_MAX_LOOKS:])
            asked, early = asked[best], early[best]
        if len(asked):
            looks = np.array([look_at(grey, frame, lines, k, ends) for k in asked.tolist()], np.float32)
            late = second(np.concatenate([lines.features[asked], looks], 1).astype(np.float32))
            odds[asked] = np.maximum(late, early + late - _AGREED)
        parts.append(_candidates(lines, odds))
    return Candidates(*(np.concatenate([getattr(p, n) for p in parts]) for n in Candidates.__slots__))


def _candidates(lines: Lines, odds: Floats) -> Candidates:
    short = lines.box[:, 3] - lines.box[:, 1] if lines.upright else lines.box[:, 2] - lines.box[:, 0]
    return Candidates(
        box=lines.box,
        odds=odds,
        letters=lines.column("letters"),
        height=short,
        value=lines.column("contrast"),
        dark=lines.column("dark") > 0,
        upright=np.full(len(odds), lines.upright),
    )
