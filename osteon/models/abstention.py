"""When a model must not answer: the closed list of reasons, and the checks that find them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.domain import Task
from osteon.models.extremes import extremes

_MIN_SIDE_PX = 32
_MIN_SPREAD = 0.02  # of a picture stretched to [0, 1]
_MIN_LEVELS = 16  # the darkest of 400 real hands and 400 real knees have 22 and 46
# OT and SC stand on radiographs that were captured or converted.
_RADIOGRAPHS = frozenset({"CR", "DX", "RG", "RF", "OT", "SC", "unknown", ""})
UNKNOWN_PARTS = frozenset({"", "unknown"})
JOINT_TASKS = frozenset({Task.KNEE_OA})  # they judge what an implant would hide or replace


class Reason(StrEnum):
    """Why a model abstained."""

    TOO_SMALL = "picture_too_small"
    BLANK = "picture_blank"
    BODY_PART = "body_part_not_covered"
    MODALITY = "not_a_radiograph"
    OUT_OF_DISTRIBUTION = "unlike_the_training_pictures"
    UNREADABLE = "picture_unreadable"
    EXPOSURE = "picture_poorly_exposed"
    IMPLANT = "implant_covers_the_joint"
    STALE = "model_stale"

    @property
    def words(self) -> str:
        """The reason in plain words.

        >>> Reason.BLANK.words
        'there is nothing in the picture'
        """
        return _WORDS[self]


_WORDS = {
    Reason.TOO_SMALL: "a side of the picture has fewer than 32 pixels",
    Reason.BLANK: "there is nothing in the picture",
    Reason.BODY_PART: "the picture shows a body part that this model does not judge",
    Reason.MODALITY: "the picture is not a radiograph",
    Reason.OUT_OF_DISTRIBUTION: "the picture is unlike those that the model learned from",
    Reason.UNREADABLE: "the file is not a picture that can be read",
    Reason.EXPOSURE: "the exposure leaves too few grey levels",
    Reason.IMPLANT: "an implant covers the joint",
    Reason.STALE: "the model has been in production for longer than its hospital allows",
}


def body_part_reason(task: Task, body_part: str | None) -> Reason | None:
    """A reason when the body part is known and the task does not cover it.

    >>> body_part_reason(Task.KNEE_OA, "leg").value, body_part_reason(Task.KNEE_OA, "unknown")
    ('body_part_not_covered', None)
    """
    part = (body_part or "").strip().lower()
    if part in UNKNOWN_PARTS or not task.body_parts or part in task.body_parts:
        return None
    return Reason.BODY_PART


def modality_reason(modality: str | None) -> Reason | None:
    """A reason when the header names a modality other than projection radiography (PS3.3 C.7.3.1.1.1).

    >>> modality_reason("CT").value, modality_reason("DX"), modality_reason("unknown")
    ('not_a_radiograph', None, None)
    """
    return None if (modality or "unknown").strip() in _RADIOGRAPHS else Reason.MODALITY


def picture_reason(pixels: NDArray[np.floating[Any]], prepared: NDArray[np.floating[Any]]) -> Reason | None:
    """A reason when there is little to see: a side under 32 pixels, one level all over, or a few levels.

    Levels are counted between the first and the last percentile: writing and borders add none. A picture that
    was never more than a few levels (a drawing, a thresholded scan) is refused by the same rule.
    """
    if min(pixels.shape) < _MIN_SIDE_PX:
        return Reason.TOO_SMALL
    sample = pixels[:: max(1, pixels.shape[0] // 256), :: max(1, pixels.shape[1] // 256)]
    one_level = float(np.ptp(sample)) < 1e-6 and float(np.ptp(pixels)) < 1e-6
    if one_level or cv2.meanStdDev(prepared)[1].item() < _MIN_SPREAD:
        return Reason.BLANK
    low, high = (np.float64(level) for level in extremes(sample, 1, 99))
    inner = sample[(sample >= low) & (sample <= high)]
    return Reason.EXPOSURE if len(np.unique(inner[:4096])) < _MIN_LEVELS > len(np.unique(inner)) else None
