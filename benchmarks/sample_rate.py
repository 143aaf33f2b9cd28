"""How fast the synthetic hospitals are made: studies per second, everything written, on two processes.

    python -m benchmarks.sample_rate [--studies 120] [--workers 2]

The last line is JSON. The claim: at least 5 studies/s on two cores at about 1,500 px, that is
at most 0.4 s of processor time per study (the figure to trust on a machine that does other work too).
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import pydicom

from osteon.dicom.synthetic import SYNTHETIC_VERSION, make_sample


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=120)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "sample"
        start = time.perf_counter()
        manifest = make_sample(output, arguments.studies, arguments.seed, workers=arguments.workers)
        seconds = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        sides = []
        for path in sorted(output.glob("*/dicom/*/*.dcm")):
            header = pydicom.dcmread(path, stop_before_pixels=True)
            sides.append(max(header.Rows, header.Columns))
    print(
        json.dumps(
            {
                "benchmark": "sample_rate",
                "studies_per_s": round(arguments.studies / seconds, 2),
                "target_studies_per_s": 5.0,
                "cpu_s_per_study": round((used.ru_utime + used.ru_stime) / arguments.studies, 3),
                "images": manifest.figures["images"],
                "long_side_px_median": sorted(sides)[len(sides) // 2],
                "workers": arguments.workers,
                "seconds": round(seconds, 1),
                "synthetic_version": SYNTHETIC_VERSION,
            }
        )
    )


if __name__ == "__main__":
    main()
