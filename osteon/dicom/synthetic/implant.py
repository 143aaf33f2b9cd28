"""Osteosynthesis material: plates with screws, and pins."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic.fracture import half_width
from osteon.dicom.synthetic.outline import Points, Vector, ellipse, vector
from osteon.dicom.synthetic.scene import Bone, Metal, Scene


def _bar(start: Vector, end: Vector, half: float) -> Points:
    axis = (end - start) / np.linalg.norm(end - start)
    normal = vector(axis[1], -axis[0]) * half
    return np.array(
        [
            start + normal,
            end + normal,
            end + 0.6 * half * axis,
            end - normal,
            start - normal,
            start - 0.6 * half * axis,
        ]
    )


def add_plate(scene: Scene, bone: Bone, level: float, rng: np.random.Generator, *, on_edge: bool) -> None:
    """Fix a plate with screws around a level of the bone (share of its length)."""
    u = level * bone.length
    width = half_width(bone, u)
    count = int(rng.integers(5, 8))
    pitch = max(1.15 * width, 5.0)
    axis, normal = bone.direction, vector(bone.direction[1], -bone.direction[0])
    first = max(u - pitch * (count - 1) / 2, 4.0)
    spots = [first + k * pitch for k in range(count) if first + k * pitch < bone.length - 3]
    middle = bone.origin + (normal * (width + 1.0) if on_edge else 0.0 * normal)
    half = 1.2 if on_edge else 0.42 * width
    start, end = middle + (spots[0] - 0.5 * pitch) * axis, middle + (spots[-1] + 0.5 * pitch) * axis
    holes = [] if on_edge else [(middle + s * axis, 0.55 * half) for s in spots]
    scene.metals.append(Metal(outline=_bar(start, end, half), thickness=6.0 if on_edge else 2.2, holes=holes))
    skipped = int(rng.integers(0, len(spots)))
    for k, s in enumerate(spots):
        spot = middle + s * axis
        if on_edge:
            if k != skipped:
                scene.metals.append(
                    Metal(outline=_screw(spot, spot - normal * (2 * width + 2.5)), thickness=3.0)
                )
        elif k != skipped:
            scene.metals.append(Metal(outline=ellipse(spot, 0.5 * half, 0.5 * half, axis), thickness=7.0))


def _screw(start: Vector, end: Vector) -> Points:
    """Return a threaded shaft: a bar with a saw edge."""
    axis = (end - start) / np.linalg.norm(end - start)
    normal = vector(axis[1], -axis[0])
    steps = np.arange(0, float(np.linalg.norm(end - start)), 0.7)
    half = np.where(np.arange(len(steps)) % 2 == 0, 1.5, 1.0)
    half[:2] = 2.4
    left = start + steps[:, None] * axis + half[:, None] * normal
    right = start + steps[:, None] * axis - half[:, None] * normal
    return np.asarray(np.concatenate([left, end[None], right[::-1]]))


def add_pins(scene: Scene, bone: Bone, level: float, rng: np.random.Generator) -> None:
    """Cross two wires at a level of the bone."""
    u = level * bone.length
    width = half_width(bone, u)
    axis, normal = bone.direction, vector(bone.direction[1], -bone.direction[0])
    centre = bone.origin + u * axis
    for side in (1.0, -1.0):
        lean = np.deg2rad(float(rng.uniform(14, 30))) * side
        along = np.cos(lean) * axis + np.sin(lean) * normal
        reach = max(2.2 * width, 14.0)
        start = centre - reach * float(rng.uniform(0.8, 1.1)) * along
        end = centre + reach * float(rng.uniform(1.0, 1.5)) * along
        scene.metals.append(Metal(outline=_bar(start, end, 0.75), thickness=2.5))
