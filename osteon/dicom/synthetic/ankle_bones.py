"""What both views of the ankle are made of: bones, cortices, growth plates."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import growth
from osteon.dicom.synthetic.outline import Points, smooth_closed, vector
from osteon.dicom.synthetic.scene import Bone

FOOT = ("talus", "calcaneus", "navicular", "cuboid", "cuneiform", "metatarsal", "apophysis")
SHELL = ((0.0, 0.9), (1.0, 0.9))


def shaped(
    name: str,
    points: list[tuple[float, float]],
    depth: float,
    *,
    origin: tuple[float, float] = (0, 0),
    length: float = 10.0,
    cortex: tuple[tuple[float, float], ...] = SHELL,
    trabecular: float = 0.24,
    density: float = 1.0,
) -> Bone:
    """Return a bone from its control points, its axis running down."""
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


TIBIA_CORTEX = ((0.0, 4.8), (0.5, 4.0), (0.78, 1.6), (0.92, 0.9), (1.0, 1.0))
FIBULA_CORTEX = ((0.0, 2.6), (0.6, 2.2), (0.8, 1.2), (1.0, 0.8))


def _clip(points: Points, low: float | None, high: float | None) -> Points:
    """Flatten the outline at a level of y: the two sides of a growth plate."""
    clipped = points.copy()
    clipped[:, 1] = np.clip(clipped[:, 1], low, high)
    return np.asarray(clipped)


def with_plate(bone: Bone, level: float, state: growth.Epiphysis, scale: float) -> list[Bone]:
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
