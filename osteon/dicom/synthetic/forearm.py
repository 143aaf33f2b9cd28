"""Forearm from elbow to wrist, wrist at the bottom: face (AP) and profile."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import growth
from osteon.dicom.synthetic.outline import ellipse, path, rigid, smooth_closed, tube, vector
from osteon.dicom.synthetic.scene import Bone, Limb, Scene
from osteon.dicom.synthetic.wrist import carpals

_CORTEX = ((0.0, 0.9), (0.1, 1.6), (0.3, 3.0), (0.6, 3.0), (0.85, 1.3), (1.0, 0.8))
LENGTH = 225.0


def forearm(months: float, rng: np.random.Generator, *, profile: bool = False) -> Scene:
    """Build the right forearm in adult millimetres; the wrist joint is near y = 0, the elbow near y = 240.

    Args:
        months: maturity on boys' time.
        rng: draws the person's proportions.
        profile: seen from the side, where the two bones overlap.
    """
    scene = Scene(soft_half_depth=30.0, fat=4.0)
    robust = float(rng.normal(1.0, 0.05))
    squeeze = 0.28 if profile else 1.0
    bow = float(rng.normal(7.0, 2.5))
    scene.bones += _radius(months, robust, squeeze, bow, profile)
    scene.bones += _ulna(months, robust, squeeze, profile)
    for bone in carpals(months, rng):
        flip = np.array([-0.5 if profile else -1.0, -1.0])
        bone.outline = bone.outline * flip + np.array([-3.0 if profile else -4.0, -3.0])
        bone.origin = bone.outline.mean(axis=0)
        bone.half_depth *= 1.6 if profile else 1.0
        scene.bones.append(bone)
    scene.bones += _stubs(squeeze)
    scene.bones.append(_humerus(months, profile))
    for bone in scene.bones:
        if bone.follows is None and bone.name not in {"radius", "ulna", "humerus"}:
            # The hand hangs on the radius.
            bone.follows = "radius"
    _pose(scene, rng)
    thick = float(rng.normal(1.0, 0.07)) * (0.9 if profile else 1.0)
    scene.limbs = [
        Limb(
            points=np.array(path("-1,-90.0 -2,-30.0 -1,0.0 0,30.0 0,110.0 0,190.0 2,240.0 4,330.0")),
            radii=np.array([36.0, 33.0, 29.0, 29.0, 37.0, 44.0, 45.0, 46.0]) * thick,
        )
    ]
    scene.window = (-58.0, -34.0, 58.0, 186.0)
    return scene


def _pose(scene: Scene, rng: np.random.Generator) -> None:
    """Turn the hand in the wrist, and the ulna against the radius, as patients hold them."""
    deviation = float(rng.normal(0, 7.0))
    pronation = vector(float(rng.normal(0, 2.2)), 0.0)
    still = vector(0.0, 0.0)
    for bone in scene.bones:
        if bone.follows == "radius" and not bone.name.startswith("radius"):
            bone.outline = rigid(bone.outline, vector(-4.0, -3.0), deviation, still)
            bone.origin = rigid(bone.origin[None], vector(-4.0, -3.0), deviation, still)[0]
        elif bone.name.startswith("ulna"):
            bone.outline = bone.outline + pronation
            bone.extras = [extra + pronation for extra in bone.extras]
            bone.origin = bone.origin + pronation


def _plates(bone: Bone, state: growth.Epiphysis, half: float, height: float) -> list[Bone]:
    if state.fused:
        if state.scar > 0:
            bone.bands.append((bone.length - height, 0.9, 0.7 * state.scar))
        return [bone]
    bone.bands.append((bone.length, 1.1, 0.5))
    if not state.present:
        return [bone]
    thick = height * state.height
    centre = bone.origin + (bone.length + max(state.plate, 0.4) * 1.2 + thick / 2) * bone.direction
    shape = ellipse(centre, thick / 2, half * state.width, bone.direction, squareness=2.0 + state.progress)
    return [
        bone,
        Bone(
            name=f"{bone.name}-epiphysis",
            outline=shape,
            origin=centre,
            direction=bone.direction,
            length=thick,
            half_depth=min(8.0, half * state.width),
            cortex=((0, 0.8), (1, 0.8)),
            trabecular=0.3,
            follows=bone.name,
        ),
    ]


def _radius(months: float, robust: float, squeeze: float, bow: float, profile: bool) -> list[Bone]:
    state = growth.epiphysis(months, *growth.RADIUS)
    room = 0.0 if state.fused else 9.0 + max(state.plate, 0.0) * 1.2
    start = vector(-15.0 * squeeze - (3 if profile else 0), LENGTH)
    end = vector(-8.0 * squeeze - (2 if profile else 0), 3.0)
    direction = (end - start) / np.linalg.norm(end - start)
    length = float(np.linalg.norm(end - start)) - room
    r = robust
    wide = (15.0, 12.5) if not profile else (9.0, 9.5)
    stations = [
        (0.0, 11.5, 11.5),
        (0.045, 12.0, 12.0),
        (0.07, 7.0, 7.0),
        (0.10, 6.6, 6.6),
        (0.15, 7.6 * r, 9.6 * r),
        (0.2, 7.0 * r, 7.4 * r),
        (0.45, 7.0 * r, 7.0 * r),
        (0.7, 7.3 * r, 7.3 * r),
        (0.86, 8.6 * r, 8.8 * r),
        (0.95, wide[1] - 1.5, wide[0] - 1.5),
        (1.0, wide[1], wide[0]),
    ]
    # Across is to the left of the direction first: downwards, the radial side (negative x) comes second.
    outline = tube(start, direction, length, stations, caps=(0.6, 0.8), bow=bow if not profile else 3.0)
    bone = Bone(
        name="radius",
        outline=outline,
        origin=start,
        direction=direction,
        length=length,
        half_depth=8.0,
        cortex=_CORTEX,
        trabecular=0.22,
    )
    parts = _plates(bone, state, 13.6 if not profile else 9.0, 8.5)
    if state.fused and not profile:
        styloid = smooth_closed(path("-22.5,6 -23,-1 -21.5,-6 -17,-4.5 -10,0.2 -8,6"), 6)
        bone.extras.append(styloid)
    return parts


def _ulna(months: float, robust: float, squeeze: float, profile: bool) -> list[Bone]:
    state = growth.epiphysis(months, *growth.ULNA)
    room = 0.0 if state.fused else 6.0 + max(state.plate, 0.0)
    start = vector(11.0 * squeeze + (4 if profile else 0), LENGTH + 18.0)
    end = vector(16.0 * squeeze - (1 if profile else 0), 4.0)
    direction = (end - start) / np.linalg.norm(end - start)
    length = float(np.linalg.norm(end - start)) - room
    r = robust
    stations = [
        (0.0, 10.0, 9.0),
        (0.05, 12.5, 11.0),
        (0.1, 12.0, 12.0),
        (0.16, 9.4 * r, 9.4 * r),
        (0.28, 7.4 * r, 7.4 * r),
        (0.55, 6.4 * r, 6.4 * r),
        (0.82, 5.2 * r, 5.2 * r),
        (0.93, 5.6 * r, 5.6 * r),
        (0.97, 7.4, 7.4),
        (1.0, 7.2, 7.2),
    ]
    outline = tube(start, direction, length, stations, caps=(1.5, 0.8), bow=-1.5)
    bone = Bone(
        name="ulna",
        outline=outline,
        origin=start,
        direction=direction,
        length=length,
        half_depth=7.2,
        cortex=_CORTEX,
        trabecular=0.22,
    )
    return _plates(bone, state, 7.2, 5.5)


def _stubs(squeeze: float) -> list[Bone]:
    bones = []
    for k, (x, lean) in enumerate(path("-17.0,-10.0 -6.0,-2.0 3.0,6.0 11.5,15.0")):
        start = vector(x * squeeze - 3, -39.0)
        direction = vector(float(np.sin(np.deg2rad(lean))) * squeeze, -1.0)
        direction = direction / np.linalg.norm(direction)
        outline = tube(
            start, direction, 60.0, ((0, 5.6, 5.6), (0.1, 6.2, 6.2), (0.3, 4.6, 4.6), (1, 4.0, 4.0))
        )
        bones.append(
            Bone(
                name=f"metacarpal-{k + 2}",
                outline=outline,
                origin=start,
                direction=direction,
                length=60.0,
                half_depth=5.0,
                cortex=((0, 0.6), (0.3, 1.5), (1, 1.6)),
                trabecular=0.26,
            )
        )
    return bones


def _humerus(months: float, profile: bool) -> Bone:
    top = LENGTH + 4.0
    if profile:
        points = [
            (-8, top + 2),
            (-16, top + 8),
            (-15, top + 20),
            (-9, top + 32),
            (-9, top + 120),
            (11, top + 120),
            (11, top + 32),
            (14, top + 18),
            (8, top + 6),
        ]
    else:
        points = [
            (-24, top + 3),
            (-12, top - 0.5),
            (0, top + 3),
            (10, top - 2),
            (22, top + 2),
            (32, top + 16),
            (20, top + 34),
            (11, top + 60),
            (11, top + 120),
            (-11, top + 120),
            (-11, top + 60),
            (-18, top + 34),
            (-28, top + 16),
        ]
    return Bone(
        name="humerus",
        outline=smooth_closed(points, 6),
        origin=vector(0, top),
        direction=vector(0, 1),
        length=120.0,
        half_depth=10.0,
        cortex=((0, 0.9), (0.3, 1.4), (1, 3.5)),
        trabecular=0.2,
        density=0.9 if months > 60 else 0.75,
    )
