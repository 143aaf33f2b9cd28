"""Hand and wrist, seen from behind (PA), fingers up; left hand: the thumb is on positive x."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import growth
from osteon.dicom.synthetic.outline import Points, Vector, heading, vector
from osteon.dicom.synthetic.rays import HandBuilder
from osteon.dicom.synthetic.scene import Limb, Scene
from osteon.dicom.synthetic.wrist import carpals, forearm_end

# ray: base, lean from straight up (degrees), metacarpal and phalanx lengths, shaft half-width.
_RAYS = (
    (vector(28.0, 31.5), 42.0, (45.0, 31.0, 0.0, 22.5), 4.4),
    (vector(14.4, 34.2), 9.5, (66.0, 39.5, 23.5, 17.5), 4.0),
    (vector(2.6, 36.4), 0.5, (64.0, 43.5, 28.0, 18.0), 4.1),
    (vector(-6.4, 34.4), -8.5, (57.0, 40.5, 26.5, 18.0), 3.6),
    (vector(-14.8, 31.8), -18.0, (53.0, 32.0, 19.0, 16.5), 3.4),
)


def hand(months: float, rng: np.random.Generator, *, spread: float = 1.0, reach: float = 46.0) -> Scene:
    """Build the hand at a skeletal age on boys' time, in adult millimetres.

    Args:
        months: maturity, see `growth.maturity`.
        rng: draws the person's proportions and the pose.
        spread: how far the fingers are apart, 1 is usual.
        reach: visible length of the forearm, mm.
    """
    builder = HandBuilder(months, rng)
    forearm_end(builder, reach + 14.0)
    builder.bones.extend(carpals(months, rng))
    scene = Scene(soft_half_depth=12.0, fat=2.0)
    young = 1.0 - min(months / 200.0, 1.0)
    for index, (base, lean, lengths, shaft) in enumerate(_RAYS):
        _ray(builder, scene, index, base, lean * spread, lengths, shaft, young)
    scene.bones = builder.bones
    outline: Points = np.array([(-1.0, 20.0), (-1.5, 45.0), (0.0, 70.0)])
    scene.limbs.append(Limb(points=outline, radii=np.array([29.0, 33.0, 34.0]) * (1 + 0.05 * young)))
    scene.limbs.append(
        Limb(
            points=np.array([(-4.0, -reach - 60), (-4.0, -25.0), (-2.0, 2.0), (-1.0, 22.0)]),
            radii=np.array([34.0, 30.0, 27.0, 28.0]) * (1 + 0.1 * young),
        )
    )
    scene.limbs.append(Limb(points=np.array([(16.0, 24.0), (34.0, 44.0)]), radii=np.array([18.0, 17.0])))
    tip = max(float(bone.outline[:, 1].max()) for bone in scene.bones)
    right = max(float(bone.outline[:, 0].max()) for bone in scene.bones)
    scene.window = (-62.0, -reach, right + 16.0, tip + 12.0)
    return scene


def _ray(
    builder: HandBuilder,
    scene: Scene,
    index: int,
    base: Vector,
    lean: float,
    lengths: tuple[float, float, float, float],
    shaft: float,
    young: float,
) -> None:
    rng = builder.rng
    ray = index + 1
    thumb = index == 0
    angle = lean + float(rng.normal(0, 1.0))
    start = base
    joints: list[Vector] = []
    lengths = tuple(length * float(rng.normal(1, 0.015)) for length in lengths)  # type: ignore[assignment]
    metacarpal = (shaft * (1.46 - 0.2 * young), shaft, shaft * (1.78 if not thumb else 1.6))
    builder.segment(
        f"metacarpal-{ray}",
        start,
        angle,
        lengths[0],
        metacarpal,
        growth.METACARPAL[index],
        distal_plate=not thumb,
        height=8.0 if not thumb else 5.0,
    )
    start = start + (lengths[0] + 1.9) * heading(angle)
    joints.append(start - 6 * heading(angle))
    angle = 0.55 * angle + float(rng.normal(0, 1.5)) if not thumb else angle - 14
    scales = ((0.98, growth.PROXIMAL), (0.86, growth.MIDDLE), (0.74, growth.DISTAL))
    for k, (thin, ages) in enumerate(scales):
        length = lengths[k + 1]
        if length == 0.0:
            continue
        w = shaft * thin
        widths = (w * 1.75, w * 0.96, w * 1.36) if k < 2 else (w * 1.72, w * 0.72, w * 1.12)
        builder.segment(
            f"{('proximal', 'middle', 'distal')[k]}-{ray}",
            start,
            angle,
            length,
            widths,
            ages[index],
            distal_plate=False,
            height=(5.4, 4.6, 4.2)[k],
            tuft=k == 2,
        )
        if k > 0:
            for bone in builder.bones:
                if bone.name.startswith(f"{('proximal', 'middle', 'distal')[k]}-{ray}"):
                    bone.follows = f"proximal-{ray}"
        joints.append(start)
        start = start + (length + 1.5) * heading(angle)
        angle *= 0.97
    joints.append(start + 1.0 * heading(angle))
    points = np.array([base, *joints])
    fat = (1 + 0.18 * young) * float(rng.normal(1, 0.03))
    radii = (
        np.interp(np.linspace(0, 1, len(points)), (0, 0.4, 0.75, 1), (12.0, 11.0, 9.4, 7.2))
        * fat
        * (1.08 if thumb else 1.0)
        * (0.9 if ray == 5 else 1.0)
    )
    scene.limbs.append(Limb(points=points, radii=radii))


def turn_oblique(scene: Scene) -> None:
    """Turn a PA hand by about 45 degrees: the rays move together, each keeps its breadth."""
    share = 0.74
    for bone in scene.bones:
        shift = vector(float((share - 1.0) * bone.outline[:, 0].mean()), 0.0)
        bone.outline = bone.outline + shift
        bone.extras = [extra + shift for extra in bone.extras]
        bone.origin = bone.origin + shift
    for limb in scene.limbs:
        limb.points = limb.points * vector(share, 1.0)
    x0, y0, x1, y1 = scene.window
    scene.window = (x0 * 0.85, y0, x1 * 0.85, y1)
