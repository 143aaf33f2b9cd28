"""Knees of the OAI in one folder for each grade (Chen 2018, doi:10.17632/56rmx5bjcr.1; Chen et al. 2019).

Layout: `train/0` to `train/4`, `val/...`, `test/...` and, in the whole release, `auto_test/...` (the test
knees again, cut out by a detector), with `<patient><L|R>.png`, in `kneeKL224` or `kneeKL299`; copies put a
sign before the side or a number after it. The publisher parted knees, not people: where both knees of a
patient stand in different parts, the earlier part loses its one (`left_out`). Patients are the OAI's, so a
key is the same as in its own tables.
"""

from __future__ import annotations

import re
from pathlib import Path

from osteon.domain import RefusedError
from training.datasets.layout import PICTURE_SUFFIXES, Layout
from training.datasets.picture_row import PictureRow

SPLITS = ("train", "val", "test", "auto_test")
GRADES = ("0", "1", "2", "3", "4")
_NAME = re.compile(r"(?P<patient>[A-Za-z0-9]+?)[_-]?(?P<side>[LR])\d*")


def _is_here(root: Path) -> bool:
    return any(all((root / split / grade).is_dir() for grade in GRADES) for split in SPLITS)


def _read(root: Path) -> list[PictureRow]:
    for split in SPLITS[:3]:
        for grade in GRADES:
            if not (root / split / grade).is_dir():
                raise RefusedError(
                    "folders 0 to 4 in each of train, val and test",
                    f"{split}/{grade} missing",
                    "fetch the set again: without its test part nothing could be compared",
                )
    rows = []
    for split in SPLITS:
        for grade in GRADES:
            for path in sorted((root / split / grade).glob("*")):
                if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file():
                    rows.append(_row(path, split, grade))
    return rows


def _row(path: Path, split: str, grade: str) -> PictureRow:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise RefusedError(
            "knees named by patient and side, such as 9000000L.png",
            f"another name in {split}/{grade}",
            "take it out, or fetch the set again",
        )
    return PictureRow(
        file=path,
        patient=f"oai-{match['patient'].lower()}",
        split=split,
        laterality=match["side"],
        view="pa",
        region="knee",
        labels={"kl_grade": float(grade)},
    )


KNEE_FOLDERS = Layout(
    name="knee-folders",
    title="Knee KL folders (Chen 2018)",
    licence="CC BY 4.0 as published; derived from the OAI, whose data use terms apply",
    home="Mendeley Data (doi:10.17632/56rmx5bjcr.1)",
    looked_for="folders train, val or test, each with folders 0 to 4",
    is_here=_is_here,
    read=_read,
)
