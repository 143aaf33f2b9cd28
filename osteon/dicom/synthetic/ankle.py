"""Ankle from the front (mortise) at a skeletal maturity; right ankle: the fibula is on negative x."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import growth
from osteon.dicom.synthetic.ankle_bones import FIBULA_CORTEX, FOOT, TIBIA_CORTEX, shaped, with_plate
from osteon.dicom.synthetic.outline import path, vector
from osteon.dicom.synthetic.scene import Limb, Scene


def ankle(months: float, rng: np.random.Generator) -> Scene:
    """Build the mortise view; the tibial plafond is at y = 0."""
    wide = float(rng.normal(1.0, 0.04))
    scene = Scene(soft_half_depth=34.0, fat=4.0)
    tibia = shaped(
        "tibia",
        [
            (x * wide, y)
            for x, y in path(
                "-10,200 -11,90 -12,55 -17,28 -20.5,12 -20,2 -14,-0.6 0,0.6 13,-0.8 16,-4 17,-11 20,-14.5 "
                "24,-12 26.5,-2 25.5,12 20,30 14,55 12.5,90 12.5,200"
            )
        ],
        15.0,
        origin=(0, 200),
        length=200.0,
        cortex=TIBIA_CORTEX,
        trabecular=0.2,
    )
    fibula = shaped(
        "fibula",
        [
            (x * wide, y)
            for x, y in path(
                "-31,200 -31,90 -31,50 -33.5,20 -36,2 -35,-14 -30,-24.5 -26,-20 -23.5,-8 -23,4 -24,20 "
                "-23.5,50 -23,90 -23,200"
            )
        ],
        7.0,
        origin=(-28 * wide, 200),
        length=225.0,
        cortex=FIBULA_CORTEX,
        trabecular=0.22,
    )
    talus = shaped(
        "talus",
        [
            (x * wide, y)
            for x, y in path(
                "-18.5,-5 -10,-4.0 0,-3.4 10,-4.0 13.2,-6 14.5,-16 17,-22 12,-31 0,-33 -12,-32 -20,-26 "
                "-20,-14"
            )
        ],
        16.0,
        trabecular=0.26,
    )
    calcaneus = shaped(
        "calcaneus",
        path("-17,-30 0,-33.5 15,-29 17,-38 13,-54 4,-66 -10,-66 -18,-52 -20,-38"),
        22.0,
        trabecular=0.16,
        density=0.75,
    )
    scene.bones = [
        *with_plate(tibia, 8.0, growth.epiphysis(months, *growth.TIBIA), 1.0),
        *with_plate(fibula, -2.5, growth.epiphysis(months, *growth.FIBULA), 1.0),
        talus,
        calcaneus,
    ]
    scene.bone("tibia").blobs.append((vector(0, 2.0), 16.0, 2.2, 0.3))
    for bone in scene.bones:
        if bone.name in FOOT:
            bone.follows = "tibia"
    # The leg is never turned inwards by the same angle: the fibula moves against the tibia.
    turned = vector(float(rng.normal(0, 2.0)), 0.0)
    for bone in scene.bones:
        if bone.name.startswith("fibula"):
            bone.outline = bone.outline + turned
            bone.origin = bone.origin + turned
    thick = float(rng.normal(1.0, 0.07))
    scene.limbs = [
        Limb(
            points=np.array(path("-6,200.0 -5,90.0 -5,40.0 -4,5.0 -3,-20.0")),
            radii=np.array([46.0, 41.0, 38.0, 39.0, 39.0]) * thick,
        ),
        Limb(points=np.array([(-3.0, -20.0), (-2.0, -55.0)]), radii=np.array([39.0, 32.0]) * thick),
    ]
    scene.window = (-56.0, -64.0, 52.0, 94.0)
    return scene
