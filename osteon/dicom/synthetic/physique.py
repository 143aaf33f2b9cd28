"""What differs between people of one skeletal age: bone mineral and soft tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osteon.dicom.synthetic.plan import StudyPlan

_MINERAL_SPREAD = 0.18
_SOFT_SPREAD = 0.12
_OSTEOPENIC = 0.8


@dataclass(frozen=True, kw_only=True)
class Physique:
    """Factors against the usual person, 1 is usual."""

    mineral: float
    """Bone mineral on the beam's way."""
    soft: float
    """Thickness of the soft tissue."""

    @property
    def osteopenic(self) -> bool:
        """So little mineral that a report mentions it."""
        return self.mineral < _OSTEOPENIC


def physique(plan: StudyPlan) -> Physique:
    """The patient's own, the same in every view and at each visit."""
    rng = np.random.default_rng([plan.seed, plan.root, 104])
    mineral, soft = np.exp(rng.normal(0, (_MINERAL_SPREAD, _SOFT_SPREAD)))
    return Physique(mineral=float(mineral), soft=float(soft))
