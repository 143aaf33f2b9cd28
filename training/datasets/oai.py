"""OAI knees: Kellgren and Lawrence grades of the central reading, with films or crops of them.

Layout of the grades, as the OAI gives them: `kxr_sq_bu<visit>.txt` (columns between `|`) or `.csv`, visit
00, 01, 03, 05, 06, 08 or 10; one row for a knee and a reading project: `ID, SIDE` (1 right, 2 left),
`READPRJ` (15 first), and `V<visit>XRKL` (0 to 4; `.` and what follows it: not read). Cells may carry their
meaning after a colon ("2: Left").

Pictures have no published names once they leave the OAI's DICOM folders, whose films are of hands, hips and
legs too. Name the knee films or their crops, in PNG, JPEG, TIFF or DICOM, anywhere below the folder:
- `<ID>[_V<visit>|_<visit>][_]<L|R>.png`, a crop of one knee; without a visit it is the baseline;
- `<ID>[_V<visit>|_<visit>].png`, both knees on one film: two rows, one for each half. The patient's right
  knee is on the left of the picture, as films are looked at.

The OAI gives no split; the patient is its ID.
"""

from __future__ import annotations

import re
from pathlib import Path

from osteon.domain import RefusedError
from training.datasets.layout import PICTURE_SUFFIXES, Layout, files_below
from training.datasets.picture_row import Part, PictureRow
from training.datasets.table import read_table, refuse_cell

_SHEET = re.compile(r"kxr_sq_bu(?P<visit>\d\d)\.(?:txt|csv)", re.IGNORECASE)
_PICTURE = re.compile(r"(?P<id>9\d{6})(?:_?V?(?P<visit>\d\d))?(?:_?(?P<side>[LR]))?", re.IGNORECASE)
_CODE = re.compile(r"(?P<value>\d+)(?:\.0+)?(?:\s*:.*)?")
_MISSING = re.compile(r"(?:\..*|M|NA|)")
_SIDES = {"1": "R", "2": "L"}
_HALVES: dict[str, Part] = {"R": "left_half", "L": "right_half"}
_FIRST_PROJECT = "15"
_DEPTH = 6
Knee = tuple[str, str, str]  # patient, visit, side


def _is_here(root: Path) -> bool:
    return any(_SHEET.fullmatch(path.name) for path in files_below(root, depth=2))


def _read(root: Path) -> list[PictureRow]:
    grades: dict[Knee, float | None] = {}
    for path in files_below(root, depth=2):
        sheet = _SHEET.fullmatch(path.name)
        if sheet:
            found = _grades(path, sheet["visit"])
            if grades.keys() & found.keys():
                raise RefusedError("one table for each visit", "two for one", "keep one of them")
            grades.update(found)
    rows = [row for path in files_below(root, depth=_DEPTH) for row in _rows(path, grades)]
    if not rows:
        raise RefusedError(
            "pictures named by the OAI's ID, such as 9000000_00_L.png",
            "none",
            "put the films or crops below the same folder as the table",
        )
    return rows


def _grades(path: Path, visit: str) -> dict[Knee, float | None]:
    """Grade of each knee of a visit; of several readings that of project 15, else of the lowest number."""
    columns = {"id": ("ID",), "side": ("SIDE",), "grade": (f"V{visit}XRKL",)}
    best: dict[Knee, tuple[int, float | None]] = {}
    for number, cells in enumerate(read_table(path, columns, {"project": ("READPRJ",)}), start=1):
        side = _SIDES.get(_code(cells["side"], path, number) or "")
        patient, grade = _code(cells["id"], path, number), _code(cells["grade"], path, number)
        if patient is None or side is None or grade not in (None, "0", "1", "2", "3", "4"):
            raise refuse_cell(path, number, "an ID, side 1 or 2, and a grade from 0 to 4 or none")
        project = (_code(cells["project"], path, number) if cells["project"] else None) or _FIRST_PROJECT
        # A reading with a grade comes before one without; then the project of the whole cohort.
        rank = (grade is None) * 10_000 + (0 if project == _FIRST_PROJECT else int(project))
        knee = (patient, visit, side)
        if knee not in best or rank < best[knee][0]:
            best[knee] = (rank, None if grade is None else float(grade))
    return {knee: grade for knee, (_, grade) in best.items()}


def _code(text: str, path: Path, number: int) -> str | None:
    """The number of a cell, without its meaning; None where the OAI says that nothing was read."""
    match = _CODE.fullmatch(text)
    if match:
        return str(int(match["value"]))
    if not _MISSING.fullmatch(text):
        raise refuse_cell(path, number, "numbers, or a point where nothing was read,")
    return None


def _rows(path: Path, grades: dict[Knee, float | None]) -> list[PictureRow]:
    """One row for a crop, two for a film with both knees, none for any other file."""
    named = _PICTURE.fullmatch(path.stem)
    if named is None or path.suffix.lower() not in PICTURE_SUFFIXES:
        return []
    patient, visit, side = named["id"], named["visit"] or "00", (named["side"] or "").upper()
    return [
        _row(path, patient, visit, one, "whole" if side else _HALVES[one], grades)
        for one in ([side] if side else ["R", "L"])
    ]


def _row(
    path: Path, patient: str, visit: str, side: str, part: Part, grades: dict[Knee, float | None]
) -> PictureRow:
    grade = grades.get((patient, visit, side))
    return PictureRow(
        file=path,
        patient=f"oai-{patient}",
        study=f"oai-{patient}-{visit}",
        split="",
        laterality=side,
        view="pa",
        region="knee",
        part=part,
        labels={} if grade is None else {"kl_grade": grade},
    )


OAI = Layout(
    name="oai",
    title="OAI knees",
    licence="the NIMH Data Archive's data use certification for the OAI",
    home="the NIMH Data Archive (nda.nih.gov/oai)",
    looked_for="kxr_sq_bu<visit>.txt or .csv",
    is_here=_is_here,
    read=_read,
)
