"""Knee from the front (AP, standing); right knee: the fibula is on negative x."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic.outline import path, smooth_closed, vector
from osteon.dicom.synthetic.scene import Bone, Limb, Scene
from osteon.dicom.synthetic.wear import Wear


def knee(state: Wear, rng: np.random.Generator) -> Scene:
    """Build the right knee in adult millimetres; medial is on positive x, the joint line near y = 0."""
    wide = float(rng.normal(1.0, 0.04))
    scene = Scene(soft_half_depth=48.0, fat=9.0)
    scene.bones = [
        _femur(state, wide),
        _tibia(wide),
        _fibula(wide, rng),
        _patella(wide, rng),
    ]
    _spines(scene, state, wide)
    _osteophytes(scene, state, wide, rng)
    _subchondral(scene, state, wide, rng)
    thick = float(rng.normal(1.0, 0.1))
    scene.limbs = [
        Limb(
            points=np.array(path("0,190.0 0,90.0 0.0,30.0 -2,-20.0 -2,-80.0 -2,-190.0")),
            radii=np.array([78.0, 70.0, 62.0, 56.0, 56.0, 52.0]) * thick,
        )
    ]
    half = 58.0
    scene.window = (-half, -82.0, half, 80.0)
    return scene


def _femur(state: Wear, wide: float) -> Bone:
    medial, lateral = state.space
    right = path("17,200 16.5,120 18,84 26,58 37,42 41.5,30 41.5,16 37,5 27,0.3 17,1.0 10,7 4,15")
    left = path("-4,15 -10,8 -17,2 -28,0.6 -37,4.5 -41,15 -40.5,30 -35,44 -26,58 -19,84 -17,120 -17,200")
    points = []
    for x, y in right + left:
        share = np.clip((x + 27) / 54, 0, 1)
        space = lateral + (medial - lateral) * share
        points.append((x * wide, y + space))
    outline = smooth_closed(points, 7)
    return Bone(
        name="femur",
        outline=outline,
        origin=vector(0, 200),
        direction=vector(0, -1),
        length=200.0,
        half_depth=19.0,
        trabecular=0.19,
        cortex=((0.0, 4.5), (0.45, 3.4), (0.68, 1.4), (0.85, 0.8), (1.0, 1.0)),
    )


def _tibia(wide: float) -> Bone:
    points = path(
        "38,-1.5 39.6,-7 36.5,-18 28,-34 20,-55 16,-84 15,-200 -14,-200 -15,-84 -20,-55 -28,-34 "
        "-37,-18 -39.5,-7 -38,-1.5 -27,-0.4 -15,-0.8 -9,1.2 0,0.2 9,1.6 15,-1.4 27,-1.0"
    )
    outline = smooth_closed([(x * wide, y) for x, y in points], 7)
    return Bone(
        name="tibia",
        outline=outline,
        origin=vector(0, 0),
        direction=vector(0, -1),
        length=200.0,
        half_depth=17.0,
        trabecular=0.19,
        cortex=((0.0, 1.1), (0.06, 0.8), (0.2, 1.2), (0.4, 3.6), (1.0, 5.0)),
    )


def _fibula(wide: float, rng: np.random.Generator) -> Bone:
    x = -36.5 * wide + float(rng.normal(0, 1))
    points = [
        (x - 6, -16),
        (x, -11.5),
        (x + 7, -15),
        (x + 8.5, -23),
        (x + 6, -36),
        (x + 5.5, -60),
        (x + 6, -200),
        (x - 4, -200),
        (x - 4, -60),
        (x - 5.5, -36),
        (x - 8, -24),
    ]
    return Bone(
        name="fibula",
        outline=smooth_closed(points, 6),
        origin=vector(x, -12),
        direction=vector(0, -1),
        length=190.0,
        half_depth=6.5,
        trabecular=0.2,
        cortex=((0.0, 0.8), (0.12, 1.2), (0.3, 2.4), (1, 2.6)),
    )


def _patella(wide: float, rng: np.random.Generator) -> Bone:
    cx, cy = float(rng.normal(-2, 2)), 33 + float(rng.normal(0, 3))
    points = path("0,22 14,19 22,8 19,-8 8,-18 0,-21 -8,-18 -19,-8 -22,8 -14,19")
    outline = smooth_closed([(cx + x * wide, cy + y) for x, y in points], 6)
    return Bone(
        name="patella",
        outline=outline,
        origin=vector(cx, cy),
        direction=vector(0, 1),
        length=44.0,
        half_depth=7.0,
        trabecular=0.16,
        cortex=((0, 0.9), (1, 0.9)),
        density=0.62,
    )


def extend(bone: Bone, points: list[tuple[float, float]]) -> None:
    """Grow a further part onto a bone, of one body with it."""
    bone.extras.append(smooth_closed(points, 5))


def _spines(scene: Scene, state: Wear, wide: float) -> None:
    sharp = 0.7 * state.grade
    for x, top in ((7.0, 7.4), (-6.5, 6.0)):
        x *= wide
        extend(
            scene.bone("tibia"),
            [
                (x - 9.5, -1.5),
                (x - 3.4, top * 0.45),
                (x - 0.8, top * 0.9 + sharp),
                (x + 1.6, top * 0.82 + sharp),
                (x + 3.6, top * 0.4),
                (x + 8.5, -1.5),
                (x, -5.0),
            ],
        )


def _osteophytes(scene: Scene, state: Wear, wide: float, rng: np.random.Generator) -> None:
    for sign, spur, space in ((1, state.spur[0], state.space[0]), (-1, state.spur[1], state.space[1])):
        if spur < 0.8:
            continue
        for level, base in (("tibia", -4.5), ("femur", 8.0 + space)):
            size = spur * float(rng.normal(1, 0.12))
            edge = (38.4 if level == "tibia" else 39.0) * wide
            lift = size * (0.55 if level == "tibia" else -0.6)
            thick = 1.6 + 0.42 * size
            points = [
                (edge - 5, base - thick),
                (edge + 0.6, base - thick * 0.9),
                (edge + 0.7 * size, base + 0.45 * lift - 0.5 * thick),
                (edge + size, base + lift),
                (edge + 0.5 * size, base + 0.7 * lift + 0.6 * thick),
                (edge - 1, base + thick),
                (edge - 5, base + thick),
            ]
            extend(scene.bone(level), [(sign * x, y) for x, y in points])


def _subchondral(scene: Scene, state: Wear, wide: float, rng: np.random.Generator) -> None:
    tibia, femur = scene.bone("tibia"), scene.bone("femur")
    for sign, hard, space in (
        (1, state.sclerosis[0], state.space[0]),
        (-1, state.sclerosis[1], state.space[1]),
    ):
        centre = 25.0 * sign * wide
        tibia.blobs.append((vector(centre, -3.0), 15.0, 5.5, 0.25 + hard))
        femur.blobs.append((vector(centre, 3.5 + space), 14.0, 4.5, 0.12 + 0.75 * hard))
        if state.cysts and hard >= max(state.sclerosis) - 1e-9:
            for _ in range(state.cysts):
                spot = vector(centre + float(rng.uniform(-8, 8)), -7.5 - float(rng.uniform(0, 5)))
                tibia.blobs.append((spot, 2.2, 2.4, -0.4))
