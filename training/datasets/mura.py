"""MURA v1.1: upper limbs, normal or abnormal by study (Rajpurkar et al. 2017, arXiv:1712.06957).

Layout: `train_image_paths.csv`, `valid_image_paths.csv` (no header, one path a row) and
`train_labeled_studies.csv`, `valid_labeled_studies.csv` (path of a study's folder, 0 or 1), all paths
beginning with `MURA-v1.1/`; pictures in
`train|valid/XR_<REGION>/patient<n>/study<k>_positive|negative/image<i>.png`. A patient's number is the same
in all regions. The publisher's test part was never given out; `valid` is what papers measure on.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path, PurePosixPath

from osteon.domain import RefusedError
from training.datasets.layout import Layout
from training.datasets.picture_row import PictureRow
from training.datasets.table import read_lines, refuse_cell

_SPLITS = {"train": "train", "valid": "val"}
_REGIONS = {
    "XR_ELBOW": "elbow",
    "XR_FINGER": "hand",
    "XR_FOREARM": "forearm",
    "XR_HAND": "hand",
    "XR_HUMERUS": "other",
    "XR_SHOULDER": "shoulder",
    "XR_WRIST": "wrist",
}
_STUDY = re.compile(
    r"(?:[^/]+/)?(?P<split>train|valid)/(?P<region>XR_[A-Z]+)/(?P<patient>patient\d+)/"
    r"(?P<study>study\d+)_(?P<word>positive|negative)/?"
)


def _is_here(root: Path) -> bool:
    return (root / "train_image_paths.csv").is_file() or (root / "valid_image_paths.csv").is_file()


def _read(root: Path) -> list[PictureRow]:
    rows: list[PictureRow] = []
    for split in _SPLITS:
        studies = root / f"{split}_labeled_studies.csv"
        pictures = root / f"{split}_image_paths.csv"
        labels = {
            folder: label
            for number, cells in _rows(studies)
            for folder, label in [_label(studies, number, cells)]
        }
        for number, cells in _rows(pictures):
            rows.append(_row(root, pictures, number, cells, labels))
    return rows


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    lines = read_lines(path, "MURA")
    try:
        records = list(csv.reader(lines, strict=True))
    except csv.Error:
        raise RefusedError(f"{path.name} as CSV", "text that is not", "fetch MURA's own again") from None
    return [(number, cells) for number, cells in enumerate(records, start=1) if any(cells)]


def _label(path: Path, number: int, cells: list[str]) -> tuple[str, float]:
    """The study's folder and its label; the folder's own last word must say the same."""
    match = _STUDY.fullmatch(cells[0].strip()) if len(cells) == 2 else None
    if match is None or cells[1].strip() not in ("0", "1"):
        raise refuse_cell(path, number, "the path of a study and 0 or 1")
    label = cells[1].strip()
    if (match["word"] == "positive") != (label == "1"):
        raise RefusedError(
            "the same label in a study's folder name and in its table",
            f"two different ones in row {number} of {path.name}",
            "fetch MURA again",
        )
    return _folder(match), float(label)


def _row(root: Path, path: Path, number: int, cells: list[str], labels: dict[str, float]) -> PictureRow:
    picture = PurePosixPath(cells[0].strip())
    match = _STUDY.fullmatch(str(picture.parent)) if len(cells) == 1 and ".." not in picture.parts else None
    if match is None or match["region"] not in _REGIONS:
        raise refuse_cell(path, number, "the path of a picture")
    folder = _folder(match)
    if folder not in labels:
        raise RefusedError(
            "a label of every study that has pictures",
            f"none for row {number} of {path.name}",
            "fetch MURA's own tables again",
        )
    return PictureRow(
        file=root / folder / picture.name,
        patient=f"mura-{match['patient']}",
        study=f"mura-{match['patient']}-{match['region']}-{match['study']}",
        split=_SPLITS[match["split"]],
        region=_REGIONS[match["region"]],
        labels={"abnormal": labels[folder]},
    )


def _folder(match: re.Match[str]) -> str:
    return f"{match['split']}/{match['region']}/{match['patient']}/{match['study']}_{match['word']}"


MURA = Layout(
    name="mura",
    title="MURA v1.1",
    licence="Stanford's research use agreement: no commercial use, not to be passed on",
    home="Stanford AIMI (stanfordmlgroup.github.io/competitions/mura)",
    looked_for="train_image_paths.csv or valid_image_paths.csv",
    is_here=_is_here,
    read=_read,
)
