"""Embeddings and quality of a table's pictures as they are and under each alteration, kept in one file.

python -m benchmarks.drift_streams.embed --model models/knee --pictures knees/labels.csv --output knee.npz
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drift_streams.populations import PLAIN, QUALITY_PREFIX, drawn_rows
from monitoring.alterations import ALTERATIONS
from monitoring.statistics.result import Floats


def embedded(model: Path, table: Path, most: int) -> dict[str, Floats]:
    """Embeddings of the pictures, plain and altered, in one order; their quality as `quality_NAME`."""
    from osteon.dicom import read_picture
    from osteon.models import Predictor
    from osteon.models.picture_quality import picture_quality

    predictor = Predictor.load(model, hmac_key=bytes(32))
    with table.open(encoding="utf-8", newline="") as stream:
        files = [row["file"] for row in csv.DictReader(stream)]
    names = (PLAIN, *ALTERATIONS)
    found: dict[str, list[Any]] = {prefix + name: [] for prefix in ("", QUALITY_PREFIX) for name in names}
    for number, row in enumerate(drawn_rows(len(files))[:most]):
        pixels = read_picture(table.parent / files[row]).pixels
        for name in names:
            own = np.random.default_rng([number, len(name)])
            changed = pixels if name == PLAIN else ALTERATIONS[name](pixels, own)
            square = predictor._package.preprocess.prepare(changed)  # what it serves with
            found[name].append(predictor.answer(square[None], np.zeros(1, dtype=np.int64)).embedding[0])
            quality = picture_quality(changed)
            found[QUALITY_PREFIX + name].append([np.nan] * 6 if quality is None else quality.values)
    return {name: np.array(rows, dtype=np.float32) for name, rows in found.items()}


def main() -> None:
    """Embed and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="package of `osteon finetune`")
    parser.add_argument("--pictures", type=Path, required=True, help="label table")
    parser.add_argument("--output", type=Path, required=True, help="file (.npz)")
    parser.add_argument("--most", type=int, default=1500, help="pictures")
    given = parser.parse_args()
    np.savez(given.output, **embedded(given.model, given.pictures, given.most))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
