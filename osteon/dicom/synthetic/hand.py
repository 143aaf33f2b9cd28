"""Hand and wrist, seen from behind (PA), fingers up; left hand: the thumb is on positive x."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import growth
from osteon.dicom.synthetic.outline import Points, Vector, ellipse, heading, smooth_closed, tube, vector
from osteon.dicom.synthetic.scene import Bone, Limb, Scene

_CARPALS: dict[str, tuple[tuple[float, float], tuple[tuple[float, float], ...]]] = {
    "scaphoid": (
        (12.2, 11.2),
        ((4.6, 5.2), (10, 3.4), (16.5, 7.2), (20, 15.5), (18, 19), (12.5, 16.2), (7, 12)),
    ),
    "lunate": (
        (-1.6, 7.8),
        ((-9.2, 8), (-7, 2.8), (0, 1.2), (5.4, 4.2), (5.2, 11.5), (-1, 12.4), (-6, 13.4)),
    ),
    "triquetrum": (
        (-14.6, 13.6),
        ((-20, 15), (-18, 9.5), (-12, 8.2), (-8.4, 12), (-10.5, 17.5), (-15, 19.2)),
    ),
    "pisiform": ((-16.8, 11.2), ((-21, 11), (-17, 6.4), (-12.4, 11), (-17, 15.4))),
    "trapezium": ((21.6, 24.2), ((15.2, 20.8), (22, 18.2), (28, 23), (27, 30), (20.5, 31), (16.4, 28))),
    "trapezoid": ((12.6, 25.6), ((8.6, 21), (14, 19.8), (15.6, 25), (16, 31), (10, 32.2), (8, 27))),
    "capitate": (
        (2.2, 23.4),
        ((-3.4, 16.4), (1.6, 13.4), (6.8, 16.2), (7.2, 24), (7.6, 32.6), (1, 34.2), (-4, 32.6), (-3.6, 24)),
    ),
    "hamate": (
        (-10, 25),
        ((-7, 15.2), (-4.6, 21), (-5, 32.4), (-11, 31.8), (-16.4, 29.6), (-15.4, 23), (-11.4, 18.4)),
    ),
}
# ray: base, lean from straight up (degrees), metacarpal and phalanx lengths, shaft half-width.
_RAYS = (
    (vector(28.0, 31.5), 42.0, (45.0, 31.0, 0.0, 22.5), 4.4),
    (vector(14.4, 34.2), 9.5, (66.0, 39.5, 23.5, 17.5), 4.0),
    (vector(2.6, 36.4), 0.5, (64.0, 43.5, 28.0, 18.0), 4.1),
    (vector(-6.4, 34.4), -8.5, (57.0, 40.5, 26.5, 18.0), 3.6),
    (vector(-14.8, 31.8), -18.0, (53.0, 32.0, 19.0, 16.5), 3.4),
)
RADIUS_CENTRE = vector(5.6, -2.0)
ULNA_CENTRE = vector(-17.2, -2.5)


class _Builder:
    """Collects the bones of one hand at one maturity."""

    def __init__(self, months: float, rng: np.random.Generator) -> None:
        self.months = months
        self.rng = rng
        self.bones: list[Bone] = []
        self.robust = float(rng.normal(1.0, 0.05))

    def segment(
        self,
        name: str,
        start: Vector,
        lean: float,
        length: float,
        widths: tuple[float, float, float],
        ages: tuple[float, float],
        *,
        distal_plate: bool,
        height: float,
        tuft: bool = False,
    ) -> None:
        """Add one tubular bone with its growth centre; `widths` are half-widths of base, shaft, head."""
        base, shaft, head = (w * self.robust for w in widths)
        direction = heading(lean)
        state = growth.epiphysis(self.months, *ages)
        room = 0.0 if state.fused else height + max(state.plate, 0.0)
        stations = _stations(base, shaft, head, tuft)
        cortex = ((0.0, 0.5), (0.2, 1.0), (0.5, 0.36 * shaft), (0.8, 1.0), (1.0, 0.5))
        if state.fused:
            outline = tube(start, direction, length, stations, caps=(-0.3, 0.28 * head))
            origin, used = start, length
        else:
            flat = _flat(stations, at_head=distal_plate)
            origin = start if distal_plate else start + room * direction
            used = length - room
            caps = (-0.2, 0.5) if distal_plate else (0.5, 0.25 * head)
            outline = tube(origin, direction, used, flat, caps=caps)
        bone = Bone(
            name=name,
            outline=outline,
            origin=origin,
            direction=direction,
            length=used,
            half_depth=1.25 * shaft + 0.3 * base,
            cortex=cortex,
        )
        plate_at = used if distal_plate else 0.0
        if not state.fused:
            bone.bands.append((plate_at, 0.8, 0.5))
        elif state.scar > 0:
            bone.bands.append((length - height if distal_plate else height, 0.55, 0.75 * state.scar))
        self.bones.append(bone)
        if state.present and not state.fused:
            self._epiphysis(
                name, start, direction, length, state, head if distal_plate else base, height, distal_plate
            )

    def _epiphysis(
        self,
        name: str,
        start: Vector,
        direction: Vector,
        length: float,
        state: growth.Epiphysis,
        half_width: float,
        height: float,
        distal: bool,
    ) -> None:
        thick = height * state.height
        along = length - height + thick / 2 + 0.3 if distal else height - thick / 2 - 0.3
        centre = start + along * direction
        squareness = 2.0 + 1.0 * state.progress
        outline = ellipse(centre, thick / 2, half_width * state.width, direction, squareness=squareness)
        self.bones.append(
            Bone(
                name=f"{name}-epiphysis",
                outline=outline,
                origin=centre - thick / 2 * direction,
                direction=direction,
                length=thick,
                half_depth=min(half_width * state.width, 6.0),
                cortex=((0, 0.55), (1, 0.55)),
                trabecular=0.36,
                follows=name if distal else None,
            )
        )
        if state.bridge > 0:
            edge = start + (length - height if distal else height) * direction
            plate = ellipse(edge, 0.5 + state.plate / 2, half_width * state.bridge, direction, squareness=3.0)
            self.bones.append(
                Bone(
                    name=f"{name}-bridge",
                    outline=plate,
                    origin=edge - direction,
                    direction=direction,
                    length=2.0,
                    half_depth=4.0,
                    cortex=((0, 0.3), (1, 0.3)),
                    trabecular=0.42,
                )
            )


def _stations(base: float, shaft: float, head: float, tuft: bool) -> list[tuple[float, float, float]]:
    table: tuple[tuple[float, float], ...]
    if tuft:
        table = (
            (0, base * 0.92),
            (0.1, base),
            (0.3, shaft * 1.1),
            (0.6, shaft * 0.85),
            (0.84, head),
            (0.95, head * 0.95),
            (1, head * 0.55),
        )
    else:
        table = (
            (0, base * 0.88),
            (0.08, base),
            (0.24, shaft * 1.18),
            (0.5, shaft),
            (0.74, shaft * 1.1),
            (0.9, head),
            (0.97, head * 0.92),
            (1, head * 0.62),
        )
    return [(t, w, w) for t, w in table]


def _flat(stations: list[tuple[float, float, float]], *, at_head: bool) -> list[tuple[float, float, float]]:
    widest = max(w for t, w, _ in stations if (t > 0.7 if at_head else t < 0.3))
    kept = [row for row in stations if (row[0] < 0.86 if at_head else row[0] > 0.14)]
    end = (1.0 if at_head else 0.0, widest, widest)
    return [*kept, end] if at_head else [end, *kept]


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


def forearm_end(builder: _Builder, reach: float) -> None:
    """Add the distal radius and ulna, running `reach` mm down."""
    _radius(builder, reach)
    _ulna(builder, reach)


def _radius(builder: _Builder, reach: float) -> None:
    months, state = builder.months, growth.epiphysis(builder.months, *growth.RADIUS)
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
        _radial_epiphysis(builder, state, top, direction, height, months)


def _radial_epiphysis(
    builder: _Builder, state: growth.Epiphysis, top: Vector, direction: Vector, height: float, months: float
) -> None:
    w, h = state.width, height * state.height
    styloid = float(np.clip((months - 70) / 90, 0, 1)) * 5.5
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


def _ulna(builder: _Builder, reach: float) -> None:
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


def hand(months: float, rng: np.random.Generator, *, spread: float = 1.0, reach: float = 46.0) -> Scene:
    """Build the hand at a skeletal age on boys' time, in adult millimetres.

    Args:
        months: maturity, see `growth.maturity`.
        rng: draws the person's proportions and the pose.
        spread: how far the fingers are apart, 1 is usual.
        reach: visible length of the forearm, mm.
    """
    builder = _Builder(months, rng)
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
    builder: _Builder,
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
    path: list[Vector] = []
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
    path.append(start - 6 * heading(angle))
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
        path.append(start)
        start = start + (length + 1.5) * heading(angle)
        angle *= 0.97
    path.append(start + 1.0 * heading(angle))
    points = np.array([base, *path])
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
