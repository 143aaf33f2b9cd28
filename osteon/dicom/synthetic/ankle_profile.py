"""Ankle from the side; the toes are on positive x."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import growth
from osteon.dicom.synthetic.ankle_bones import FIBULA_CORTEX, FOOT, TIBIA_CORTEX, shaped, with_plate
from osteon.dicom.synthetic.outline import path
from osteon.dicom.synthetic.scene import Limb, Scene


def ankle_profile(months: float, rng: np.random.Generator) -> Scene:
    """Build the lateral view; the toes are on positive x."""
    scene = Scene(soft_half_depth=30.0, fat=4.0)
    tibia = shaped(
        "tibia",
        path(
            "-13,200 -13,90 -14,50 -18,24 -21,8 -20,-3.5 -14,-1.5 0,1.5 12,0.5 19,-1.0 21,6 19,22 "
            "13,50 11,90 11,200"
        ),
        16.0,
        origin=(0, 200),
        length=200.0,
        cortex=TIBIA_CORTEX,
        trabecular=0.19,
    )
    fibula = shaped(
        "fibula",
        path("-17,200 -17,90 -16,45 -16,15 -14,-8 -8,-21 -2,-14 -1,0 -5,20 -9,45 -9.5,90 -9.5,200"),
        6.5,
        origin=(-13, 200),
        length=225.0,
        cortex=FIBULA_CORTEX,
        trabecular=0.2,
    )
    talus = shaped(
        "talus",
        path("-20,-8 -12,-4.5 0,-3.0 12,-4.8 20,-9 32,-10 37,-18 33,-26 22,-25 10,-29 -6,-28 -19,-20"),
        15.0,
        trabecular=0.28,
    )
    calcaneus = shaped(
        "calcaneus",
        path(
            "-52,-28 -38,-24 -24,-27 -8,-31 8,-32 24,-30 34,-36 33,-48 18,-52 -6,-56 -34,-64 -50,-60 -55,-45"
        ),
        14.0,
        trabecular=0.26,
    )
    navicular = shaped("navicular", path("38,-12 47,-15 48,-26 42,-32 36,-26"), 12.0, trabecular=0.26)
    cuboid = shaped("cuboid", path("36,-36 52,-34 56,-44 50,-52 36,-50"), 11.0, trabecular=0.26)
    cuneiform = shaped("cuneiform", path("49,-17 63,-22 64,-38 56,-36 50,-28"), 12.0, trabecular=0.24)
    rays = shaped(
        "metatarsal",
        path("64,-23 110,-44 110,-60 60,-54 57,-44 64,-38"),
        9.0,
        trabecular=0.2,
    )
    scene.bones = [
        *with_plate(tibia, 8.0, growth.epiphysis(months, *growth.TIBIA), 1.0),
        *with_plate(fibula, -2.5, growth.epiphysis(months, *growth.FIBULA), 1.0),
        talus,
        calcaneus,
        navicular,
        cuboid,
        cuneiform,
        rays,
    ]
    for bone in scene.bones:
        if bone.name.startswith("fibula"):
            bone.density = 1.35
    if 96 < months < 190:
        scene.bones.append(
            shaped(
                "apophysis",
                path("-57,-34 -54,-32 -56.5,-46 -53,-58 -56,-60 -60,-46"),
                8.0,
                trabecular=0.36,
            )
        )
    for bone in scene.bones:
        if bone.name in FOOT:
            bone.follows = "tibia"
    thick = float(rng.normal(1.0, 0.07))
    scene.limbs = [
        Limb(
            points=np.array(path("-3,200.0 -4,90.0 -6,40.0 -8,5.0 -6,-25.0")),
            radii=np.array([48.0, 42.0, 37.0, 36.0, 40.0]) * thick,
        ),
        Limb(
            points=np.array(path("-34.0,-44.0 0.0,-38.0 40.0,-36.0 118.0,-52.0")),
            radii=np.array([28.0, 30.0, 27.0, 17.0]) * thick,
        ),
    ]
    scene.window = (-68.0, -74.0, 84.0, 94.0)
    return scene
