"""From a scene to maps of thickness: bone, soft tissue, cast and metal, in millimetres.

Each bone is a corticated pillow: at distance d from its edge the chord through a body of
half-depth R is 2 sqrt(R^2 - (R - min(d, R))^2); the cortex is the chord of the outer body less that
of the body shrunk by the cortical thickness, the rest is trabecular bone with a texture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.dicom.synthetic.outline import Points
from osteon.dicom.synthetic.scene import Bone, Cut, Limb, Metal, Scene

Map = NDArray[np.float32]
_TILE = 1024
_MARGIN_MM = 16.0


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Places millimetres on a grid: turn, mirror, scale, shift."""

    matrix: NDArray[np.float64]
    shape: tuple[int, int]
    scale: float

    def place(self, points: Points) -> Points:
        """Millimetres to pixels (x, y)."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2])


@dataclass(kw_only=True)
class Maps:
    """Thickness maps of one view on the working grid."""

    soft: Map
    bone: Map
    metal: Map
    cast: Map
    skin: NDArray[np.uint8]


@lru_cache(maxsize=1)
def trabecular_texture() -> Map:
    """A tile of bone texture: streaks along the rows' normal at three scales, mean 0, sd 1."""
    rng = np.random.default_rng(20240514)
    tile = np.zeros((_TILE, _TILE), np.float32)
    for sx, sy, gain in ((0.6, 2.4, 1.0), (1.4, 5.0, 0.9), (2.6, 2.6, 0.8), (6.0, 8.0, 0.7)):
        noise = rng.standard_normal((_TILE, _TILE)).astype(np.float32)
        layer = cv2.GaussianBlur(noise, (0, 0), sigmaX=sx, sigmaY=sy, borderType=cv2.BORDER_REFLECT)
        tile += gain * layer / layer.std()
    return np.asarray(tile / tile.std(), dtype=np.float32)


def chord(depth: Map, half_depth: float) -> Map:
    """Length of the ray through a pillow of that half-depth at a distance from its edge."""
    inside = np.clip(depth, 0.0, half_depth)
    return np.asarray(2.0 * np.sqrt(inside * (2.0 * half_depth - inside)), dtype=np.float32)


def project(scene: Scene, frame: Frame, rng: np.random.Generator) -> Maps:
    """Thickness maps of the scene on the frame's grid."""
    height, width = frame.shape
    bone = np.zeros((height, width), np.float32)
    for item in scene.bones:
        _add_bone(bone, item, frame, rng)
    skin = _skin(scene.limbs, frame)
    depth = np.asarray(cv2.distanceTransform(skin, cv2.DIST_L2, 5), np.float32) / frame.scale
    soft = chord(depth, scene.soft_half_depth)
    lean = chord(np.clip(depth - scene.fat, 0, None), scene.soft_half_depth)
    soft = 0.72 * soft + 0.28 * lean
    soft *= 1.0 + 0.018 * _clouds(frame.shape, rng, 9)
    metal = np.zeros((height, width), np.float32)
    for part in scene.metals:
        _add_metal(metal, part, frame)
    return Maps(soft=soft, bone=bone, metal=metal, cast=_cast(scene, skin, frame, rng), skin=skin)


def _clouds(shape: tuple[int, int], rng: np.random.Generator, cells: int) -> Map:
    grid = rng.standard_normal((cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def _skin(limbs: list[Limb], frame: Frame) -> NDArray[np.uint8]:
    mask = np.zeros(frame.shape, np.uint8)
    for limb in limbs:
        steps = np.linspace(0, len(limb.points) - 1, 14 * len(limb.points))
        index = np.arange(len(limb.points))
        path = np.stack([np.interp(steps, index, limb.points[:, k]) for k in (0, 1)], 1)
        radii = _eased(np.interp(steps, index, limb.radii))
        path = np.stack([_eased(path[:, k]) for k in (0, 1)], 1)
        tangent = np.gradient(path + 1e-6 * steps[:, None], axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
        normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1) * radii[:, None]
        hull = np.concatenate([path + normal, (path - normal)[::-1]])
        cv2.fillPoly(mask, [np.round(frame.place(hull) * 16).astype(np.int32)], 255, shift=4)
        for point, radius in (
            (path[0], radii[0]),
            (path[len(path) // 2], radii[len(path) // 2]),
            (path[-1], radii[-1]),
        ):
            x, y = np.round(frame.place(point[None])[0] * 16).astype(int)
            cv2.circle(mask, (int(x), int(y)), round(radius * frame.scale * 16), 255, -1, shift=4)
    blur = 2.2 * frame.scale
    smooth = cv2.GaussianBlur(mask, (0, 0), blur)
    return np.asarray((smooth > 127).astype(np.uint8) * 255)


def _eased(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round the corners of a polyline sampled 14 times per segment, ends kept."""
    width = 7
    padded = np.concatenate(
        [2 * values[0] - values[width:0:-1], values, 2 * values[-1] - values[-2 : -width - 2 : -1]]
    )
    return np.asarray(np.convolve(padded, np.ones(2 * width + 1) / (2 * width + 1), mode="valid"))


def _add_bone(total: Map, bone: Bone, frame: Frame, rng: np.random.Generator) -> None:
    """Project one bone into its own rectangle and add it to the map."""
    offset = rng.integers(0, _TILE, 2)
    bodies = [frame.place(outline) for outline in (bone.outline, *bone.extras)]
    pixels = np.concatenate(bodies)
    margin = (_MARGIN_MM if bone.cuts else 1.0) * frame.scale + 2
    low = np.maximum(np.floor(pixels.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(pixels.max(axis=0) + margin), (frame.shape[1], frame.shape[0])).astype(int)
    if (high - low).min() < 3:
        return
    size = (int(high[1] - low[1]), int(high[0] - low[0]))
    # The rectangle goes beyond the picture where the bone does, so that the bone gets no false end.
    pad = 40
    mask = np.zeros((size[0] + 2 * pad, size[1] + 2 * pad), np.uint8)
    for body in bodies:
        cv2.fillPoly(
            mask, [np.round((body - low + pad) * 16).astype(np.int32)], 255, lineType=cv2.LINE_8, shift=4
        )
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)[pad:-pad, pad:-pad]
    depth = np.asarray(distance, np.float32) / frame.scale
    depth = cv2.GaussianBlur(depth, (3, 3), 0.7)
    u, v = _axes(bone, frame, low, size)
    part = _tissue(bone, depth, u, offset)
    for centre, across, along, gain in bone.blobs:
        part *= 1.0 + gain * _blob(bone, centre, across, along, u, v)
    for start, end, strength in bone.canals:
        part *= 1.0 - strength * _line(frame.place(np.stack([start, end])) - low, size, 0.55 * frame.scale)
    if bone.cuts:
        part = _break(part, bone, u, v, frame, low)
    total[low[1] : high[1], low[0] : high[0]] += part


def _axes(bone: Bone, frame: Frame, low: NDArray[np.int64], size: tuple[int, int]) -> tuple[Map, Map]:
    """Millimetres along and across the bone at each pixel of its rectangle."""
    inverse = np.linalg.inv(frame.matrix[:, :2])
    normal = np.array([bone.direction[1], -bone.direction[0]])
    x = np.arange(size[1], dtype=np.float32) + low[0] - frame.matrix[0, 2]
    y = np.arange(size[0], dtype=np.float32) + low[1] - frame.matrix[1, 2]
    maps = []
    for axis in (bone.direction, normal):
        row = axis @ inverse
        maps.append((row[0] * x[None, :] + row[1] * y[:, None] - bone.origin @ axis).astype(np.float32))
    return maps[0], maps[1]


def _tissue(bone: Bone, depth: Map, u: Map, offset: NDArray[np.int64]) -> Map:
    steps = 256
    table_u = np.linspace(0, 1, steps)
    cortex = np.interp(table_u, [row[0] for row in bone.cortex], [row[1] for row in bone.cortex]).astype(
        np.float32
    )
    index = np.clip(u * ((steps - 1) / max(bone.length, 1e-3)), 0, steps - 1).astype(np.int32)
    shell = cortex[index]
    inner = chord(depth - shell, max(bone.half_depth - 0.5, 0.5))
    outer = chord(depth, bone.half_depth)
    rows, cols = depth.shape
    texture = trabecular_texture()
    r, c = int(offset[0]) % (_TILE // 2), int(offset[1]) % (_TILE // 2)
    tile = texture[r : r + rows, c : c + cols]
    if tile.shape != depth.shape:
        tile = (
            np.resize(np.tile(texture, (1 + rows // _TILE, 1 + cols // _TILE)), depth.shape)
            if rows > _TILE or cols > _TILE
            else np.pad(tile, ((0, rows - tile.shape[0]), (0, cols - tile.shape[1])), mode="reflect")
        )
    part = np.clip(outer - inner, 0, None) + bone.trabecular * inner * (1.0 + 0.16 * tile)
    for at, spread, gain in bone.bands:
        part *= 1.0 + gain * np.exp(-(((u - at) / spread) ** 2))
    return np.asarray(part * bone.density, np.float32)


def _blob(bone: Bone, centre: Points, across: float, along: float, u: Map, v: Map) -> Map:
    relative = centre - bone.origin
    normal = np.array([bone.direction[1], -bone.direction[0]])
    cu, cv = float(relative @ bone.direction), float(relative @ normal)
    return np.asarray(np.exp(-(((u - cu) / along) ** 2) - ((v - cv) / across) ** 2), np.float32)


def _line(pixels: Points, size: tuple[int, int], width: float) -> Map:
    canvas = np.zeros(size, np.uint8)
    p, q = (tuple(int(x) for x in np.round(point * 16)) for point in pixels)
    cv2.line(canvas, p, q, 255, max(1, round(width)), cv2.LINE_AA, shift=4)
    return np.asarray(cv2.GaussianBlur(canvas, (3, 3), 0), np.float32) / 255.0


def _break(part: Map, bone: Bone, u: Map, v: Map, frame: Frame, low: NDArray[np.int64]) -> Map:
    """Separate the fragments along each cut and move the distal one."""
    for cut in bone.cuts:
        edge = cut.at + np.tan(np.deg2rad(cut.slope)) * v
        edge = edge + np.interp(v, np.linspace(-cut.span, cut.span, len(cut.zigzag)), cut.zigzag).astype(
            np.float32
        )
        distal = np.clip((u - edge) / max(cut.softness, 0.3) + 0.5, 0.0, 1.0).astype(np.float32)
        if cut.partial_from is not None:
            part = _crack(part, cut, u - edge, v)
            continue
        moved = cv2.warpAffine(
            part * distal,
            _motion(cut, bone, frame, low),
            (part.shape[1], part.shape[0]),
            flags=cv2.INTER_LINEAR,
        )
        part = part * (1.0 - distal) + moved
    return part


def _crack(part: Map, cut: Cut, offset: Map, v: Map) -> Map:
    """An incomplete line: lucent over a part of the width only."""
    assert cut.partial_from is not None
    across = np.clip((cut.partial_from - v * np.sign(cut.shift or 1.0)) / 2.0 + 0.5, 0.0, 1.0)
    lucent = np.exp(-((offset / max(cut.gap, 0.3)) ** 2)) * across * cut.depth
    return np.asarray(part * (1.0 - lucent), np.float32)


def _motion(cut: Cut, bone: Bone, frame: Frame, low: NDArray[np.int64]) -> NDArray[np.float64]:
    """The affine of the distal fragment in the pixels of the bone's rectangle."""
    angle = np.deg2rad(cut.turn_degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    normal = np.array([bone.direction[1], -bone.direction[0]])
    pivot = bone.origin + cut.at * bone.direction
    shift = cut.gap * bone.direction + cut.shift * normal
    linear = frame.matrix[:, :2]
    pixel_turn = linear @ turn @ np.linalg.inv(linear)
    pixel_pivot = frame.place(pivot[None])[0] - low
    offset = pixel_pivot - pixel_turn @ pixel_pivot + linear @ shift
    return np.concatenate([pixel_turn, offset[:, None]], axis=1)


def _add_metal(total: Map, part: Metal, frame: Frame) -> None:
    canvas = np.zeros(frame.shape, np.uint8)
    cv2.fillPoly(
        canvas, [np.round(frame.place(part.outline) * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4
    )
    for centre, radius in part.holes:
        x, y = np.round(frame.place(centre[None])[0] * 16).astype(int)
        cv2.circle(canvas, (int(x), int(y)), round(radius * frame.scale * 16), 0, -1, cv2.LINE_AA, shift=4)
    np.maximum(total, canvas.astype(np.float32) * (part.thickness / 255.0), out=total)


def _cast(scene: Scene, skin: NDArray[np.uint8], frame: Frame, rng: np.random.Generator) -> Map:
    if scene.cast is None:
        return np.zeros(frame.shape, np.float32)
    cast = scene.cast
    radius = round((cast.thickness + 2.0) * frame.scale)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    hull = cv2.dilate(cv2.morphologyEx(skin, cv2.MORPH_CLOSE, kernel), kernel)
    depth = np.asarray(cv2.distanceTransform(hull, cv2.DIST_L2, 5), np.float32) / frame.scale
    half = scene.soft_half_depth + cast.thickness
    shell = chord(depth, half) - chord(depth - cast.thickness, half - cast.thickness)
    inverse = np.linalg.inv(frame.matrix[:, :2])
    rows = np.arange(frame.shape[0], dtype=np.float32)[:, None] - frame.matrix[1, 2]
    cols = np.arange(frame.shape[1], dtype=np.float32)[None, :] - frame.matrix[0, 2]
    y = inverse[1, 0] * cols + inverse[1, 1] * rows
    wave = 1.5 * np.sin(cols / (9 * frame.scale))
    turns = y + 0.25 * cols / frame.scale
    inside = np.clip((y + wave - cast.low) / 1.2, 0, 1) * np.clip((cast.high - y - wave) / 1.2, 0, 1)
    weave = (0.07 if cast.resin else 0.05) * np.sin(turns * (1.9 if cast.resin else 0.22))
    mottle = 0.09 * _clouds(frame.shape, rng, 40) + (0.05 if cast.resin else 0.14) * _clouds(
        frame.shape, rng, 9
    )
    return np.asarray(np.clip(shell, 0, 4.5 * cast.thickness) * inside * (1 + weave + mottle), np.float32)
