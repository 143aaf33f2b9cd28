"""Patches where a network is wrong: writing it does not see, bone and metal it takes for writing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.deid_pixels.patches import SIDE, UNKNOWN, Patches, cells_of, kinds_of
from benchmarks.deid_pixels.pictures import metal_picture
from benchmarks.deid_pixels.placements import Scene, make_scene
from osteon.deid.pixels.grey import Grey, grey_of
from osteon.deid.pixels.segmentation import CELL

_SCENES = ((12, 2), (12, 3), (0, 2), (0, 0))  # identities and markers of a scene, by its seed
_METAL_EVERY = 3
_SIZES = 3  # those that the product looks at
_UNSEEN, _TAKEN = (
    0.7,
    0.15,
)  # probability of writing below which it is missed, and above which ground is taken
_SURE = 0.9
_BESIDE = 5  # cells: the edge of a line is no error
_MOST = 12  # patches of each kind of error from one size of a scene
_STRIDE = 8
_WRITING, _WORD, _LONE = 1, 2, 3


def mined_of(seeds: range, shared: Path | None, network: Path) -> Patches:
    """The patches around the network's errors on the scenes of these seeds."""
    cv2.setNumThreads(1)
    session = _session(network)
    grey: list[Grey] = []
    kinds: list[Grey] = []
    owner: list[int] = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 19])
        metal = seed % _METAL_EVERY == 0
        identities, markers = _SCENES[seed % len(_SCENES)]
        scene = make_scene(
            seed, shared, identities=identities, markers=markers,
            base=metal_picture(seed % 100_000) if metal else None,
        )  # fmt: skip
        for picture, cells in _of_scene(scene, session, rng, metal=metal):
            grey.append(picture)
            kinds.append(cells)
            owner.append(seed)
    if not grey:
        empty = np.zeros((0, SIDE, SIDE), np.uint8)
        return Patches(empty, empty[:, ::CELL, ::CELL], np.zeros(0, np.int32))
    return Patches(np.stack(grey), np.stack(kinds), np.asarray(owner, np.int32))


def _session(network: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(network.read_bytes(), options, providers=["CPUExecutionProvider"])


def _of_scene(
    scene: Scene, session: Any, rng: np.random.Generator, *, metal: bool
) -> Iterator[tuple[Grey, Grey]]:
    grey = grey_of(scene.frame)
    unmarked = scene.origin == "hand" and not metal  # small real hands carry letters that nobody has marked
    for size in range(_SIZES):
        if size:
            half = (grey.shape[1] // 2, grey.shape[0] // 2)
            grey = np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), np.uint8)
        if min(grey.shape) < SIDE:
            return
        kinds = kinds_of(scene, 0.5**size, grey.shape)
        rows, columns = (n // _STRIDE * _STRIDE for n in grey.shape)
        found = session.run(None, {"grey": np.ascontiguousarray(grey[None, None, :rows, :columns])})[0][0]
        truth = _whole_cells(kinds[:rows, :columns])
        writing = found[_WRITING] + found[_WORD]
        unseen = ((truth == _WRITING) | (truth == _WORD)) & (writing < _UNSEEN) & ~_around(writing > _SURE)
        written = (truth != 0) & (truth != _LONE)
        taken = (writing > _TAKEN) & ~_around(written) & (not unmarked)
        for wrong in (unseen, taken):
            for y, x in _centres(wrong, rng):
                top = int(np.clip(y - SIDE / 2 + rng.uniform(-70, 70), 0, grey.shape[0] - SIDE))
                left = int(np.clip(x - SIDE / 2 + rng.uniform(-70, 70), 0, grey.shape[1] - SIDE))
                window = (slice(top, top + SIDE), slice(left, left + SIDE))
                cells = cells_of(kinds[window])
                if unmarked:
                    cells[cells == 0] = UNKNOWN
                yield grey[window], cells


def _around(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """These cells and those beside them."""
    return np.asarray(cv2.dilate(cells.astype(np.uint8), np.ones((_BESIDE, _BESIDE), np.uint8)) > 0)


def _whole_cells(kinds: Grey) -> Grey:
    """The kind of each cell of a picture whose sides are multiples of a cell."""
    rows, columns = kinds.shape
    wide = np.zeros((-(-rows // SIDE) * SIDE, -(-columns // SIDE) * SIDE), np.uint8)
    wide[:rows, :columns] = kinds
    cells = np.zeros((wide.shape[0] // CELL, wide.shape[1] // CELL), np.uint8)
    step = SIDE // CELL
    for y in range(0, wide.shape[0], SIDE):
        for x in range(0, wide.shape[1], SIDE):
            patch = wide[y : y + SIDE, x : x + SIDE]
            if patch.any():
                cells[y // CELL : y // CELL + step, x // CELL : x // CELL + step] = cells_of(patch)
    return cells[: rows // CELL, : columns // CELL]


def _centres(wrong: NDArray[np.bool_], rng: np.random.Generator) -> list[tuple[float, float]]:
    """A point in each of some groups of wrong cells, in pixels; large groups before small ones."""
    near = cv2.dilate(wrong.astype(np.uint8), np.ones((9, 9), np.uint8))
    count, labels = cv2.connectedComponents(near)
    if count < 2:
        return []
    labels = labels * wrong
    sizes = np.bincount(labels.ravel(), minlength=count)[1:].astype(float)
    weights = np.minimum(sizes, 30.0) + 1e-9
    groups = rng.choice(len(sizes), min(_MOST, len(sizes)), replace=False, p=weights / weights.sum())
    points = []
    for group in groups:
        if sizes[group] >= 2:
            y, x = np.argwhere(labels == group + 1)[int(rng.integers(int(sizes[group])))]
            points.append((float(y) * CELL, float(x) * CELL))
    return points
