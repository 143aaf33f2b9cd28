"""Knee from the side; the patella is on positive x."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic.knee import extend
from osteon.dicom.synthetic.outline import Points, path, smooth_closed, vector
from osteon.dicom.synthetic.scene import Bone, Limb, Scene
from osteon.dicom.synthetic.wear import Wear


def knee_profile(state: Wear, rng: np.random.Generator) -> Scene:
    """Build the knee from the side; the patella is on positive x."""
    space = max(min(state.space) + 0.6, 0.8)
    scene = Scene(soft_half_depth=46.0, fat=8.0)
    femur: Points = smooth_closed(
        [
            (8, 200),
            (10, 90),
            (14, 60),
            (24, 44),
            (30, 30),
            (30, 16),
            (20, 4 + space),
            (2, 0 + space),
            (-18, 3 + space),
            (-32, 14),
            (-35, 28),
            (-27, 40),
            (-18, 50),
            (-16, 90),
            (-18, 200),
        ],
        6,
    )
    tibia: Points = smooth_closed(
        path(
            "24,-3 27,-10 26,-22 27,-34 20,-52 14,-80 12,-200 -18,-200 -18,-80 -20,-40 -26,-16 -27,-4 "
            "-14,-1 0,1.5 14,0"
        ),
        6,
    )
    scene.bones = [
        Bone(
            name="femur",
            outline=femur,
            origin=vector(0, 200),
            direction=vector(0, -1),
            length=200.0,
            half_depth=30.0,
            trabecular=0.15,
            cortex=((0, 5.0), (0.5, 3.6), (0.7, 1.2), (1, 1.0)),
        ),
        Bone(
            name="tibia",
            outline=tibia,
            origin=vector(0, 0),
            direction=vector(0, -1),
            length=200.0,
            half_depth=28.0,
            trabecular=0.14,
            cortex=((0, 1.1), (0.15, 1.0), (0.4, 4.0), (1, 5.0)),
        ),
    ]
    patella = smooth_closed(path("38,58 47,56 53,42 49,24 42,20 37,36"), 6)
    scene.bones.append(
        Bone(
            name="patella",
            outline=patella,
            origin=vector(44, 40),
            direction=vector(0, 1),
            length=30.0,
            half_depth=18.0,
            trabecular=0.16,
            cortex=((0, 1.0), (1, 1.0)),
            density=0.8,
        )
    )
    fib = smooth_closed(path("-24,-13 -16,-11 -12,-22 -16,-40 -15,-200 -25,-200 -25,-40 -29,-22"), 6)
    scene.bones.append(
        Bone(
            name="fibula",
            outline=fib,
            origin=vector(-20, -12),
            direction=vector(0, -1),
            length=188.0,
            half_depth=6.5,
            trabecular=0.2,
            cortex=((0, 0.8), (0.3, 2.2), (1, 2.4)),
        )
    )
    size = max(state.spur)
    if size > 0.8:
        for x, y, lift in ((37, 20, -0.4), (37, 58, 0.4), (-27, -5, 0.2), (25, -3, 0.3)):
            sign = 1.0 if x == 25 else -1.0
            owner = scene.bone("patella" if x == 37 else "tibia")
            extend(
                owner,
                [
                    (x - sign * 4, y - 2),
                    (x + sign * size, y + lift * size),
                    (x - sign * 4, y + 2.4),
                    (x - sign * 6, y),
                ],
            )
    tibia_bone = scene.bone("tibia")
    tibia_bone.blobs.append((vector(0, -3), 18.0, 5.0, 0.2 + max(state.sclerosis) * 0.8))
    thick = float(rng.normal(1.0, 0.1))
    scene.limbs = [
        Limb(
            points=np.array(path("-6,190.0 -4,90.0 8.0,34.0 2,-20.0 -8,-80.0 -12,-190.0")),
            radii=np.array([78.0, 66.0, 56.0, 52.0, 54.0, 54.0]) * thick,
        )
    ]
    scene.window = (-62.0, -82.0, 68.0, 80.0)
    return scene
