"""The project's own label table (DESIGN.md, "Label table"): a CSV with `file` and a label column.

Layout: `labels.csv`, else `manifest.csv`, in the folder; `patient`, `sex`, `side` (or `laterality`),
`view`, `region`, `study` and `split` are taken where they stand. Keys stay as they are written, so that the
project's test rows are the same in the table that is written from it.
"""

from __future__ import annotations

from pathlib import Path

from osteon.domain import RefusedError
from training.datasets.layout import Layout
from training.datasets.picture_row import LABEL_COLUMNS, PictureRow
from training.datasets.table import header_of, plain_name, read_table, refuse_cell

_NAMES = ("labels.csv", "manifest.csv")
_OPTIONAL = {
    "patient": ("patient",),
    "sex": ("sex",),
    "laterality": ("laterality", "side"),
    "view": ("view",),
    "region": ("region",),
    "study": ("study",),
    "split": ("split",),
    **{name: (name,) for name in LABEL_COLUMNS},
}
_HIGHEST = {"fracture": 1.0, "abnormal": 1.0, "kl_grade": 4.0, "bone_age_months": 240.0}
_SIDES = {"l": "L", "left": "L", "r": "R", "right": "R"}


def _table(root: Path) -> Path | None:
    for name in _NAMES:
        columns = header_of(root / name)
        if "file" in columns and any(plain_name(label) in columns for label in LABEL_COLUMNS):
            return root / name
    return None


def _is_here(root: Path) -> bool:
    return _table(root) is not None


def _read(root: Path) -> list[PictureRow]:
    table = _table(root)
    if table is None:
        raise RefusedError(
            f"{' or '.join(_NAMES)} with the columns file and one of {', '.join(LABEL_COLUMNS)}",
            "a folder without it",
            "write the label table first",
        )
    return [
        _row(root, table, number, cells)
        for number, cells in enumerate(read_table(table, {"file": ("file",)}, _OPTIONAL), start=1)
    ]


def _row(root: Path, table: Path, number: int, cells: dict[str, str]) -> PictureRow:
    if not cells["file"]:
        raise refuse_cell(table, number, "a file")
    return PictureRow(
        file=root / cells["file"],
        patient=cells["patient"],
        study=cells["study"],
        split=cells["split"],
        sex=cells["sex"] if cells["sex"] in ("M", "F") else "",
        laterality=_SIDES.get(cells["laterality"].lower(), ""),
        view=cells["view"].lower(),
        region=cells["region"],
        labels={name: _label(cells[name], name, table, number) for name in LABEL_COLUMNS if cells[name]},
    )


def _label(text: str, column: str, table: Path, number: int) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value <= _HIGHEST.get(column, float("inf")):
        raise refuse_cell(table, number, f"a {column} in its range")
    return value


OWN_TABLE = Layout(
    name="table",
    title="Label table",
    licence="the hospital's own",
    home="the hospital",
    looked_for=f"{' or '.join(_NAMES)} with the column file and a label column",
    is_here=_is_here,
    read=_read,
)
