"""Plane geometry of bones: smooth outlines in millimetres, x to the right and y upwards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Vector = NDArray[np.float64]


def vector(x: float, y: float) -> Vector:
    """Return one point or direction."""
    return np.array([x, y], dtype=np.float64)


def heading(degrees: float) -> Vector:
    """Return the unit vector that leans `degrees` from straight up towards positive x."""
    angle = np.deg2rad(degrees)
    return vector(float(np.sin(angle)), float(np.cos(angle)))


def path(text: str) -> list[tuple[float, float]]:
    """Control points written as `x,y x,y ...`, mm.

    >>> path("0,1 -2.5,3")
    [(0.0, 1.0), (-2.5, 3.0)]
    """
    pairs = (pair.split(",") for pair in text.split())
    return [(float(x), float(y)) for x, y in pairs]


def smooth_closed(points: Sequence[tuple[float, float]] | Points, per_segment: int = 8) -> Points:
    """Closed centripetal-like Catmull-Rom curve through the control points.

    Args:
        points: control points in order, (K, 2), K >= 3.
        per_segment: samples between two neighbours.
    Returns:
        The dense outline, (K * per_segment, 2).
    """
    p1 = np.asarray(points, dtype=np.float64)
    p0, p2, p3 = np.roll(p1, 1, axis=0), np.roll(p1, -1, axis=0), np.roll(p1, -2, axis=0)
    t = np.linspace(0.0, 1.0, per_segment, endpoint=False)[None, :, None]
    a, b, c, d = (q[:, None, :] for q in (p0, p1, p2, p3))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.asarray(curve.reshape(-1, 2))


def ellipse(
    centre: Vector, half_u: float, half_v: float, direction: Vector, *, squareness: float = 2.0
) -> Points:
    """Super-ellipse with its first half-axis along `direction`; squareness 2 is an ellipse."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    u = half_u * np.sign(cos) * np.abs(cos) ** (2 / squareness)
    v = half_v * np.sign(sin) * np.abs(sin) ** (2 / squareness)
    normal = vector(direction[1], -direction[0])
    return np.asarray(centre + u[:, None] * direction + v[:, None] * normal)


def tube(
    origin: Vector,
    direction: Vector,
    length: float,
    stations: Sequence[tuple[float, float, float]],
    *,
    caps: tuple[float, float] = (0.5, 0.5),
    bow: float = 0.0,
) -> Points:
    """Outline of a long bone from half-widths given along its axis.

    Args:
        origin: centre of the proximal end.
        direction: unit vector of the axis.
        length: distance between the ends, mm.
        stations: (fraction of length, half-width on the left, half-width on the right), mm.
        caps: how far each end bulges outwards, mm.
        bow: sideways offset of the axis at mid length, mm.
    Returns:
        Closed outline, (N, 2).
    """
    table = np.asarray(stations, dtype=np.float64)
    t = np.linspace(0.0, 1.0, 61)
    left = _smooth(np.interp(t, table[:, 0], table[:, 1]))
    right = _smooth(np.interp(t, table[:, 0], table[:, 2]))
    axis = bow * np.sin(np.pi * t)
    u = t * length
    cap = np.linspace(-1, 1, 11)[1:-1]
    end = np.stack(
        [length + caps[1] * (1 - cap**2), axis[-1] + cap * np.where(cap < 0, left[-1], right[-1])], 1
    )
    start = np.stack([-caps[0] * (1 - cap**2), axis[0] + cap * np.where(cap < 0, left[0], right[0])], 1)
    local = np.concatenate(
        [np.stack([u, axis - left], 1), end, np.stack([u, axis + right], 1)[::-1], start[::-1]], axis=0
    )
    normal = vector(direction[1], -direction[0])
    return np.asarray(origin + local[:, :1] * direction + local[:, 1:] * normal)


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(values, 3, mode="edge")
    kernel = np.array([1, 3, 6, 7, 6, 3, 1], dtype=np.float64)
    return np.asarray(np.convolve(padded, kernel / kernel.sum(), mode="valid"))


def bulge(
    outline: Points, origin: Vector, direction: Vector, at: float, spread: float, gain: float
) -> Points:
    """Widen an outline around one level of its axis (callus, torus fracture)."""
    relative = outline - origin
    u = relative @ direction
    normal = vector(direction[1], -direction[0])
    v = relative @ normal
    factor = 1.0 + gain * np.exp(-(((u - at) / spread) ** 2))
    return np.asarray(origin + u[:, None] * direction + (v * factor)[:, None] * normal)


def rigid(points: Points, pivot: Vector, degrees: float, shift: Vector) -> Points:
    """Turn points about a pivot, then shift them."""
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.asarray((points - pivot) @ turn.T + pivot + shift)
