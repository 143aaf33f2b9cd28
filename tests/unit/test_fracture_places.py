"""Boxes around synthetic fractures lie where the drawn scene is cut."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import fracture
from osteon.dicom.synthetic.picture import build_scene, view_frame
from osteon.dicom.synthetic.places import fracture_boxes
from osteon.dicom.synthetic.plan import plan_study


def test_every_cut_of_a_broken_bone_lies_in_a_box_of_its_picture() -> None:
    seen = 0
    for number in range(160):
        plan = plan_study(5, number)
        for view in plan.views:
            boxes = fracture_boxes(plan, view)
            if plan.fracture is None:
                assert boxes == ()
                continue
            scene = build_scene(plan, view)
            frame = view_frame(plan, scene, view)
            for index, name in enumerate(plan.fracture.bones):
                bone = scene.bone(name)
                at = [cut.at for cut in bone.cuts][-1:]  # of several planes, the one that the level names
                if plan.fracture.kind == "buckle":
                    at = [bone.bands[-1][0]]
                level = fracture.level_on(bone, plan.fracture.level, index) * bone.length
                assert plan.fracture.kind == "buckle" or abs(at[0] - level) < 1e-6
                place = frame.place((bone.origin + at[0] * bone.direction)[None])[0]
                x, y = place / np.array([frame.shape[1], frame.shape[0]])
                if 0 <= x <= 1 and 0 <= y <= 1:
                    assert any(b.x0 <= x <= b.x1 and b.y0 <= y <= b.y1 for b in boxes)
                    seen += 1
    assert seen > 30


def test_boxes_are_parts_of_the_picture() -> None:
    for number in range(60):
        plan = plan_study(6, number)
        for view in plan.views:
            for box in fracture_boxes(plan, view):
                assert 0 <= box.x0 < box.x1 <= 1
                assert 0 <= box.y0 < box.y1 <= 1
                assert (box.x1 - box.x0) * (box.y1 - box.y0) < 0.25
