"""How far a picture lies from those that a package learned from, by its own features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.domain import RefusedError
from osteon.models.abstention import Reason
from osteon.models.looks import Looks

Floats = NDArray[np.float64]
_SHRINKAGE = 0.1
_QUANTILE = 0.98  # of held-out distances: one near-black file among them must not lift the limit
_MARGIN = 1.5  # on that distance: a new picture is not refused for being rare


@dataclass(frozen=True, kw_only=True)
class Familiarity:
    """How far a picture's features lie from those of the training pictures.

    Mahalanobis distance with a shrunk covariance (Lee et al. 2018, arXiv:1807.03888, section 2.1);
    the limit is the 98th percentile over rows held out of training, times a margin. On knees it lies at
    15, where held-out knees end at 10, the median hand is at 15 and noise at 60.

    Attributes:
        looks: what the shipped recogniser saw in the training pictures; None in packages made before it was,
            which then refuse by distance alone.
    """

    mean: Floats
    precision: Floats
    limit: float
    looks: Looks | None = None

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
            **(self.looks.tensors() if self.looks else {}),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.float32]]) -> Familiarity:
        """What `tensors` gave; RefusedError when one is missing."""
        try:
            return cls(
                mean=tensors["familiarity.mean"].astype(np.float64),
                precision=tensors["familiarity.precision"].astype(np.float64),
                limit=float(tensors["familiarity.limit"][0]),
                looks=Looks.from_tensors(tensors),
            )
        except KeyError:
            raise RefusedError(
                "a fine-tuned package", "one without familiarity tensors", "fine-tune the model again"
            ) from None


def fit_familiarity(
    training_BF: NDArray[np.floating[Any]],
    held_out_BF: NDArray[np.floating[Any]],
    *,
    looks: Looks | None = None,
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
        mean=mean,
        precision=precision,
        limit=float(np.quantile(distances, _QUANTILE)) * _MARGIN,
        looks=looks,
    )


def _distance(feature_BF: Floats, mean: Floats, precision: Floats) -> Floats:
    offset_BF = feature_BF - mean
    squared_B = np.einsum("bf,fg,bg->b", offset_BF, precision, offset_BF)
    return np.asarray(np.sqrt(np.maximum(squared_B, 0.0)))
