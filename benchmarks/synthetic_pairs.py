"""Pairs and fracture boxes of synthetic samples, without their de-identification: for measurements alone.

The identities of a sample are invented and reports enter by their sections, so a measurement on thousands
of studies need not wait for the de-identification (about 1 s a study). Real studies never come this way.

    python -m benchmarks.synthetic_pairs SAMPLE [SAMPLE ...] --output PAIRS
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
from pathlib import Path

from osteon.artefact import atomic_write, folder_hash, write_manifest
from osteon.dicom.synthetic import SYNTHETIC_VERSION
from osteon.dicom.synthetic.places import fracture_boxes
from osteon.dicom.synthetic.plan import plan_study
from osteon.domain import Manifest
from osteon.pairs import build_pairs
from osteon.pairs.build import IMAGES_FOLDER

BOXES = "boxes.csv"
_BOX_COLUMNS = ("file", "x0", "y0", "x1", "y1")
_STUDY_KEY = re.compile(r"S(\d+)-(\d+)")


def synthetic_pairs(samples: list[Path], output: Path, *, size: int = 256, workers: int = 1) -> Path:
    """The folder of `osteon pairs build` for these samples, with `boxes.csv` beside the label tables."""
    staged = output.with_name(f".{output.name}.staged")
    rows = [row | {"sample": str(sample)} for sample in samples for row in _truth(sample)]
    for row in rows:
        link = staged / row["file"]
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(Path(row["sample"]).resolve() / row["file"])
    table = [{**row, "burned_in": "0"} for row in rows]
    atomic_write(staged / "instances.csv", _csv(table))
    atomic_write(staged / "labels.csv", _csv(table))
    studies = {row["study_key"]: row for row in rows}
    lines = [
        json.dumps(
            {
                "study": key,
                "patient": row["patient"],
                "text": (Path(row["sample"]) / row["report"]).read_text("utf-8"),
            },
            ensure_ascii=False,
        )
        for key, row in sorted(studies.items())
    ]
    atomic_write(staged / "reports.jsonl", "\n".join(lines) + "\n")
    inputs = {f"sample{number}": folder_hash(sample) for number, sample in enumerate(samples)}
    write_manifest(staged, Manifest(stage="deid", inputs=inputs, seed=0, synthetic_version=SYNTHETIC_VERSION))
    build_pairs(staged, output, size=size, workers=workers)
    atomic_write(output / BOXES, _boxes(rows))
    return output


def _truth(sample: Path) -> list[dict[str, str]]:
    with (sample / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _boxes(rows: list[dict[str, str]]) -> str:
    """Boxes by the name that `build_pairs` gives a picture: images/HOSPITAL/STUDY/POSITION.png."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_BOX_COLUMNS)
    position: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: row["file"]):
        key = row["study_key"]
        number = position[key] = position.get(key, -1) + 1
        found = _STUDY_KEY.fullmatch(key)
        assert found is not None
        for box in fracture_boxes(plan_study(int(found[1]), int(found[2])), row["view"]):
            name = f"{IMAGES_FOLDER}/{row['hospital']}/{key}/{number}.png"
            writer.writerow([name, *(f"{value:.4f}" for value in (box.x0, box.y0, box.x1, box.y1))])
    return stream.getvalue()


def _csv(rows: list[dict[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def main() -> None:
    """Writes the folder that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    print(synthetic_pairs(given.samples, given.output, size=given.size, workers=given.workers))


if __name__ == "__main__":
    main()
