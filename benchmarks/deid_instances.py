"""De-identifying whole instances, pixels included: ours against OCR on every picture, in one run.

The peer does what Presidio's DicomImageRedactorEngine does by default before it redacts: the picture scaled
to 8 bits with a margin of 25 pixels, and one call of tesseract on all of it (`image_to_data`, page
segmentation 3, English). presidio-image-redactor itself cannot be installed beside this project (it needs
another OpenCV), so the call is made here through the library that ours uses, in process. A start of the
tesseract program per picture, the entity analysis and the header work are left out: all in its favour.

Input: studies of the synthetic hospitals, of which three in a hundred have an identity in the pixels and
most a marker. Processor time is compared, so that other programs on the machine count for nothing. The last
line is JSON; `ratio` is the peer's seconds over ours.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
import tesserocr

from benchmarks._record import hardware
from osteon.deid import Policy, ProjectKey, Pseudonymiser, deidentify_dicom
from osteon.deid.pixels.reading import tessdata
from osteon.dicom.synthetic import make_sample
from osteon.domain import QuarantinedError

PSEUDONYMISER = Pseudonymiser(ProjectKey(bytes(range(32))), "bench")


class Peer:
    """Tesseract on the whole of every picture."""

    def __init__(self) -> None:
        language = "eng" if (Path(tessdata()) / "eng.traineddata").is_file() else "fra"
        self._api = tesserocr.PyTessBaseAPI(path=tessdata(), lang=language, psm=tesserocr.PSM.AUTO)

    def __call__(self, data: bytes) -> int:
        """How many words it reads."""
        dataset = pydicom.dcmread(BytesIO(data))
        values = dataset.pixel_array.astype(np.float32)
        grey = ((values - values.min()) * (255 / max(1.0, float(values.max() - values.min())))).astype(
            np.uint8
        )
        grey = cv2.copyMakeBorder(grey, 25, 25, 25, 25, cv2.BORDER_REPLICATE)
        self._api.SetImageBytes(grey.tobytes(), grey.shape[1], grey.shape[0], 1, grey.shape[1])
        self._api.Recognize()
        words = sum(bool(line.split("\t")[-1].strip()) for line in self._api.GetTSVText(0).splitlines())
        self._api.Clear()
        return words


class Ours:
    """The product's own call, and what it tells."""

    def __init__(self) -> None:
        self.policy = Policy.load()
        self.removed = self.read = self.again = self.held = 0

    def __call__(self, data: bytes) -> int:
        """How many lines it removed."""
        try:
            report = deidentify_dicom(data, self.policy, PSEUDONYMISER).report
        except QuarantinedError:
            self.held += 1
            return 0
        self.removed += report.text_boxes > 0
        self.read += report.lines_read > 0
        self.again += report.read_again
        return report.text_boxes


def seconds(run: Callable[[bytes], Any], files: list[bytes]) -> float:
    """Processor seconds for all files, after one to warm up."""
    run(files[0])
    started = time.process_time()
    for data in files:
        run(data)
    return time.process_time() - started


def main() -> None:
    """Make the input, run ours and the peer by turns."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        make_sample(Path(folder) / "sample", given.studies, given.seed, workers=1)
        files = [p.read_bytes() for p in sorted((Path(folder) / "sample").rglob("*.dcm"))]
    ours, times = Ours(), {"ours": [], "peer": []}  # type: tuple[Ours, dict[str, list[float]]]
    ours(files[0])
    first = Ours()
    for data in files:
        first(data)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peer = Peer()
    for repeat in range(given.repeats):
        times["ours"].append(seconds(ours, files))
        times["peer"].append(seconds(peer, files))
        print(f"run {repeat}: ours {times['ours'][-1]:.1f} s, peer {times['peer'][-1]:.1f} s", flush=True)
    mine, theirs = statistics.median(times["ours"]), statistics.median(times["peer"])
    count = len(files)
    print(
        json.dumps(
            {
                "benchmark": "deid_instances",
                "instances": count,
                "ours_images_per_s": round(count / mine, 2),
                "peer_images_per_s": round(count / theirs, 2),
                "read_share": round(first.read / count, 4),
                "reread_share": round(first.again / count, 4),
                "removed_share": round(first.removed / count, 4),
                "quarantined": first.held,
                "peak_mib_per_worker": round(memory),
                "hardware": hardware(),
                "ratio": round(theirs / mine, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
