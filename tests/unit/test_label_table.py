"""Label tables: what is read, what is refused, and that errors name rows and never contents."""

from __future__ import annotations

from pathlib import Path

import pytest

from osteon.domain import RefusedError, Task, UsageError, is_test_row
from tests.labelled_pictures import fracture_table, write_picture, write_table
from training.label_table import read_label_table, require_variety, split_validation, take_fraction


def table_of(folder: Path, labels: list[str], column: str = "fracture") -> Path:
    rows = []
    for index, label in enumerate(labels):
        write_picture(folder / f"{index}.png", width=6, seed=index)
        rows.append({"file": f"{index}.png", column: label})
    return write_table(folder, rows)


def test_rows_without_a_label_are_skipped_and_counted(tmp_path: Path) -> None:
    table = read_label_table(table_of(tmp_path, ["1", "", "0"]), Task.FRACTURE)
    assert [row.label for row in table.rows] == [1.0, 0.0]
    assert [row.number for row in table.rows] == [1, 3]
    assert table.skipped == 1


def test_without_patients_the_file_cell_is_the_key(tmp_path: Path) -> None:
    table = read_label_table(table_of(tmp_path, ["1", "0"]), Task.FRACTURE)
    assert [row.key for row in table.rows] == ["0.png", "1.png"]
    assert not table.has_patients


def test_with_patients_the_test_rows_go_by_patient(tmp_path: Path) -> None:
    table = read_label_table(fracture_table(tmp_path), Task.FRACTURE)
    assert table.test_rows() == [row for row in table.rows if is_test_row(row.key)]
    assert {row.key for row in table.test_rows()}.isdisjoint(row.key for row in table.training_rows())
    assert len(table.test_rows()) + len(table.training_rows()) == len(table.rows)


def test_semicolons_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", width=6, seed=0)
    path = tmp_path / "labels.csv"
    path.write_bytes("\ufefffile;bone_age_months;sex\na.png;120,5;F\n".encode())
    row = read_label_table(path, Task.BONE_AGE).rows[0]
    assert (row.label, row.sex) == (120.5, "F")


@pytest.mark.parametrize(
    ("task", "label"),
    [
        (Task.FRACTURE, "2"),
        (Task.FRACTURE, "maybe-Dupont"),
        (Task.KNEE_OA, "2.5"),
        (Task.KNEE_OA, "5"),
        (Task.BONE_AGE, "-1"),
        (Task.BONE_AGE, "nan"),
        (Task.BONE_AGE, "900"),
    ],
)
def test_a_wrong_label_is_refused_by_row_number_alone(tmp_path: Path, task: Task, label: str) -> None:
    path = table_of(tmp_path, ["1", label], task.label_column)
    with pytest.raises(RefusedError, match="row 2") as error:
        read_label_table(path, task)
    assert label not in str(error.value).replace("row 2", "")


def test_a_missing_file_is_refused_by_row_number_alone(tmp_path: Path) -> None:
    path = table_of(tmp_path, ["1", "0"])
    (tmp_path / "1.png").unlink()
    with pytest.raises(RefusedError, match="row 2") as error:
        read_label_table(path, Task.FRACTURE)
    assert "1.png" not in str(error.value)


def test_a_table_of_another_task_is_refused_by_its_column(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="kl_grade"):
        read_label_table(table_of(tmp_path, ["1"]), Task.KNEE_OA)


def test_no_table_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_label_table(tmp_path / "none.csv", Task.FRACTURE)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(RefusedError):
        read_label_table(path, Task.FRACTURE)


def test_only_empty_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="none"):
        read_label_table(table_of(tmp_path, ["", ""]), Task.FRACTURE)


def test_one_class_cannot_be_learned(tmp_path: Path) -> None:
    table = read_label_table(table_of(tmp_path, ["1"] * 12), Task.FRACTURE)
    with pytest.raises(RefusedError, match="single"):
        require_variety(table.rows, Task.FRACTURE, least=8)


def test_a_larger_label_fraction_holds_the_smaller_one(tmp_path: Path) -> None:
    rows = read_label_table(fracture_table(tmp_path), Task.FRACTURE).rows
    small, large = (take_fraction(rows, part, seed=3) for part in (0.2, 0.5))
    assert 0 < len(small) < len(large) < len(rows)
    assert set(small) <= set(large)


def test_a_label_fraction_of_nothing_is_bad_usage(tmp_path: Path) -> None:
    rows = read_label_table(fracture_table(tmp_path), Task.FRACTURE).rows
    with pytest.raises(UsageError):
        take_fraction(rows, 0.0, seed=0)


def test_validation_takes_about_its_part_and_leaves_something_to_learn(tmp_path: Path) -> None:
    rows = read_label_table(fracture_table(tmp_path), Task.FRACTURE).rows
    learned, held_out = split_validation(rows, part=0.2, seed=0)
    assert abs(len(held_out) - 12) <= 2
    assert len(learned) + len(held_out) == len(rows)
