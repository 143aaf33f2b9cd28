"""Where a study's fracture lies in each of its pictures: what a saliency map is held against.

The pictures keep nothing of it and no table of a sample does; it is computed anew from the plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osteon.dicom.synthetic import fracture
from osteon.dicom.synthetic.picture import build_scene, view_frame
from osteon.dicom.synthetic.plan import Fracture, StudyPlan
from osteon.dicom.synthetic.scene import Bone

_REACH = 1.5
"""Half of a box's side, in half widths of the bone at the fracture."""
_LEAST_MM = 7.0


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle in parts of the picture's width (x) and height (y), each from 0 to 1."""

    x0: float
    y0: float
    x1: float
    y1: float


def fracture_boxes(plan: StudyPlan, view: str) -> tuple[Box, ...]:
    """One box around each broken bone's fracture in that view, cut at the border; none without a fracture.

    The turn, the mirror image and the margins of the picture are in it. A fragment that has moved lies within
    the box, whose side is three widths of the bone's half at the fracture, at least 14 mm.
    """
    if plan.fracture is None:
        return ()
    scene = build_scene(plan, view)
    frame = view_frame(plan, scene, view)
    height, width = frame.shape
    boxes = []
    for index, name in enumerate(plan.fracture.bones):
        bone = scene.bone(name)
        along = _level(bone, plan.fracture, index)
        centre = frame.place((bone.origin + along * bone.direction)[None])[0]
        half = max(_REACH * fracture.half_width(bone, along), _LEAST_MM) * frame.scale
        x0, x1 = np.clip(np.array([centre[0] - half, centre[0] + half]) / width, 0, 1)
        y0, y1 = np.clip(np.array([centre[1] - half, centre[1] + half]) / height, 0, 1)
        if x1 > x0 and y1 > y0:
            boxes.append(Box(x0=float(x0), y0=float(y0), x1=float(x1), y1=float(y1)))
    return tuple(boxes)


def _level(bone: Bone, injury: Fracture, index: int) -> float:
    """Millimetres along the bone, as `fracture.break_bones` has it."""
    at = fracture.level_on(bone, injury.level, index) * bone.length
    if injury.kind == "buckle":
        return fracture.buckle_level(bone, at)
    return at
