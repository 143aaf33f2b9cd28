"""Breaks bones, and adds what a normal picture has that looks like a break.

Gaps are chosen in millimetres of the finished picture so that most are seen when its longest side is
256 px; the kind `line` is the subtle one.
"""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic.outline import bulge
from osteon.dicom.synthetic.plan import Fracture
from osteon.dicom.synthetic.scene import Bone, Cut, Scene


def half_width(bone: Bone, u: float) -> float:
    """Half of the bone's width at a level along its axis, mm."""
    relative = bone.outline - bone.origin
    along = relative @ bone.direction
    across = relative @ np.array([bone.direction[1], -bone.direction[0]])
    near = across[np.abs(along - u) < max(0.04 * bone.length, 2.0)]
    return float((near.max() - near.min()) / 2) if near.size > 1 else 5.0


def break_bones(
    scene: Scene, fracture: Fracture, pixel_mm: float, rng: np.random.Generator, *, hidden: bool = False
) -> None:
    """Apply the fracture to the scene.

    Args:
        scene: changed in place.
        fracture: what breaks.
        pixel_mm: one 256th of the picture's longest side.
        rng: the patient's finding.
        hidden: the bones lie one behind the other in this view.
    """
    for index, name in enumerate(fracture.bones):
        bone = scene.bone(name)
        level = level_on(bone, fracture.level, index)
        if fracture.kind == "buckle":
            _buckle(bone, level, fracture.severity, pixel_mm)
        else:
            bone.cuts += _cuts(bone, fracture, level, pixel_mm, rng)
            if hidden:
                _open(bone.cuts)


def _open(cuts: list[Cut]) -> None:
    """Open the planes of a bone that lies behind another one, so that they are seen through it."""
    for cut in cuts:
        cut.gap *= 1.5
        cut.shift *= 1.4


def level_on(bone: Bone, drawn: float, index: int) -> float:
    """Place along the bone: malleoli break near the joint, metacarpals near the neck."""
    share = (drawn - 0.42) / 0.44
    if bone.name.startswith("metacarpal"):
        return 0.45 + 0.38 * share
    if bone.name.startswith("proximal"):
        return 0.3 + 0.35 * share
    if bone.name == "fibula":
        return 0.62 + (0.29 if bone.length > 210 and not bone.bands else 0.2) * share
    if bone.name == "tibia":
        return 0.64 + 0.2 * share
    return drawn - 0.06 * index


def _cuts(
    bone: Bone, fracture: Fracture, level: float, pixel_mm: float, rng: np.random.Generator
) -> list[Cut]:
    u = level * bone.length
    width = half_width(bone, u)
    side = 1.0 if rng.random() < 0.5 else -1.0
    severity = fracture.severity
    kind = fracture.kind
    span = 2.5 * width + 4
    steps = max(int(span * 2 / 1.3), 6)
    zigzag = rng.normal(0, 0.35 + 0.02 * width, steps)
    gap = (2.3 + 1.0 * rng.random()) * pixel_mm * severity
    slope = {
        "transverse": rng.uniform(-12, 12),
        "oblique": side * rng.uniform(28, 44),
        "spiral": side * rng.uniform(48, 58),
        "displaced": side * rng.uniform(5, 30),
        "comminuted": side * rng.uniform(20, 38),
        "line": side * rng.uniform(8, 40),
    }[kind]
    # Along a slanting plane the gap is seen narrower: open it by 1 / cos(slope).
    gap /= np.cos(np.deg2rad(slope))
    cut = Cut(
        at=u,
        slope=float(slope),
        zigzag=zigzag,
        span=span,
        gap=float(gap),
        softness=0.5,
        ragged=np.abs(rng.normal(0, 0.5, steps)) - 0.3,
    )
    if kind == "spiral":
        grid = np.linspace(-1, 1, steps)
        cut.zigzag = zigzag + 0.35 * width * np.sin(grid * np.pi * span / max(width, 1.0) / 1.6)
        cut.turn_degrees = float(side * rng.uniform(3, 8))
    elif kind in ("transverse", "oblique"):
        cut.shift = float(side * min(rng.uniform(0.2, 0.5) * width, 6.0))
        cut.turn_degrees = float(-side * rng.uniform(4, 12))
    elif kind == "displaced":
        cut.shift = float(
            side * min(rng.uniform(0.8, 1.3) * width * severity, 9.0 if bone.name != "tibia" else 7.0)
        )
        cut.gap = float(-min(rng.uniform(0.2, 0.7) * width, 5.0))
        cut.turn_degrees = float(-side * rng.uniform(8, 18))
    elif kind == "comminuted":
        cuts = _comminuted(cut, width, side, pixel_mm, rng, steps)
        _keep_in_limb(bone, cut)
        return cuts
    elif kind == "line":
        cut.partial_from = float(width * rng.uniform(0.2, 1.2))
        cut.gap, cut.depth, cut.shift = 0.75 * pixel_mm, 0.75, side * 0.01
    _ease(bone, cut)
    return [cut]


def _ease(bone: Bone, cut: Cut) -> None:
    """Move the distal fragment no further than the soft tissue around it lets it."""
    if bone.name.startswith(("proximal", "metacarpal")):
        # The soft tissue stays where it is: keep the finger inside it.
        cut.turn_degrees *= 0.35
        cut.shift *= 0.8
    if bone.name == "tibia":
        # The foot hangs on the distal fragment.
        cut.turn_degrees *= 0.4
    _keep_in_limb(bone, cut)


def _comminuted(
    cut: Cut, width: float, side: float, pixel_mm: float, rng: np.random.Generator, steps: int
) -> list[Cut]:
    """Two crossing planes that free a wedge."""
    cut.shift = float(side * min(rng.uniform(0.3, 0.6) * width, 7.0))
    cut.turn_degrees = float(-side * rng.uniform(4, 12))
    second = Cut(
        at=cut.at - float(rng.uniform(0.6, 1.1)) * width,
        slope=-cut.slope,
        zigzag=rng.normal(0, 0.5, steps),
        span=cut.span,
        gap=float(rng.uniform(2.0, 2.8)) * pixel_mm,
        shift=float(-side * min(rng.uniform(0.1, 0.3) * width, 4.0)),
        softness=0.5,
    )
    return [second, cut]


def _keep_in_limb(bone: Bone, cut: Cut) -> None:
    """Limit the turn so that the far end of the fragment stays inside the limb."""
    reach = max(bone.length - cut.at, 10.0)
    most = float(np.rad2deg(8.5 / reach))
    cut.turn_degrees = float(np.clip(cut.turn_degrees, -most, most))


def buckle_level(bone: Bone, u: float) -> float:
    """Where a buckle drawn at `u` millimetres comes to lie: in the metaphysis."""
    return max(min(u, 0.88 * bone.length), 0.74 * bone.length)


def _buckle(bone: Bone, level: float, severity: float, pixel_mm: float) -> None:
    u = buckle_level(bone, level * bone.length)
    width = half_width(bone, u)
    gain = min(3.2 * pixel_mm * severity / max(width, 1.0), 0.6)
    bone.outline = bulge(bone.outline, bone.origin, bone.direction, u, 2.2 + pixel_mm, gain)
    bone.bands.append((u, 0.9 + 0.6 * pixel_mm, 0.85))


def add_distractors(scene: Scene, names: tuple[str, ...], rng: np.random.Generator) -> None:
    """Nutrient canals and vascular lines, in broken and whole bones alike."""
    for name in names:
        bone = scene.bone(name)
        if rng.random() < 0.5:
            u = float(rng.uniform(0.35, 0.6)) * bone.length
            width = half_width(bone, u)
            normal = np.array([bone.direction[1], -bone.direction[0]])
            side = 1.0 if rng.random() < 0.5 else -1.0
            start = bone.origin + u * bone.direction + side * width * normal
            bone.canals.append(
                (
                    start,
                    start + 1.7 * width * bone.direction - side * 0.7 * width * normal,
                    float(rng.uniform(0.12, 0.26)),
                )
            )


def heal(scene: Scene, name: str, level: float, rng: np.random.Generator) -> None:
    """Leave the callus of an old, united fracture."""
    bone = scene.bone(name)
    u = level * bone.length
    width = half_width(bone, u)
    bone.outline = bulge(
        bone.outline, bone.origin, bone.direction, u, 1.1 * width + 3, float(rng.uniform(0.1, 0.22))
    )
    bone.bands.append((u, 0.8 * width + 2, 0.22))
    bone.cuts.append(_malunion(bone, u, width, rng))


def _malunion(bone: Bone, u: float, width: float, rng: np.random.Generator) -> Cut:
    """The step and the turn with which an old fracture has united: whole bone, no gap."""
    side = 1.0 if rng.random() < 0.5 else -1.0
    cut = Cut(
        at=u,
        slope=float(side * rng.uniform(5, 35)),
        zigzag=np.zeros(6),
        span=2.5 * width + 4,
        gap=float(-rng.uniform(0.0, 3.0)),
        shift=float(side * min(rng.uniform(0.3, 1.1) * width, 8.0)),
        turn_degrees=float(-side * rng.uniform(4, 16)),
        softness=float(0.9 * width + 2),
    )
    _ease(bone, cut)
    return cut
