"""Reading a radiograph: `osteon.dicom.read_picture` against pydicom's own way, in one run.

The peer is what pydicom documents: `pixel_array`, `apply_modality_lut`, `apply_voi_lut`, inversion for
MONOCHROME1 and scaling to [0, 1]. Both start from the same bytes; the pictures must agree first.
The last line is JSON; `ratio` is peer time over ours, the median over the syntaxes.

`over_codec` is the way from the file's bytes to a model's input of 512 px over the fastest codec's bare
decode of the frame, of all that are installed; the bound is 1.25. An uncompressed file has no codec.
On a busy machine `--processor` gives seconds of the processor, of all threads, instead of the wall's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from osteon.dicom import read_picture
from osteon.models import Preprocess
from tests.dicom_files import LOSSLESS, dicom_bytes, limb

Clock = Callable[[], float]


def peer(data: bytes) -> NDArray[np.float32]:
    """The picture by pydicom alone."""
    dataset = pydicom.dcmread(BytesIO(data))
    values = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    scaled = values / ((1 << dataset.BitsStored) - 1)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        scaled = 1 - scaled
    picture: NDArray[np.float32] = scaled.astype(np.float32)
    return picture


def bare_codec_ms(data: bytes, repeats: int, clock: Clock) -> tuple[str, float] | None:
    """The fastest decoder of the frame alone, and its milliseconds; None where nothing is compressed."""
    import imagecodecs

    dataset = pydicom.dcmread(BytesIO(data))
    uid = dataset.file_meta.TransferSyntaxUID
    if not uid.is_compressed or uid.is_deflated:
        return None
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
    found: dict[str, float] = {}
    for name in ("jpeg2k_decode", "jpegls_decode", "jpeg_decode"):
        with suppress(Exception):  # another family's stream
            found[f"imagecodecs.{name}"] = median_s(getattr(imagecodecs, name), frame, repeats, clock)
    with suppress(Exception):
        cells = np.dtype(f"<u{dataset.BitsAllocated // 8}")
        planes = bytearray(dataset.Rows * dataset.Columns * cells.itemsize)
        decode = partial(imagecodecs.dicomrle_decode, dtype=cells, out=planes)
        found["imagecodecs.dicomrle_decode"] = median_s(decode, frame, repeats, clock)
    with suppress(Exception):
        decoder = get_decoder(uid)
        for plugin in decoder.available_plugins:
            by_plugin = partial(decoder.as_array, raw=True, decoding_plugin=plugin)
            found[plugin] = median_s(by_plugin, dataset, repeats, clock)
    if not found:
        return None
    name = min(found, key=lambda one: found[one])
    return name, 1000 * found[name]


def to_input(data: bytes) -> NDArray[np.float32]:
    """From the file's bytes to the square that a model takes."""
    return Preprocess(size=512).prepare(read_picture(data))


def radiograph(rows: int, columns: int) -> NDArray[np.uint16]:
    """A limb with the noise of an exposure, 12 bits."""
    noise = np.random.default_rng(0).normal(0, 12, (rows, columns))
    return np.clip(limb(rows, columns) * 0.9 + 150 + noise, 0, 4095).astype(np.uint16)


def median_s(run: Callable[[Any], Any], data: Any, repeats: int, clock: Clock) -> float:
    """Median seconds of one call, after one to warm up."""
    run(data)
    times = []
    for _ in range(repeats):
        started = clock()
        run(data)
        times.append(clock() - started)
    return statistics.median(times)


def main() -> None:
    """Compare in every lossless syntax that pydicom reads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2500)
    parser.add_argument("--columns", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--processor", action="store_true", help="seconds of the processor")
    parser.add_argument("--syntax", nargs="+", choices=tuple(LOSSLESS), default=list(LOSSLESS))
    given = parser.parse_args()
    clock: Clock = time.process_time if given.processor else time.perf_counter
    pixels = radiograph(given.rows, given.columns)
    results: dict[str, dict[str, Any]] = {}
    for name in given.syntax:
        syntax = LOSSLESS[name]
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
                "ours_ms": round(1000 * median_s(lambda d: read_picture(d), data, given.repeats, clock), 2)
            }
            print(f"{name}: pydicom has no decoder for it here ({type(error).__name__})")
            continue
        if difference > 1e-4:
            raise SystemExit(f"{name}: the pictures differ by {difference}")
        codec = bare_codec_ms(data, given.repeats, clock)
        whole = 1000 * median_s(to_input, data, given.repeats, clock)
        bare = (
            {}
            if codec is None
            else {"codec": codec[0], "codec_ms": round(codec[1], 2), "over_codec": round(whole / codec[1], 3)}
        )
        ours = median_s(lambda d: read_picture(d), data, given.repeats, clock)
        theirs = median_s(peer, data, given.repeats, clock)
        results[name] = {
            "ours_ms": round(1000 * ours, 2),
            "pydicom_ms": round(1000 * theirs, 2),
            "ratio": round(theirs / ours, 2),
            "to_input_ms": round(whole, 2),
            **bare,
        }
        print(f"{name}: ours {1000 * ours:.1f} ms, pydicom {1000 * theirs:.1f} ms")
    ratios = [each["ratio"] for each in results.values() if "ratio" in each]
    print(
        json.dumps(
            {
                "benchmark": "decode",
                "rows": given.rows,
                "columns": given.columns,
                "clock": "processor" if given.processor else "wall",
                "syntaxes": results,
                "ratio": round(statistics.median(ratios), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
