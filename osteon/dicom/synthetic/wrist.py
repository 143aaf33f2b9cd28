"""Carpal bones and the distal ends of radius and ulna; left wrist, thumb on positive x, fingers up."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import growth
from osteon.dicom.synthetic.outline import Vector, ellipse, path, smooth_closed, tube, vector
from osteon.dicom.synthetic.rays import HandBuilder
from osteon.dicom.synthetic.scene import Bone

_CARPALS: dict[str, tuple[tuple[float, float], list[tuple[float, float]]]] = {
    "scaphoid": (
        (12.2, 11.2),
        path("4.6,5.2 10,3.4 16.5,7.2 20,15.5 18,19 12.5,16.2 7,12"),
    ),
    "lunate": (
        (-1.6, 7.8),
        path("-9.2,8 -7,2.8 0,1.2 5.4,4.2 5.2,11.5 -1,12.4 -6,13.4"),
    ),
    "triquetrum": (
        (-14.6, 13.6),
        path("-20,15 -18,9.5 -12,8.2 -8.4,12 -10.5,17.5 -15,19.2"),
    ),
    "pisiform": ((-16.8, 11.2), path("-21,11 -17,6.4 -12.4,11 -17,15.4")),
    "trapezium": ((21.6, 24.2), path("15.2,20.8 22,18.2 28,23 27,30 20.5,31 16.4,28")),
    "trapezoid": ((12.6, 25.6), path("8.6,21 14,19.8 15.6,25 16,31 10,32.2 8,27")),
    "capitate": (
        (2.2, 23.4),
        path("-3.4,16.4 1.6,13.4 6.8,16.2 7.2,24 7.6,32.6 1,34.2 -4,32.6 -3.6,24"),
    ),
    "hamate": (
        (-10.0, 25.0),
        path("-7,15.2 -4.6,21 -5,32.4 -11,31.8 -16.4,29.6 -15.4,23 -11.4,18.4"),
    ),
}
RADIUS_CENTRE = vector(5.6, -2.0)
ULNA_CENTRE = vector(-17.2, -2.5)


def carpals(months: float, rng: np.random.Generator, density: float = 1.0) -> list[Bone]:
    """The ossified carpal bones at a skeletal age (boys' time)."""
    bones = []
    for name, (centre, points) in _CARPALS.items():
        size = growth.carpal_size(months, name)
        if size == 0.0:
            continue
        middle = np.asarray(centre)
        adult = smooth_closed(np.asarray(points) + rng.normal(0, 0.25, (len(points), 2)), 6)
        roundness = float(np.clip(1.15 - size, 0.0, 0.75))
        reach = np.linalg.norm(adult - middle, axis=1, keepdims=True)
        circle = (adult - middle) / reach * float(reach.mean())
        outline = middle + size * ((1 - roundness) * (adult - middle) + roundness * circle)
        bones.append(
            Bone(
                name=name,
                outline=outline,
                origin=middle,
                direction=vector(0, 1),
                length=10.0,
                half_depth=7.5 * size if name != "pisiform" else 4.5,
                cortex=((0, 0.75), (1, 0.75)),
                trabecular=0.34,
                density=density,
            )
        )
    return bones


def forearm_end(builder: HandBuilder, reach: float) -> None:
    """Add the distal radius and ulna, running `reach` mm down."""
    _radius(builder, reach)
    _ulna(builder, reach)


def _radius(builder: HandBuilder, reach: float) -> None:
    state = growth.epiphysis(builder.months, *growth.RADIUS)
    top = RADIUS_CENTRE
    height = 8.5
    room = 0.0 if state.fused else height + max(state.plate, 0.0) * 1.3
    shaft_low = vector(top[0] - 1.0, -reach)
    direction = (top - shaft_low) / np.linalg.norm(top - shaft_low)
    length = float(np.linalg.norm(top - shaft_low)) - room
    wide = (13.0, 14.2)
    end = [
        (1 - 34 / length, 6.6, 6.6),
        (1 - 22 / length, 7.8, 8.0),
        (1 - 11 / length, 10.2, 10.8),
        (1.0, *wide),
    ]
    stations = [(0.0, 6.4, 6.4), *[row for row in end if row[0] > 0.05]]
    outline = tube(shaft_low, direction, length, stations, caps=(0, 0.6))
    if state.fused:
        articular = [
            (top[0] - 13.2, top[1] - 2.0),
            (top[0] - 12.0, top[1] + 0.6),
            (top[0] - 6, top[1] - 0.6),
            (top[0] + 1, top[1] + 0.8),
            (top[0] + 8, top[1] + 4.2),
            (top[0] + 13.0, top[1] + 9.5),
            (top[0] + 14.8, top[1] + 7.2),
            (top[0] + 14.4, top[1] + 0.5),
        ]
        keep = outline[(outline[:, 1] < top[1] - 3.0)]
        right = keep[keep[:, 0] > top[0] - 0.5]
        left = keep[keep[:, 0] <= top[0] - 0.5]
        left, right = left[np.argsort(left[:, 1])], right[np.argsort(-right[:, 1])]
        outline = np.concatenate([left, np.asarray(articular), right])
    bone = Bone(
        name="radius",
        outline=outline,
        origin=shaft_low,
        direction=direction,
        length=length,
        half_depth=8.5,
        trabecular=0.24,
        cortex=((0.0, 2.4), (max(1 - 32 / length, 0.1), 2.0), (max(1 - 16 / length, 0.2), 0.9), (1.0, 0.6)),
    )
    if not state.fused:
        bone.bands.append((length, 1.1, 0.5))
    elif state.scar > 0:
        bone.bands.append((length - height, 0.7, 0.8 * state.scar))
    builder.bones.append(bone)
    if state.present and not state.fused:
        _radial_epiphysis(builder, state, top, direction, height)


def _radial_epiphysis(
    builder: HandBuilder,
    state: growth.Epiphysis,
    top: Vector,
    direction: Vector,
    height: float,
) -> None:
    w, h = state.width, height * state.height
    styloid = float(np.clip((builder.months - 70) / 90, 0, 1)) * 5.5
    base = top[1] - height + 0.4
    cx = top[0] + 0.6
    points = [
        (cx - 13.2 * w, base + 0.3 * h),
        (cx - 12.4 * w, base + 0.78 * h),
        (cx - 5 * w, base + 0.9 * h),
        (cx + 3 * w, base + h),
        (cx + 10 * w, base + h + styloid * 0.7),
        (cx + 13.6 * w, base + 0.9 * h + styloid),
        (cx + 14.6 * w, base + 0.4 * h),
        (cx + 12 * w, base),
        (cx, base - 0.3),
        (cx - 11 * w, base),
    ]
    outline = smooth_closed(points, 6)
    builder.bones.append(
        Bone(
            name="radius-epiphysis",
            outline=outline,
            origin=vector(cx, base),
            direction=direction,
            length=h,
            half_depth=min(8.5, 13 * w),
            cortex=((0, 0.8), (1, 0.8)),
            trabecular=0.34,
            follows="radius",
        )
    )
    if state.bridge > 0:
        plate = ellipse(vector(cx, base - 0.6), 0.9, 13 * state.bridge, direction, squareness=3.0)
        builder.bones.append(
            Bone(
                name="radius-bridge",
                outline=plate,
                origin=vector(cx, base),
                direction=direction,
                length=2.0,
                half_depth=6.0,
                cortex=((0, 0.3), (1, 0.3)),
                trabecular=0.45,
                follows="radius",
            )
        )


def _ulna(builder: HandBuilder, reach: float) -> None:
    state = growth.epiphysis(builder.months, *growth.ULNA)
    top, height = ULNA_CENTRE, 6.0
    room = 0.0 if state.fused else height + max(state.plate, 0.0)
    low = vector(top[0] + 3.0, -reach)
    direction = (top - low) / np.linalg.norm(top - low)
    length = float(np.linalg.norm(top - low)) - room
    end = 7.8 if state.fused else 7.0
    stations = [
        (0.0, 6.0, 6.0),
        (1 - 30 / length, 5.0, 5.0),
        (1 - 13 / length, 5.2, 5.2),
        (1 - 4 / length, end, end),
        (1.0, end * 0.86, end * 0.9),
    ]
    outline = tube(low, direction, length, [row for row in stations if row[0] >= 0], caps=(0, 0.7))
    bone = Bone(
        name="ulna",
        outline=outline,
        origin=low,
        direction=direction,
        length=length,
        half_depth=6.5,
        trabecular=0.26,
        cortex=((0.0, 2.2), (max(1 - 25 / length, 0.1), 1.7), (1.0, 0.6)),
    )
    if not state.fused:
        bone.bands.append((length, 0.9, 0.45))
    elif state.scar > 0:
        bone.bands.append((length - height, 0.6, 0.7 * state.scar))
    builder.bones.append(bone)
    if state.fused:
        styloid = smooth_closed(
            [
                (top[0] - 7.4, top[1] - 4),
                (top[0] - 7.6, top[1] + 2),
                (top[0] - 6.2, top[1] + 4.6),
                (top[0] - 4.6, top[1] + 2),
                (top[0] - 3.4, top[1] - 3),
            ],
            5,
        )
        bone.extras.append(styloid)
    elif state.present:
        thick = height * state.height
        centre = top - (height - thick / 2) * direction
        builder.bones.append(
            Bone(
                name="ulna-epiphysis",
                outline=ellipse(centre, thick / 2, 7.0 * min(state.width, 1.0), direction, squareness=2.6),
                origin=centre,
                direction=direction,
                length=thick,
                half_depth=5.0,
                cortex=((0, 0.7), (1, 0.7)),
                trabecular=0.34,
                follows="ulna",
            )
        )
