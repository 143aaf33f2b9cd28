"""What the shipped recogniser saw in a package's training pictures, and must not see in a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.models.abstention import Reason
from osteon.models.recogniser import KINDS, LIMBS, Recognition

Floats = NDArray[np.float64]
_PREFIX = "familiarity.looks."
_BODY_KINDS = ("chest", "skull")
_MOST_REFERENCES = 300
_NEIGHBOUR = 3  # a distance to one neighbour alone would trust a single odd picture
_TAIL = 0.995  # of a package's own pictures that each limit lets pass
_LEAST_FOREIGN = 0.0  # log-odds: what is more probably foreign than not is refused unless training looked so
_DISTANCE_MARGIN = 1.25
_SURE_PART = 0.95
_RARE_PART = 0.01


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Limits on what the recogniser may see, set by the pictures that a package learned from.

    Attributes:
        part_share: share of training pictures that it took for each of LIMBS, (4,).
        foreign_limit: log-odds of being no limb from which a picture is refused. A package that learned from
            pictures the recogniser does not know (shoulders) has a high one: it refuses less.
        reference: its vectors of some training pictures, (R, E).
        distance_limit: distance to the third nearest of them from which a picture is refused.
    """

    part_share: Floats
    foreign_limit: float
    reference: Floats
    distance_limit: float

    def reasons(self, seen: Recognition) -> list[Reason | None]:
        """One entry per picture: why it must not be judged, or None."""
        distance_B = _distance(seen.vector, self.reference)
        found: list[Reason | None] = []
        for row, foreign, distance in zip(seen.probability, seen.foreign, distance_B, strict=True):
            if foreign > self.foreign_limit:
                kind = KINDS[len(LIMBS) + int(row[len(LIMBS) :].argmax())]
                found.append(Reason.BODY_PART if kind in _BODY_KINDS else Reason.MODALITY)
            elif self._is_other_part(row[: len(LIMBS)]):
                found.append(Reason.BODY_PART)
            else:
                found.append(Reason.OUT_OF_DISTRIBUTION if distance > self.distance_limit else None)
        return found

    def _is_other_part(self, limb_P: Floats) -> bool:
        best = int(limb_P.argmax())
        sure = limb_P[best] >= _SURE_PART * max(float(limb_P.sum()), 1e-9)
        return bool(sure and self.part_share[best] < _RARE_PART)

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """What stands in model.safetensors."""
        return {
            _PREFIX + "part_share": self.part_share.astype(np.float32),
            _PREFIX + "reference": self.reference.astype(np.float32),
            _PREFIX + "limits": np.asarray([self.foreign_limit, self.distance_limit], dtype=np.float32),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.float32]]) -> Looks | None:
        """What `tensors` gave; None for a package without."""
        if _PREFIX + "limits" not in tensors:
            return None
        foreign, distance = tensors[_PREFIX + "limits"].tolist()
        return cls(
            part_share=tensors[_PREFIX + "part_share"].astype(np.float64),
            foreign_limit=foreign,
            reference=tensors[_PREFIX + "reference"].astype(np.float64),
            distance_limit=distance,
        )


def fit_looks(seen: Recognition) -> Looks | None:
    """Limits that let pass nearly all of a package's own pictures; None for fewer than eight.

    The recogniser has seen none of them (but for the project's own test material), so that training rows
    serve as well as held-out ones. Every second picture is a reference, the others set the limit of distance.
    """
    if len(seen.vector) < 2 * (_NEIGHBOUR + 1):
        return None
    share_P = np.bincount(seen.probability[:, : len(LIMBS)].argmax(axis=1), minlength=len(LIMBS)) / len(
        seen.vector
    )
    reference = seen.vector[::2][:_MOST_REFERENCES]
    distances = _distance(seen.vector[1::2], reference)
    return Looks(
        part_share=share_P,
        foreign_limit=max(_LEAST_FOREIGN, float(np.quantile(seen.foreign, _TAIL))),
        reference=reference,
        distance_limit=_DISTANCE_MARGIN * float(np.quantile(distances, _TAIL)),
    )


def _distance(vector_BE: Floats, reference_RE: Floats) -> Floats:
    """Euclidean distance of each row to its third nearest reference, (B,)."""
    squared_BR = (
        (vector_BE**2).sum(axis=1)[:, None]
        + (reference_RE**2).sum(axis=1)[None]
        - 2 * vector_BE @ reference_RE.T
    )
    rank = min(_NEIGHBOUR, len(reference_RE)) - 1
    return np.asarray(np.sqrt(np.maximum(np.partition(squared_BR, rank, axis=1)[:, rank], 0.0)))
