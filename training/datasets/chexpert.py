"""CheXpert 8x200 and 5x200: chest films, two hundred for each class, for retrieval and zero-shot questions.

8x200 is of Zhang et al. 2020 (ConVIRT, arXiv:2010.00747, section 4.2), 5x200 of Huang et al. 2021 (GLoRIA,
doi:10.1109/ICCV48922.2021.00391). The tables are small CSV files over the pictures of CheXpert itself. Two
forms are taken, since copies differ: `Path` and one column for each class (GLoRIA's, CheXpert's own names,
one class set to 1), or `Path` and the class by name (`Variable`, `Class` or `Label`). `Path` begins with
`CheXpert-v1.0...` or with `train` or `valid`; the pictures are looked for below the table's folder as the
path says, else without its first folder. Everything is for measuring: the split is `test`, or `query` and
`candidate` where the table's name says so.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from osteon.domain import RefusedError
from training.datasets.layout import Layout, inside
from training.datasets.picture_row import PictureRow
from training.datasets.table import flag, header_of, plain_name, read_table, refuse_cell

CLASSES = (
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)
_BY_NAME = {plain_name(name): name for name in CLASSES}
_NAMED = ("Variable", "Class", "Label")
_TABLE = re.compile(r".*(?:8|5)x200.*\.csv", re.IGNORECASE)
_PLACE = re.compile(r"(?:.*/)?(?P<patient>patient\d+)/(?P<study>study\d+)/(?P<view>[^/]+)\.(?:jpg|png)")
_SEXES = {"male": "M", "female": "F", "m": "M", "f": "F"}
_VIEWS = {"ap": "ap", "pa": "pa"}


def _tables(root: Path) -> list[Path]:
    found = [path for path in root.glob("*.csv") if _TABLE.fullmatch(path.name)]
    if re.search(r"(?:8|5)x200", root.name, re.IGNORECASE):
        found += [path for path in root.glob("*.csv") if path not in found]
    return sorted(path for path in found if "path" in header_of(path))


def _is_here(root: Path) -> bool:
    return bool(_tables(root))


def _read(root: Path) -> list[PictureRow]:
    return [row for table in _tables(root) for row in _rows(root, table)]


def _rows(root: Path, table: Path) -> list[PictureRow]:
    present = header_of(table)
    classes: dict[str, tuple[str, ...]] = {
        name: (name,) for plain, name in _BY_NAME.items() if plain in present
    }
    named = any(plain_name(name) in present for name in _NAMED)
    if named == bool(classes):
        raise RefusedError(
            f"{table.name} with a column for each class, or one that names the class",
            "both" if named else "neither",
            "fetch the set's own table again",
        )
    needed = {"path": ("Path",), **(classes or {"class": _NAMED})}
    optional = {"sex": ("Sex",), "view": ("AP/PA",)}
    split = next((word for word in ("query", "candidate") if word in table.name.lower()), "test")
    return [
        _row(root, table, number, cells, split, bool(classes))
        for number, cells in enumerate(read_table(table, needed, optional), start=1)
    ]


def _row(
    root: Path, table: Path, number: int, cells: dict[str, str], split: str, one_hot: bool
) -> PictureRow:
    if one_hot:
        said = [name for name in CLASSES if name in cells and flag(cells[name])]
    else:
        said = [_BY_NAME[plain_name(cells["class"])]] if plain_name(cells["class"]) in _BY_NAME else []
    place = _PLACE.fullmatch(cells["path"])
    if len(said) != 1 or place is None:
        raise refuse_cell(table, number, "one class and the path of a CheXpert picture")
    file = inside(root, cells["path"], table, number)
    if not file.is_file():
        shorter = PurePosixPath(*PurePosixPath(cells["path"]).parts[1:])
        file = root / shorter if (root / shorter).is_file() else file
    return PictureRow(
        file=file,
        patient=f"chexpert-{place['patient']}",
        study=f"chexpert-{place['patient']}-{place['study']}",
        split=split,
        sex=_SEXES.get(cells["sex"].lower(), ""),
        view="lateral" if "lateral" in place["view"].lower() else _VIEWS.get(cells["view"].lower(), ""),
        region="chest",
        finding=said[0],
        labels={"abnormal": float(said[0] != "No Finding")},
    )


CHEXPERT = Layout(
    name="chexpert",
    title="CheXpert 8x200 and 5x200",
    licence="Stanford's research use agreement: no commercial use, not to be passed on",
    home="Stanford AIMI (CheXpert), with the list of pictures from its authors",
    looked_for="a CSV named ...8x200... or ...5x200... (or a folder so named) with a column Path",
    is_here=_is_here,
    read=_read,
)
