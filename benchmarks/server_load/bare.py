"""The bare engine in a process of its own: the same tensors or bytes, without any server.

    python -m benchmarks.server_load.bare PACKAGE PICTURE THREADS

Reads commands from standard input and answers each with a JSON line:

    engine SECONDS               answers per second of the engine alone, on one prepared tensor
    path SECONDS                 answers per second of read, prepare, infer and calibrate
    queue RATE SECONDS SEED      seconds from arrival to answer of the path, under Poisson arrivals
    even RATE SECONDS            the same under arrivals at equal distances
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.server_load.arrivals import even_arrivals, poisson_arrivals
from benchmarks.server_load.package import HMAC_KEY
from osteon.dicom import read_picture
from osteon.models import Predictor
from osteon.models.engine import open_package
from osteon.models.preprocess import normalise


def rate(work: Callable[[], object], seconds: float) -> float:
    """How often a second the work is done."""
    done, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        work()
        done += 1
    return done / passed


def queue(work: Callable[[], object], arrivals: list[float]) -> list[float]:
    """Seconds from each arrival to its answer; one at a time, first come, first served."""
    start, waited = time.perf_counter(), []
    for due in arrivals:
        pause = due - (time.perf_counter() - start)
        if pause > 0:
            time.sleep(pause)
        work()
        waited.append(time.perf_counter() - start - due)
    return waited


def main() -> None:
    package, picture, threads = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes(), int(sys.argv[3])
    opened = open_package(package, "onnxruntime", threads=threads)
    predictor = Predictor(opened, hmac_key=HMAC_KEY)
    prepared = predictor.prepare(read_picture(picture))
    tensor = np.ascontiguousarray(normalise(prepared[None, None]))
    sex = np.zeros(1, dtype=np.int64)

    def engine() -> object:
        return opened.engine.infer(tensor, sex)

    def path() -> object:
        return predictor.predict_one(picture)

    for work in (engine, path):
        rate(work, 1.0)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        name, *numbers = line.split()
        if name == "queue":
            arrivals = poisson_arrivals(float(numbers[0]), float(numbers[1]), int(numbers[2]))
            print(json.dumps(queue(path, arrivals)), flush=True)
        elif name == "even":
            arrivals = even_arrivals(float(numbers[0]), float(numbers[1]))
            print(json.dumps(queue(path, arrivals)), flush=True)
        else:
            print(json.dumps(rate(engine if name == "engine" else path, float(numbers[0]))), flush=True)


if __name__ == "__main__":
    main()
