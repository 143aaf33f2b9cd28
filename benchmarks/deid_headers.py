"""De-identifying DICOM headers: instances/s against dicom-anonymizer, dicognito and deid, in one run.

Each program gets the same files as bytes, removes identity from the header and gives bytes back; nothing
looks at the pixels. Ours removes more (an allow-list under table E.1-1 with five options) and searches its
output again. The programs take turns on files that none has seen; processor time is compared. The peers come
by `make peers`.
The last line is JSON; `ratio` is ours over the fastest peer.

    python -m benchmarks.deid_headers --count 100 --repeats 5
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pydicom

from benchmarks.deid_dicom.instances import instances
from osteon.deid import Policy, ProjectKey, Pseudonymiser, deidentify_dicom

Program = Callable[[bytes], bytes]
_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")


def ours() -> Program:
    """The project's own, its burned-in text finder off."""
    policy = Policy.load()
    policy = policy.model_copy(update={"burned_in": policy.burned_in.model_copy(update={"check": False})})
    pseudonymiser = Pseudonymiser(ProjectKey(bytes(range(32))), "bench")
    return lambda content: deidentify_dicom(content, policy, pseudonymiser).content


def dicom_anonymizer() -> Program:
    """Its defaults: the basic profile of 2026c, private attributes deleted."""
    from dicomanonymizer import anonymize_dataset

    def run(content: bytes) -> bytes:
        dataset = pydicom.dcmread(BytesIO(content))
        anonymize_dataset(dataset)
        return _written(dataset)

    return run


def dicognito() -> Program:
    """Its defaults, with a seed."""
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer(seed="bench")

    def run(content: bytes) -> bytes:
        dataset = pydicom.dcmread(BytesIO(content))
        anonymizer.anonymize(dataset)
        return _written(dataset)

    return run


def deid() -> Program:
    """Its default recipe; it works on files."""
    from deid.config import DeidRecipe
    from deid.dicom import get_identifiers, replace_identifiers

    logging.getLogger("deid").setLevel(logging.CRITICAL)
    recipe, folder = DeidRecipe(), Path(tempfile.mkdtemp(prefix="deid-bench-"))

    def run(content: bytes) -> bytes:
        path = folder / "in.dcm"
        path.write_bytes(content)
        ids = get_identifiers([str(path)])
        made = replace_identifiers(dicom_files=[str(path)], deid=recipe, ids=ids, save=False)
        return _written(made[0])

    return run


def _written(dataset: pydicom.Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def _files(count: int, seed: int) -> list[bytes]:
    made = instances(3 * count, seed)
    return [p.content for p in made if p.syntax in _NATIVE and p.picture.text is None][:count]


def seconds(run: Program, files: list[bytes]) -> float:
    """Processor seconds for all files."""
    started = time.process_time()
    for content in files:
        run(content)
    return time.process_time() - started


def main() -> None:
    """Let each program take its turn on the same files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    batches = [_files(given.count, seed) for seed in range(given.repeats)]  # no program sees a file twice
    files = batches[0]
    programs: dict[str, Program] = {"ours": ours()}
    for name, make in {"dicom_anonymizer": dicom_anonymizer, "dicognito": dicognito, "deid": deid}.items():
        try:
            programs[name] = make()
        except ImportError:
            raise SystemExit(f"{name} is not here: make peers") from None
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for run in programs.values():
        seconds(run, _files(3, 4711))  # imports and tables
    for batch in batches:
        for name, run in programs.items():
            some = batch if name != "deid" else batch[: max(1, len(batch) // 5)]
            taken[name].append(seconds(run, some) / len(some))
    per_second = {name: round(1 / statistics.median(times), 1) for name, times in taken.items()}
    for name, rate in per_second.items():
        print(f"{name}: {rate} instances/s, {1000 / rate:.2f} ms each")
    fastest = max((rate, name) for name, rate in per_second.items() if name != "ours")
    elements = statistics.mean(sum(1 for _ in pydicom.dcmread(BytesIO(c)).iterall()) for c in files[:20])
    print(
        json.dumps(
            {
                "benchmark": "deid_headers",
                "files": len(files),
                "mean_bytes": round(statistics.mean(map(len, files))),
                "mean_elements": round(elements),
                "repeats": given.repeats,
                "instances_per_second": per_second,
                "fastest_peer": fastest[1],
                "ratio": round(per_second["ours"] / fastest[0], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
