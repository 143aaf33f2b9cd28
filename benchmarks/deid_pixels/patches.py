"""Patches of generated scenes with what each cell shows, to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.deid_pixels.pictures import metal_picture
from benchmarks.deid_pixels.placements import Placement, Scene, make_scene
from osteon.deid.pixels.grey import Grey, grey_of
from osteon.deid.pixels.segmentation import CELL

HELD_OUT = ("DejaVuSerif", "FreeSans", "Vera", "cmr10", "hershey2", "LiberationMono-Regular")
SIDE = 192  # pixels
UNKNOWN = 255  # a held-out font, or letters of a height that another size of the picture shows better
_KIND = {"identity": 1, "word": 2, "letter": 3, "shape": 3}
_LOW, _HIGH = 8, 26  # heights in pixels that the network is to know
_LOWEST = 6  # in the picture itself, of which no size is better
_SIZES = 4
_GROUNDS = (6, 4, 3, 3)  # patches without regard to what is in them, per size
_METAL_EVERY = 4
_LEAST_INK = 3  # pixels of a cell


@dataclass(frozen=True, slots=True)
class Patches:
    """Pictures (n, 192, 192) in 8 bits, kinds of their cells (n, 48, 48), and their scenes' seeds."""

    grey: Grey
    kinds: Grey
    seed: NDArray[np.int32]


def patches_of(seeds: range, shared: Path | None) -> Patches:
    """The patches of the scenes of these seeds; every fourth scene shows metal or a cast."""
    grey: list[Grey] = []
    kinds: list[Grey] = []
    owner: list[int] = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 9])
        metal = seed % _METAL_EVERY == 0
        scene = make_scene(
            seed, shared, identities=0 if metal and seed % (2 * _METAL_EVERY) else 12, markers=seed % 4,
            base=metal_picture(seed % 100_000) if metal else None,
        )  # fmt: skip
        for picture, cells in _of_scene(scene, rng, metal=metal):
            grey.append(picture)
            kinds.append(cells)
            owner.append(seed)
    return Patches(np.stack(grey), np.stack(kinds), np.asarray(owner, np.int32))


def _of_scene(scene: Scene, rng: np.random.Generator, *, metal: bool) -> list[tuple[Grey, Grey]]:
    whole = grey_of(scene.frame)
    found = []
    for size in range(_SIZES):
        scale = 0.5**size
        grey = whole
        if size:
            grey = np.asarray(
                cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
            )
        if min(grey.shape) < SIDE:
            continue
        kinds = kinds_of(scene, scale, grey.shape)
        centres = _centres(scene, scale, rng)
        if scene.origin != "hand" or metal:  # small real hands carry letters that nobody has marked
            rows, columns = grey.shape
            centres += [(rng.uniform(0, rows), rng.uniform(0, columns)) for _ in range(_GROUNDS[size])]
        for y, x in centres:
            top = int(np.clip(y - SIDE / 2 + rng.uniform(-50, 50), 0, grey.shape[0] - SIDE))
            left = int(np.clip(x - SIDE / 2 + rng.uniform(-50, 50), 0, grey.shape[1] - SIDE))
            window = (slice(top, top + SIDE), slice(left, left + SIDE))
            found.append((grey[window], cells_of(kinds[window])))
    return found


def _centres(scene: Scene, scale: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Points on what is written at a height to be learned, two on what is longer than a patch."""
    points = []
    for p in scene.placements:
        if _lowest(scale) <= p.height_px * scale <= _HIGH:
            rows, columns = p.ink.shape
            for _ in range(1 if max(rows, columns) * scale < SIDE else 2):
                y, x = rng.uniform(0, rows), rng.uniform(0, columns)
                points.append(((p.top + y) * scale, (p.left + x) * scale))
    return points


def cells_of(kinds: Grey) -> Grey:
    """The kind of each cell; writing wins over markers, markers over what is unknown."""
    side = SIDE // CELL
    pixels = kinds.reshape(side, CELL, side, CELL)
    cells = np.zeros((side, side), np.uint8)
    for kind in (UNKNOWN, 3, 2, 1):
        least = 1 if kind == UNKNOWN else _LEAST_INK
        cells[np.count_nonzero(pixels == kind, axis=(1, 3)) >= least] = kind
    return cells


def kinds_of(scene: Scene, scale: float, shape: tuple[int, ...]) -> Grey:
    """The kind of each pixel of the scaled picture: a line with the gaps between its letters is one patch."""
    kinds = np.zeros(shape, np.uint8)
    for p in scene.placements:
        cap = p.height_px * scale
        reach = max(3, int(1.1 * max(cap, 4))) | 1
        mask = line_mask(p, scale, reach)
        known = _lowest(scale) <= cap <= _HIGH and not (p.kind == "identity" and p.font.startswith(HELD_OUT))
        top, left = round(p.top * scale) - reach, round(p.left * scale) - reach
        rows = slice(max(0, top), min(shape[0], top + mask.shape[0]))
        columns = slice(max(0, left), min(shape[1], left + mask.shape[1]))
        if rows.stop > rows.start and columns.stop > columns.start:
            part = mask[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
            kinds[rows, columns][part > 0] = _KIND[p.kind] if known else UNKNOWN
    return kinds


def _lowest(scale: float) -> int:
    """The least height in pixels that is learned at this size of the picture."""
    return _LOWEST if scale == 1 else _LOW


def line_mask(p: Placement, scale: float, reach: int) -> Grey:
    """A placement's ink at that size with the gaps between its letters closed, `reach` wider on each side."""
    size = (max(1, round(p.ink.shape[1] * scale)), max(1, round(p.ink.shape[0] * scale)))
    ink = cv2.resize(p.ink.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 40
    mask = np.pad(ink.astype(np.uint8), reach)
    if p.kind in {"identity", "word"}:
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)))
    return np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8)
