"""Ankle: mortise (AP) and profile, at a skeletal maturity; right ankle: the fibula is on negative x."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import growth
from osteon.dicom.synthetic.outline import Points, smooth_closed, vector
from osteon.dicom.synthetic.scene import Bone, Limb, Scene

_FOOT = ("talus", "calcaneus", "navicular", "cuboid", "cuneiform", "metatarsal", "apophysis")
_SHELL = ((0.0, 0.9), (1.0, 0.9))


def _bone(
    name: str,
    points: list[tuple[float, float]],
    depth: float,
    *,
    origin: tuple[float, float] = (0, 0),
    length: float = 10.0,
    cortex: tuple[tuple[float, float], ...] = _SHELL,
    trabecular: float = 0.24,
    density: float = 1.0,
) -> Bone:
    return Bone(
        name=name,
        outline=smooth_closed(points, 6),
        origin=vector(*origin),
        direction=vector(0, -1),
        length=length,
        half_depth=depth,
        cortex=cortex,
        trabecular=trabecular,
        density=density,
    )


_TIBIA_CORTEX = ((0.0, 4.8), (0.5, 4.0), (0.78, 1.6), (0.92, 0.9), (1.0, 1.0))
_FIBULA_CORTEX = ((0.0, 2.6), (0.6, 2.2), (0.8, 1.2), (1.0, 0.8))


def _clip(points: Points, low: float | None, high: float | None) -> Points:
    """Flatten the outline at a level of y: the two sides of a growth plate."""
    clipped = points.copy()
    clipped[:, 1] = np.clip(clipped[:, 1], low, high)
    return np.asarray(clipped)


def _with_plate(bone: Bone, level: float, state: growth.Epiphysis, scale: float) -> list[Bone]:
    """Divide a bone into metaphysis and epiphysis, or leave the scar of the closed plate."""
    u = float(bone.origin[1] - level)
    if state.fused:
        if state.scar > 0:
            bone.bands.append((u, 0.8, 0.6 * state.scar))
        return [bone]
    gap = max(state.plate, 0.5) * 1.25 * scale
    upper = Bone(
        name=bone.name,
        outline=_clip(bone.outline, level + gap / 2, None),
        origin=bone.origin,
        direction=bone.direction,
        length=bone.length,
        half_depth=bone.half_depth,
        cortex=bone.cortex,
        trabecular=bone.trabecular,
        bands=[(u - gap / 2, 1.0, 0.5)],
    )
    parts = [upper]
    if state.present:
        shape = _clip(bone.outline, None, level - gap / 2)
        middle = shape.mean(axis=0)
        lower = Bone(
            name=f"{bone.name}-epiphysis",
            outline=middle + (shape - middle) * np.array([state.width, state.height]),
            origin=bone.origin,
            direction=bone.direction,
            length=bone.length,
            half_depth=bone.half_depth,
            cortex=bone.cortex,
            trabecular=bone.trabecular,
            follows=bone.name,
        )
        parts.append(lower)
    return parts


def ankle(months: float, rng: np.random.Generator) -> Scene:
    """Build the mortise view; the tibial plafond is at y = 0."""
    wide = float(rng.normal(1.0, 0.04))
    scene = Scene(soft_half_depth=34.0, fat=4.0)
    tibia = _bone(
        "tibia",
        [
            (x * wide, y)
            for x, y in [
                (-10, 200),
                (-11, 90),
                (-12, 55),
                (-17, 28),
                (-20.5, 12),
                (-20, 2),
                (-14, -0.6),
                (0, 0.6),
                (13, -0.8),
                (16, -4),
                (17, -11),
                (20, -14.5),
                (24, -12),
                (26.5, -2),
                (25.5, 12),
                (20, 30),
                (14, 55),
                (12.5, 90),
                (12.5, 200),
            ]
        ],
        15.0,
        origin=(0, 200),
        length=200.0,
        cortex=_TIBIA_CORTEX,
        trabecular=0.2,
    )
    fibula = _bone(
        "fibula",
        [
            (x * wide, y)
            for x, y in [
                (-31, 200),
                (-31, 90),
                (-31, 50),
                (-33.5, 20),
                (-36, 2),
                (-35, -14),
                (-30, -24.5),
                (-26, -20),
                (-23.5, -8),
                (-23, 4),
                (-24, 20),
                (-23.5, 50),
                (-23, 90),
                (-23, 200),
            ]
        ],
        7.0,
        origin=(-28 * wide, 200),
        length=225.0,
        cortex=_FIBULA_CORTEX,
        trabecular=0.22,
    )
    talus = _bone(
        "talus",
        [
            (x * wide, y)
            for x, y in [
                (-18.5, -5),
                (-10, -4.0),
                (0, -3.4),
                (10, -4.0),
                (13.2, -6),
                (14.5, -16),
                (17, -22),
                (12, -31),
                (0, -33),
                (-12, -32),
                (-20, -26),
                (-20, -14),
            ]
        ],
        16.0,
        trabecular=0.26,
    )
    calcaneus = _bone(
        "calcaneus",
        [
            (-17, -30),
            (0, -33.5),
            (15, -29),
            (17, -38),
            (13, -54),
            (4, -66),
            (-10, -66),
            (-18, -52),
            (-20, -38),
        ],
        22.0,
        trabecular=0.16,
        density=0.75,
    )
    scene.bones = [
        *_with_plate(tibia, 8.0, growth.epiphysis(months, *growth.TIBIA), 1.0),
        *_with_plate(fibula, -2.5, growth.epiphysis(months, *growth.FIBULA), 1.0),
        talus,
        calcaneus,
    ]
    scene.bone("tibia").blobs.append((vector(0, 2.0), 16.0, 2.2, 0.3))
    for bone in scene.bones:
        if bone.name in _FOOT:
            bone.follows = "tibia"
    thick = float(rng.normal(1.0, 0.07))
    scene.limbs = [
        Limb(
            points=np.array([(-6, 200.0), (-5, 90.0), (-5, 40.0), (-4, 5.0), (-3, -20.0)]),
            radii=np.array([46.0, 41.0, 38.0, 39.0, 39.0]) * thick,
        ),
        Limb(points=np.array([(-3.0, -20.0), (-2.0, -55.0)]), radii=np.array([39.0, 32.0]) * thick),
    ]
    scene.window = (-60.0, -74.0, 56.0, 112.0)
    return scene


def ankle_profile(months: float, rng: np.random.Generator) -> Scene:
    """Build the lateral view; the toes are on positive x."""
    scene = Scene(soft_half_depth=30.0, fat=4.0)
    tibia = _bone(
        "tibia",
        [
            (-13, 200),
            (-13, 90),
            (-14, 50),
            (-18, 24),
            (-21, 8),
            (-20, -3.5),
            (-14, -1.5),
            (0, 1.5),
            (12, 0.5),
            (19, -1.0),
            (21, 6),
            (19, 22),
            (13, 50),
            (11, 90),
            (11, 200),
        ],
        16.0,
        origin=(0, 200),
        length=200.0,
        cortex=_TIBIA_CORTEX,
        trabecular=0.19,
    )
    fibula = _bone(
        "fibula",
        [
            (-17, 200),
            (-17, 90),
            (-16, 45),
            (-16, 15),
            (-14, -8),
            (-8, -21),
            (-2, -14),
            (-1, 0),
            (-5, 20),
            (-9, 45),
            (-9.5, 90),
            (-9.5, 200),
        ],
        6.5,
        origin=(-13, 200),
        length=225.0,
        cortex=_FIBULA_CORTEX,
        trabecular=0.2,
    )
    talus = _bone(
        "talus",
        [
            (-20, -8),
            (-12, -4.5),
            (0, -3.0),
            (12, -4.8),
            (20, -9),
            (32, -10),
            (37, -18),
            (33, -26),
            (22, -25),
            (10, -29),
            (-6, -28),
            (-19, -20),
        ],
        15.0,
        trabecular=0.28,
    )
    calcaneus = _bone(
        "calcaneus",
        [
            (-52, -28),
            (-38, -24),
            (-24, -27),
            (-8, -31),
            (8, -32),
            (24, -30),
            (34, -36),
            (33, -48),
            (18, -52),
            (-6, -56),
            (-34, -64),
            (-50, -60),
            (-55, -45),
        ],
        14.0,
        trabecular=0.26,
    )
    navicular = _bone(
        "navicular", [(38, -12), (47, -15), (48, -26), (42, -32), (36, -26)], 12.0, trabecular=0.26
    )
    cuboid = _bone("cuboid", [(36, -36), (52, -34), (56, -44), (50, -52), (36, -50)], 11.0, trabecular=0.26)
    cuneiform = _bone(
        "cuneiform", [(49, -17), (63, -22), (64, -38), (56, -36), (50, -28)], 12.0, trabecular=0.24
    )
    rays = _bone(
        "metatarsal",
        [(64, -23), (110, -44), (110, -60), (60, -54), (57, -44), (64, -38)],
        9.0,
        trabecular=0.2,
    )
    scene.bones = [
        *_with_plate(tibia, 8.0, growth.epiphysis(months, *growth.TIBIA), 1.0),
        *_with_plate(fibula, -2.5, growth.epiphysis(months, *growth.FIBULA), 1.0),
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
            _bone(
                "apophysis",
                [(-57, -34), (-54, -32), (-56.5, -46), (-53, -58), (-56, -60), (-60, -46)],
                8.0,
                trabecular=0.36,
            )
        )
    for bone in scene.bones:
        if bone.name in _FOOT:
            bone.follows = "tibia"
    thick = float(rng.normal(1.0, 0.07))
    scene.limbs = [
        Limb(
            points=np.array([(-3, 200.0), (-4, 90.0), (-6, 40.0), (-8, 5.0), (-6, -25.0)]),
            radii=np.array([48.0, 42.0, 37.0, 36.0, 40.0]) * thick,
        ),
        Limb(
            points=np.array([(-34.0, -44.0), (0.0, -38.0), (40.0, -36.0), (118.0, -52.0)]),
            radii=np.array([28.0, 30.0, 27.0, 17.0]) * thick,
        ),
    ]
    scene.window = (-70.0, -80.0, 92.0, 112.0)
    return scene
