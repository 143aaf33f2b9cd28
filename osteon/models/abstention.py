"""When a model must not answer: the closed list of reasons, and the checks that find them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.domain import RefusedError, Task

Floats = NDArray[np.float64]
_MIN_SIDE_PX = 32
_MIN_SPREAD = 0.02  # of a picture stretched to [0, 1]
_SHRINKAGE = 0.1
_QUANTILE = 0.98  # of held-out distances: one near-black file among them must not lift the limit
_MARGIN = 1.5  # on that distance: a new picture is not refused for being rare
# OT and SC stand on radiographs that were captured or converted.
_RADIOGRAPHS = frozenset({"CR", "DX", "RG", "RF", "OT", "SC", "unknown", ""})
UNKNOWN_PARTS = frozenset({"", "unknown"})


class Reason(StrEnum):
    """Why a model abstained."""

    TOO_SMALL = "picture_too_small"
    BLANK = "picture_blank"
    BODY_PART = "body_part_not_covered"
    MODALITY = "not_a_radiograph"
    OUT_OF_DISTRIBUTION = "unlike_the_training_pictures"
    UNREADABLE = "picture_unreadable"


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
    """A reason when there is nothing to see: a side under 32 pixels, or one level all over."""
    if min(pixels.shape) < _MIN_SIDE_PX:
        return Reason.TOO_SMALL
    if float(np.ptp(pixels)) < 1e-6 or float(prepared.std()) < _MIN_SPREAD:
        return Reason.BLANK
    return None


@dataclass(frozen=True, kw_only=True)
class Familiarity:
    """How far a picture's features lie from those of the training pictures.

    Mahalanobis distance with a shrunk covariance (Lee et al. 2018, arXiv:1807.03888, section 2.1);
    the limit is the 98th percentile over rows held out of training, times a margin. On knees it lies at
    15, where held-out knees end at 10, the median hand is at 15 and noise at 60.
    """

    mean: Floats
    precision: Floats
    limit: float

    def distance(self, feature_BF: NDArray[np.floating[Any]]) -> Floats:
        """Distance of each row, (B,)."""
        return _distance(np.asarray(feature_BF, dtype=np.float64), self.mean, self.precision)

    def reasons(self, feature_BF: NDArray[np.floating[Any]]) -> list[Reason | None]:
        """One entry per row: out of distribution, or None."""
        return [
            Reason.OUT_OF_DISTRIBUTION if distance > self.limit else None
            for distance in self.distance(feature_BF)
        ]

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """What stands in model.safetensors."""
        return {
            "familiarity.mean": self.mean.astype(np.float32),
            "familiarity.precision": self.precision.astype(np.float32),
            "familiarity.limit": np.asarray([self.limit], dtype=np.float32),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.float32]]) -> Familiarity:
        """What `tensors` gave; RefusedError when one is missing."""
        try:
            return cls(
                mean=tensors["familiarity.mean"].astype(np.float64),
                precision=tensors["familiarity.precision"].astype(np.float64),
                limit=float(tensors["familiarity.limit"][0]),
            )
        except KeyError:
            raise RefusedError(
                "a fine-tuned package", "one without familiarity tensors", "fine-tune the model again"
            ) from None


def fit_familiarity(
    training_BF: NDArray[np.floating[Any]], held_out_BF: NDArray[np.floating[Any]]
) -> Familiarity:
    """Mean and shrunk precision of training features, and the limit that held-out rows set."""
    features = np.asarray(training_BF, dtype=np.float64)
    mean = features.mean(axis=0)
    covariance = np.cov(features, rowvar=False) if len(features) > 1 else np.eye(features.shape[1])
    scale = max(float(np.trace(covariance)) / len(covariance), 1e-8)
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * scale * np.eye(len(covariance))
    precision: Floats = np.asarray(np.linalg.inv(shrunk), dtype=np.float64)
    reference = held_out_BF if len(held_out_BF) else training_BF
    distances = _distance(np.asarray(reference, dtype=np.float64), mean, precision)
    return Familiarity(
        mean=mean, precision=precision, limit=float(np.quantile(distances, _QUANTILE)) * _MARGIN
    )


def _distance(feature_BF: Floats, mean: Floats, precision: Floats) -> Floats:
    offset_BF = feature_BF - mean
    squared_B = np.einsum("bf,fg,bg->b", offset_BF, precision, offset_BF)
    return np.asarray(np.sqrt(np.maximum(squared_B, 0.0)))
