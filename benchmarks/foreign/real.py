"""Real pictures that no bone model should judge, from files: slices of a volume, DICOM."""

from __future__ import annotations

import gzip
import plistlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteon.dicom import read_picture
from osteon.domain import OsteonError

Pictures = list[NDArray[np.float32]]
_SCANS = frozenset({"CT", "MR", "US", "NM"})
_CHEST, _LIMBS = frozenset({"chest"}), frozenset({"leg", "foot", "hand", "knee", "wrist", "ankle", "forearm"})
_LEAST_PX = 60
_WINDOWS = ((40, 400), (40, 80), (500, 2500), (-100, 1500))  # centre and width in Hounsfield units


def dicom_pictures(folders: list[Path]) -> dict[str, Pictures]:
    """`scan`, `chest` and `limb`: one of each different picture, told apart by modality and body part."""
    found: dict[str, Pictures] = {"scan": [], "chest": [], "limb": []}
    seen: set[bytes] = set()
    for path in sorted(path for folder in folders for path in folder.rglob("*.dcm")):
        try:
            picture = read_picture(path)
        except OsteonError:
            continue
        pixels = picture.pixels
        if min(pixels.shape) < _LEAST_PX or float(pixels.std()) < 1e-3:
            continue
        mark = _mark(pixels)
        if mark in seen:
            continue
        seen.add(mark)
        if picture.modality in _SCANS:
            found["scan"].append(pixels)
        elif picture.modality in {"CR", "DX"} and picture.body_part in _CHEST | _LIMBS:
            found["chest" if picture.body_part in _CHEST else "limb"].append(pixels)
    return found


def _mark(pixels: NDArray[np.float32]) -> bytes:
    """Equal for one picture in several encodings."""
    rows, columns = (np.linspace(0, size - 1, 8).astype(int) for size in pixels.shape)
    small = pixels[np.ix_(rows, columns)]
    return np.asarray(np.rint(small * 6), np.uint8).tobytes()


def invesalius_volume(folder: Path) -> NDArray[np.int16]:
    """The volume (slices, rows, columns) in Hounsfield units of an unpacked InVesalius project."""
    (main,) = folder.rglob("main.plist")
    matrix = plistlib.loads(main.read_bytes())["matrix"]
    values = np.fromfile(main.parent / matrix["filename"], np.dtype(matrix["dtype"]))
    return values.reshape(matrix["shape"])


def nifti_volume(path: Path) -> NDArray[np.float32]:
    """The volume (slices, rows, columns) of a single-file NIfTI-1 image, in its stored order."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    sizes = np.frombuffer(data[40:56], "<i2")
    kind = {2: "u1", 4: "<i2", 8: "<i4", 16: "<f4", 64: "<f8", 512: "<u2"}[
        int(np.frombuffer(data[70:72], "<i2")[0])
    ]
    start = int(np.frombuffer(data[108:112], "<f4")[0])
    values = np.frombuffer(data, kind, int(np.prod(sizes[1:4])), start)
    return values.reshape(sizes[3], sizes[2], sizes[1]).astype(np.float32)


def ct_slices(volume: NDArray[np.int16], count: int, rng: np.random.Generator) -> Pictures:
    """Slices across each of the three axes, in one of four windows."""
    return [_windowed(_slice(volume, rng), *_WINDOWS[int(rng.integers(len(_WINDOWS)))]) for _ in range(count)]


def mr_slices(volume: NDArray[np.float32], count: int, rng: np.random.Generator) -> Pictures:
    """Slices across each of the three axes, from black to the volume's brightest."""
    top = float(np.quantile(volume, 0.999))
    return [_windowed(_slice(volume, rng), top / 2, top) for _ in range(count)]


def _slice(volume: NDArray[np.floating] | NDArray[np.int16], rng: np.random.Generator) -> NDArray[np.float32]:
    axis = int(rng.integers(3))
    number = int(rng.uniform(0.2, 0.8) * volume.shape[axis])
    return np.asarray(np.take(volume, number, axis=axis), np.float32)[::-1]


def _windowed(values: NDArray[np.float32], centre: float, width: float) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.clip((values - (centre - width / 2)) / width, 0, 1))


def skull_films(volume: NDArray[np.int16], count: int, rng: np.random.Generator) -> Pictures:
    """Radiographs computed from a head's CT: straight rays through it, front or side, with noise."""
    attenuation = np.maximum(volume.astype(np.float32) + 1000, 0) / 1000 * 0.02
    found = []
    for _ in range(count):
        axis = int(rng.integers(1, 3))
        film = 1 - np.exp(-attenuation.sum(axis=axis) * float(rng.uniform(0.4, 1.2)))
        film = film[::-1] + rng.normal(0, 0.01, film.shape)
        found.append(np.asarray(np.clip(film, 0, 1) ** rng.uniform(0.7, 1.5), np.float32))
    return found
