"""RSNA Pediatric Bone Age Challenge 2017 (Halabi et al. 2019, doi:10.1148/radiol.2018180736).

Layout: three parts, each with a sheet whose columns nobody can take for another's, and pictures `<id>.png`
in a folder whose name says the part:

| part | sheet | pictures |
|---|---|---|
| training, 12,611 | `id, boneage, male` | `boneage-training-dataset/` |
| validation, 1,425 | `Image ID, male, Bone Age (months)` | `boneage-validation-dataset-1/`, `-2/` |
| test, 200 | `Case ID, Sex, Ground truth bone age (months)` | `Test Set Images/`, `boneage-test-dataset/` |

Copies on Kaggle have the training part, and the test part without its truth (`Case ID, Sex`): such rows
come without a label. The organisers give the truth as a spreadsheet: save it as CSV. Which part a row
belongs to is told from its sheet, and its picture is looked for in that part's folders alone, so that the
validation set, which most papers report, is never taken for the 200 test images. Every picture is of
another child as far as the organisers say: the number is the patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from osteon.domain import RefusedError
from training.datasets.layout import Layout, files_below
from training.datasets.picture_row import PictureRow
from training.datasets.table import Columns, flag, has_columns, header_of, read_table, refuse_cell

_DEPTH = 3
_MONTHS = 240.0
_SEXES = {"m": "M", "f": "F", "male": "M", "female": "F"}


@dataclass(frozen=True, kw_only=True)
class _Part:
    split: str
    word: str  # in the name of a folder of its pictures
    columns: Columns
    truth: bool = True


_PARTS = (
    _Part(
        split="train",
        word="train",
        columns={"id": ("id",), "months": ("boneage",), "male": ("male",)},
    ),
    _Part(
        split="val",
        word="valid",
        columns={"id": ("Image ID",), "months": ("Bone Age (months)",), "male": ("male",)},
    ),
    _Part(
        split="test",
        word="test",
        columns={
            "id": ("Case ID",),
            "months": ("Ground truth bone age (months)", "Ground truth", "Bone Age (months)"),
            "sex": ("Sex",),
        },
    ),
    _Part(split="test", word="test", columns={"id": ("Case ID",), "sex": ("Sex",)}, truth=False),
)


def _is_here(root: Path) -> bool:
    return bool(_sheets(root))


def _sheets(root: Path) -> list[tuple[_Part, Path]]:
    """Each table that is a sheet of the challenge, with the part that its columns say."""
    found = []
    for path in sorted(files_below(root, depth=_DEPTH - 1)):
        if path.suffix.lower() == ".csv":
            part = next((part for part in _PARTS if has_columns(path, part.columns)), None)
            if part is not None:
                found.append((part, path))
    return sorted(found, key=lambda sheet: _PARTS.index(sheet[0]))


def _read(root: Path) -> list[PictureRow]:
    sheets = _sheets(root)
    with_truth = {part.split for part, _ in sheets if part.truth}
    for part, path in sheets:
        if not part.truth and len(header_of(path)) > len(part.columns):
            raise RefusedError(
                f"{path.name} with Case ID and Sex alone, or with Ground truth bone age (months)",
                "other columns",
                "save the organisers' sheet as CSV with its own header",
            )
    # Kaggle's list of test cases says nothing beside the truth.
    sheets = [(part, path) for part, path in sheets if part.truth or part.split not in with_truth]
    splits = [part.split for part, _ in sheets]
    if len(set(splits)) != len(splits):
        raise RefusedError(
            "one sheet for each part of the bone age challenge",
            "two for one part",
            "keep one of them in the folder",
        )
    pictures = _pictures(root)
    rows = [row for part, path in sheets for row in _rows(part, path, root, pictures)]
    if len({row.patient for row in rows}) != len(rows):
        raise RefusedError(
            "every number in one part of the bone age challenge, once",
            "a number that stands twice",
            "fetch the sheets again; a validation sheet is not the truth of the test images",
        )
    return rows


def _rows(part: _Part, sheet: Path, root: Path, pictures: dict[tuple[str, str], Path]) -> list[PictureRow]:
    rows = []
    for number, cells in enumerate(read_table(sheet, part.columns), start=1):
        name = cells["id"].removesuffix(".png")
        if not name.isdigit():
            raise refuse_cell(sheet, number, "a picture's number")
        missing = root / f"boneage-{part.word}" / f"{name}.png"
        rows.append(
            PictureRow(
                file=pictures.get((part.word, name), missing),
                patient=f"rsna-{int(name)}",
                split=part.split,
                sex=_sex(cells, sheet, number),
                region="hand",
                labels={"bone_age_months": _months(cells["months"], sheet, number)} if part.truth else {},
            )
        )
    return rows


def _sex(cells: dict[str, str], sheet: Path, number: int) -> str:
    if "sex" in cells:
        sex = _SEXES.get(cells["sex"].lower())
    else:
        male = flag(cells["male"])
        sex = None if male is None else ("M" if male else "F")
    if sex is None:
        raise refuse_cell(sheet, number, "a sex")
    return sex


def _months(text: str, sheet: Path, number: int) -> float:
    try:
        months = float(text)
    except ValueError:
        months = -1.0
    if not 0 <= months <= _MONTHS:
        raise refuse_cell(sheet, number, f"months from 0 to {_MONTHS:g}")
    return months


def _pictures(root: Path) -> dict[tuple[str, str], Path]:
    """Pictures by (word of the part, number); a picture in a folder of no part, or of two, is not taken."""
    words = {part.word for part in _PARTS}
    found: dict[tuple[str, str], Path] = {}
    for path in files_below(root, depth=_DEPTH):
        if path.suffix.lower() not in (".png", ".jpg"):
            continue
        place = "/".join(path.relative_to(root).parts[:-1]).lower()
        said = [word for word in words if word in place]
        if len(said) == 1 and found.setdefault((said[0], path.stem), path) != path:
            raise RefusedError(
                "each picture of the bone age challenge once", "one in two folders", "keep one of them"
            )
    return found


BONE_AGE = Layout(
    name="bone-age",
    title="RSNA Bone Age 2017",
    licence="the challenge's terms: research and education, no commercial use",
    home="RSNA (rsna.org, AI challenges, 2017)",
    looked_for="a CSV with id, boneage, male; with Image ID, male, Bone Age (months); or with Case ID, Sex",
    is_here=_is_here,
    read=_read,
)
