"""GRAZPEDWRI-DX: children's wrists in 16 bits (Nagy et al. 2022, doi:10.1038/s41597-022-01328-z).

Layout: `dataset.csv`, one row a picture (filestem, patient_id, study_number, gender, age, laterality,
projection, ao_classification, fracture_visible, metal, ...: a flag that is not set is empty), and 16-bit
`<filestem>.png`, which the publisher packs as `images_part1` to `images_part4`; copies have them in
`images` or beside the table. Projection: 1 frontal, 2 lateral, 3 oblique (the words are taken too). The set
has no split of its own. The fracture label is `fracture_visible`, of this picture; `finding` is the AO code
as it stands.
"""

from __future__ import annotations

from pathlib import Path

from osteon.domain import RefusedError
from training.datasets.layout import Layout, pictures_by_stem
from training.datasets.picture_row import PictureRow
from training.datasets.table import flag, has_columns, read_table, refuse_cell

_NEEDED = {
    "filestem": ("filestem",),
    "patient_id": ("patient_id",),
    "fracture_visible": ("fracture_visible",),
    "ao_classification": ("ao_classification",),
    "laterality": ("laterality",),
    "projection": ("projection",),
}
_OPTIONAL = {"sex": ("gender", "sex"), "study": ("study_number", "study"), "metal": ("metal",)}
_VIEWS = {
    "1": "ap", "ap": "ap", "pa": "pa", "2": "lateral", "lat": "lateral", "lateral": "lateral",
    "3": "oblique", "oblique": "oblique", "": "",
}  # fmt: skip


def _is_here(root: Path) -> bool:
    return has_columns(root / "dataset.csv", {name: _NEEDED[name] for name in ("filestem", "patient_id")})


def _read(root: Path) -> list[PictureRow]:
    table = root / "dataset.csv"
    cells_of = read_table(table, _NEEDED, _OPTIONAL)
    stems = pictures_by_stem([*sorted(root.glob("images*")), *sorted(root.glob("folder_structure*"))])
    return [_row(root, table, number, cells, stems) for number, cells in enumerate(cells_of, start=1)]


def _row(
    root: Path, table: Path, number: int, cells: dict[str, str], stems: dict[str, list[Path]]
) -> PictureRow:
    stem, patient = cells["filestem"], cells["patient_id"].removesuffix(".0")
    laterality, sex = cells["laterality"].upper(), cells["sex"].upper()
    view = _VIEWS.get(cells["projection"].lower().removesuffix(".0"))
    fracture, metal = (_visible(cells[name]) for name in ("fracture_visible", "metal"))
    if not stem or "/" in stem or not patient.isdigit():
        raise refuse_cell(table, number, "a filestem and a patient's number")
    if laterality not in ("L", "R", "") or sex not in ("M", "F", "") or view is None:
        raise refuse_cell(table, number, "L or R, M or F, and a projection from 1 to 3")
    if fracture is None or metal is None:
        raise refuse_cell(table, number, "1 or nothing under fracture_visible and metal")
    return PictureRow(
        file=_file(root, stem, stems),
        patient=f"graz-{int(patient)}",
        study=f"graz-{int(patient)}-{cells['study']}" if cells["study"] else "",
        split="",
        sex=sex,
        laterality=laterality,
        view=view,
        region="wrist",
        labels={"fracture": float(fracture), "implant": float(metal)},
        finding=cells["ao_classification"],
    )


def _visible(text: str) -> bool | None:
    return False if not text else flag(text)


def _file(root: Path, stem: str, stems: dict[str, list[Path]]) -> Path:
    """The PNG of that name; where there is none, a path that the check for missing pictures counts."""
    found = [path for path in stems.get(stem, []) if path.suffix.lower() == ".png"]
    if len(found) > 1:
        raise RefusedError(
            "each picture of GRAZPEDWRI-DX once", "one in several folders", "keep the 16-bit PNG files alone"
        )
    return found[0] if found else root / f"{stem}.png"


GRAZ = Layout(
    name="graz",
    title="GRAZPEDWRI-DX",
    licence="CC BY 4.0",
    home="figshare (doi:10.6084/m9.figshare.14825193)",
    looked_for="dataset.csv with the columns filestem and patient_id",
    is_here=_is_here,
    read=_read,
)
