"""Tables of public sets, whatever they hold: read exactly, or refused without a value of theirs."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.domain import RefusedError
from tests.public_sets import BUILDERS
from training.datasets import LEFT_OUT, PictureRow, detect, layout_named
from training.datasets.layout import separate_patients, side_of
from training.datasets.table import plain_name, read_table

COLUMNS = ("Image ID", "male", "Bone Age (months)")
NEEDED = {"id": ("Image ID",), "male": ("male",), "months": ("Bone Age (months)",)}
CELLS = st.text("aZ09éß\"',;|\t .-–\u00a0\U0001f9b4", max_size=12)
# Every table of every set whose header decides what is read.
TABLES = (
    ("fracatlas", "dataset.csv", ("image_id", "hardware", "fractured")),
    ("graz", "dataset.csv", ("filestem", "patient_id", "fracture_visible", "laterality", "projection")),
    ("bone-age", "boneage-training-dataset.csv", ("id", "boneage", "male")),
    ("bone-age", "Validation Dataset.csv", COLUMNS),
    ("bone-age", "Bone age ground truth.csv", ("Case ID", "Sex")),
    ("oai", "kxr_sq_bu00.txt", ("ID", "SIDE", "V00XRKL")),
    ("chexpert", "chexpert_8x200.csv", ("Path",)),
    ("table", "labels.csv", ("file",)),
)  # fmt: skip
FILES = (
    *((name, file) for name, file, _ in TABLES),
    ("mura", "train_image_paths.csv"), ("mura", "valid_labeled_studies.csv"),
    ("fracatlas", "Utilities/Fracture Split/test.csv"),
    *(("roco", f"data/train/radiology/{file}.txt") for file in ("captions", "cuis", "semtypes", "licences")),
)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sets")
    return {name: build(folder / name) for name, build in BUILDERS.items()}


@given(
    rows=st.lists(st.tuples(CELLS.filter(str.strip), CELLS, CELLS), max_size=5),
    order=st.permutations(range(3)),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
    shout=st.booleans(),
)
def test_rows_are_read_whatever_the_order_of_columns_the_separator_and_the_case(
    rows: list[tuple[str, str, str]], order: list[int], delimiter: str, encoding: str, shout: bool
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    header = [COLUMNS[place].upper().replace(" ", "_") if shout else COLUMNS[place] for place in order]
    writer.writerow(header)
    writer.writerows([row[place] for place in order] for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.csv"
        path.write_bytes(stream.getvalue().encode(encoding))
        read = read_table(path, NEEDED)
    assert [tuple(row.values()) for row in read] == [tuple(cell.strip() for cell in row) for row in rows]


@given(row=st.integers(0, 3), change=st.sampled_from([-1, 1]))
def test_a_row_of_another_length_is_refused_by_its_number(row: int, change: int) -> None:
    lines = [["secret", "1", "2"] for _ in range(4)]
    lines[row] = lines[row][:-1] if change < 0 else [*lines[row], "more"]
    text = "\n".join(",".join(line) for line in [list(COLUMNS), *lines])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.csv"
        path.write_text(text)
        with pytest.raises(RefusedError, match=f"in row {row + 1}") as refused:
            read_table(path, NEEDED)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "file", "column"), [(name, file, column) for name, file, columns in TABLES for column in columns]
)
@pytest.mark.parametrize("change", ["renamed", "twice"])
def test_a_needed_column_renamed_or_there_twice_is_refused(
    name: str, file: str, column: str, change: str, built: dict[str, Path], tmp_path: Path
) -> None:
    root = tmp_path / "set"
    shutil.copytree(built[name], root)
    path = root / file
    delimiter = "|" if file.endswith(".txt") else ","
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter=delimiter))
    place = [plain_name(cell) for cell in rows[0]].index(plain_name(column))
    if change == "renamed":
        rows[0][place] = "another"
    else:
        rows = [[*row, row[place]] for row in rows]
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    layout = layout_named(name)
    if (name, change) == (
        "bone-age",
        "renamed",
    ):  # a sheet that is none any more leaves its part out, and no other part changes
        assert {row.split for row in layout.read(root)} < {row.split for row in layout.read(built[name])}
    elif layout.is_here(root):
        with pytest.raises(RefusedError) as refused:
            layout.read(root)
        assert path.name in refused.value.need
    else:
        with pytest.raises(RefusedError, match="known set"):
            detect(root)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_any_bytes_for_a_table_are_read_or_refused_and_never_a_fault(
    data: st.DataObject, built: dict[str, Path]
) -> None:
    name, file = data.draw(st.sampled_from(FILES))
    path = built[name] / file
    original = path.read_bytes()
    place = data.draw(st.integers(0, len(original)))
    length = data.draw(st.integers(0, 8))
    inserted = data.draw(
        st.one_of(st.binary(max_size=12), st.sampled_from([b'"', b"\n", b",,", b"..", b"\x00"]))
    )
    whole = data.draw(st.booleans())
    layout = layout_named(name)
    try:
        path.write_bytes(original[:place] + inserted + (b"" if whole else original[place + length :]))
        if layout.is_here(built[name]):
            for row in layout.read(built[name]):
                assert row.file.resolve().is_relative_to(built[name].resolve()) or name == "table"
    except RefusedError:
        pass
    finally:
        path.write_bytes(original)


PARTS = st.sampled_from(["train", "", "val", "test", "auto_test", "unheard-of"])


@given(st.lists(st.tuples(st.integers(0, 5), PARTS), max_size=12))
def test_no_patient_is_on_two_sides_and_the_measured_side_stays_whole(rows: list[tuple[int, str]]) -> None:
    before = [PictureRow(file=Path(f"{n}.png"), patient=f"p{p}", split=s) for n, (p, s) in enumerate(rows)]
    after = separate_patients(before)
    sides: dict[str, set[int]] = {}
    for row in after:
        if row.split != LEFT_OUT:
            sides.setdefault(row.patient, set()).add(side_of(row.split))
    assert all(len(found) == 1 for found in sides.values())
    measured = [row for row in before if side_of(row.split) == 2]
    assert [row for row in after if row.split != LEFT_OUT and side_of(row.split) == 2] == measured
