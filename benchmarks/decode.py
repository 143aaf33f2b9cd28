"""Reading a radiograph: `osteon.dicom.read_picture` against pydicom's own way, in one run.

The peer is what pydicom documents: `pixel_array`, `apply_modality_lut`, `apply_voi_lut`, inversion for
MONOCHROME1 and scaling to [0, 1]. Both start from the same bytes; the pictures must agree first.
The last line is JSON; `ratio` is peer time over ours, the median over the syntaxes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from osteon.dicom import read_picture
from tests.dicom_files import LOSSLESS, dicom_bytes, limb


def peer(data: bytes) -> NDArray[np.float32]:
    """The picture by pydicom alone."""
    dataset = pydicom.dcmread(BytesIO(data))
    values = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    scaled = values / ((1 << dataset.BitsStored) - 1)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        scaled = 1 - scaled
    picture: NDArray[np.float32] = scaled.astype(np.float32)
    return picture


def radiograph(rows: int, columns: int) -> NDArray[np.uint16]:
    """A limb with the noise of an exposure, 12 bits."""
    noise = np.random.default_rng(0).normal(0, 12, (rows, columns))
    return np.clip(limb(rows, columns) * 0.9 + 150 + noise, 0, 4095).astype(np.uint16)


def median_s(run: Callable[[bytes], Any], data: bytes, repeats: int) -> float:
    """Median seconds of one call, after one to warm up."""
    run(data)
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run(data)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    """Compare in every lossless syntax that pydicom reads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--columns", type=int, default=1600)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    pixels = radiograph(given.rows, given.columns)
    results: dict[str, dict[str, float]] = {}
    for name, syntax in LOSSLESS.items():
        data = dicom_bytes(
            pixels,
            syntax=syntax,
            PhotometricInterpretation="MONOCHROME1",
            WindowCenter="2048",
            WindowWidth="4096",
        )
        try:
            difference = float(np.abs(peer(data) - read_picture(data).pixels).max())
        except (NotImplementedError, RuntimeError) as error:
            results[name] = {
                "ours_ms": round(1000 * median_s(lambda d: read_picture(d), data, given.repeats), 2)
            }
            print(f"{name}: pydicom has no decoder for it here ({type(error).__name__})")
            continue
        if difference > 1e-4:
            raise SystemExit(f"{name}: the pictures differ by {difference}")
        ours = median_s(lambda d: read_picture(d), data, given.repeats)
        theirs = median_s(peer, data, given.repeats)
        results[name] = {
            "ours_ms": round(1000 * ours, 2),
            "pydicom_ms": round(1000 * theirs, 2),
            "ratio": round(theirs / ours, 2),
        }
        print(f"{name}: ours {1000 * ours:.1f} ms, pydicom {1000 * theirs:.1f} ms")
    ratios = [each["ratio"] for each in results.values() if "ratio" in each]
    print(
        json.dumps(
            {
                "benchmark": "decode",
                "rows": given.rows,
                "columns": given.columns,
                "syntaxes": results,
                "ratio": round(statistics.median(ratios), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
