"""FracAtlas: limbs, fractured or not (Abedeen et al. 2023, doi:10.1038/s41597-023-02432-4).

Layout: `dataset.csv` (image_id, hand, leg, hip, shoulder, mixed, hardware, multiscan, fractured,
fracture_count, frontal, lateral, oblique), pictures in `images/Fractured` and `images/Non_fractured`, and
`Utilities/Fracture Split/train.csv|valid.csv|test.csv` (image_id), which divide the fractured pictures
alone. No patient is told from another, so splits can only go by file: two pictures of one visit may be
parted.
"""

from __future__ import annotations

from pathlib import Path

from osteon.domain import RefusedError
from training.datasets.layout import Layout, inside
from training.datasets.picture_row import PictureRow
from training.datasets.table import flag, has_columns, read_table, refuse_cell

_REGIONS = {"hand": "hand", "leg": "leg", "hip": "hip", "shoulder": "shoulder"}
_VIEWS = {"frontal": "ap", "lateral": "lateral", "oblique": "oblique"}
_FLAGS = ("fractured", "hardware")
_NEEDED = {"image_id": ("image_id",), **{name: (name,) for name in _FLAGS}}
_OPTIONAL = {name: (name,) for name in (*_REGIONS, "mixed", *_VIEWS)}
_SPLITS = {"train": "train", "valid": "val", "test": "test"}


def _is_here(root: Path) -> bool:
    return has_columns(root / "dataset.csv", _NEEDED)


def _read(root: Path) -> list[PictureRow]:
    table = root / "dataset.csv"
    splits = _splits(root)
    rows = []
    for number, cells in enumerate(read_table(table, _NEEDED, _OPTIONAL), start=1):
        flags = {name: flag(cells[name]) for name in _FLAGS}
        fractured, hardware = flags["fractured"], flags["hardware"]
        if fractured is None or hardware is None:
            raise refuse_cell(table, number, "0 or 1 under fractured and hardware")
        folder = "Fractured" if fractured else "Non_fractured"
        rows.append(
            PictureRow(
                file=inside(root / "images" / folder, cells["image_id"], table, number),
                patient="",
                split=splits.get(cells["image_id"], ""),
                region=_only(cells, _REGIONS) if not flag(cells["mixed"]) else "",
                view=_only(cells, _VIEWS),
                labels={"fracture": float(fractured), "implant": float(hardware)},
            )
        )
    return rows


def _only(cells: dict[str, str], words: dict[str, str]) -> str:
    """The word of the one column that says yes; empty where none or several do."""
    found = [word for column, word in words.items() if flag(cells[column])]
    return found[0] if len(found) == 1 else ""


def _splits(root: Path) -> dict[str, str]:
    """Split by picture name; empty when the folder of splits is absent, as in some copies."""
    folder = root / "Utilities" / "Fracture Split"
    if not folder.is_dir():
        return {}
    found: dict[str, str] = {}
    for name, split in _SPLITS.items():
        for cells in read_table(folder / f"{name}.csv", {"image_id": ("image_id",)}):
            if found.setdefault(cells["image_id"], split) != split:
                raise RefusedError(
                    "every picture in one of FracAtlas's splits",
                    "a picture in two",
                    "fetch the set's own tables again",
                )
    return found


FRACATLAS = Layout(
    name="fracatlas",
    title="FracAtlas",
    licence="CC BY 4.0",
    home="figshare (doi:10.6084/m9.figshare.22363012)",
    looked_for="dataset.csv with the columns image_id, fractured and hardware",
    is_here=_is_here,
    read=_read,
)
