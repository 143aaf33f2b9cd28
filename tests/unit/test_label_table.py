"""Label tables: what is read, what is refused, and that errors name rows and never contents."""

from __future__ import annotations

from pathlib import Path

import pytest

from osteon.domain import RefusedError, Task, UsageError, is_test_row
from tests.labelled_pictures import fracture_table, write_picture, write_table
from training.label_table import (
    LabelRow,
    read_label_table,
    require_variety,
    split_validation,
    take_fraction,
)
from training.studies import require_whole_studies


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
        (Task.IMPLANT, "2"),
        (Task.LEG_ALIGNMENT, "-3"),
        (Task.LEG_ALIGNMENT, "211"),
    ],
)
def test_a_wrong_label_is_refused_by_row_number_alone(tmp_path: Path, task: Task, label: str) -> None:
    right = f"{task.values[1]:g}"
    path = table_of(tmp_path, [right, label], task.label_column)
    with pytest.raises(RefusedError, match="row 2") as error:
        read_label_table(path, task)
    assert label not in str(error.value).replace("row 2", "")


def test_each_task_of_one_table_reads_its_own_column_and_skips_the_rows_without(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = []
    for index, (angle, metal) in enumerate([("178,5", ""), ("", "1"), ("183", "0")]):
        write_picture(tmp_path / f"{index}.png", width=6, seed=index)
        rows.append({"file": f"{index}.png", "hka_degrees": angle, "implant": metal})
    path = write_table(tmp_path, rows)
    angles, metals = (read_label_table(path, task) for task in (Task.LEG_ALIGNMENT, Task.IMPLANT))
    assert [row.label for row in angles.rows] == [178.5, 183.0]
    assert [row.label for row in metals.rows] == [1.0, 0.0]
    assert (angles.skipped, metals.skipped) == (1, 1)


def test_views_of_one_study_share_it_and_equal_names_of_two_patients_do_not(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = []
    for index, (patient, study) in enumerate([("a", "study1"), ("a", "study1"), ("b", "study1"), ("b", "")]):
        write_picture(tmp_path / f"{index}.png", width=6, seed=index)
        rows.append({"file": f"{index}.png", "abnormal": 1, "patient": patient, "study": study})
    first, second, third, fourth = (
        row.study for row in read_label_table(write_table(tmp_path, rows), Task.ABNORMALITY).rows
    )
    assert first == second
    assert len({first, third, fourth}) == 3


def test_without_patients_studies_are_refused_since_a_split_by_files_could_part_their_views(
    tmp_path: Path,
) -> None:
    rows: list[dict[str, object]] = []
    for index in range(2):
        write_picture(tmp_path / f"{index}.png", width=6, seed=index)
        rows.append({"file": f"{index}.png", "abnormal": 1, "study": "s7"})
    found = read_label_table(write_table(tmp_path, rows), Task.ABNORMALITY).rows
    assert [row.key for row in found] == ["0.png", "1.png"]  # the contract: patient, else file name
    require_whole_studies(found, "picture")
    with pytest.raises(RefusedError, match="patient") as error:
        require_whole_studies(found, "study")
    assert "s7" not in str(error.value)


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


@pytest.mark.parametrize("seed", range(8))
def test_one_percent_of_a_table_with_few_fractures_has_both_classes_and_the_mix_holds(seed: int) -> None:
    rows = [
        LabelRow(number=i, path=Path("x.png"), key=f"p{i}", label=float(i % 50 == 0), sex="")
        for i in range(1, 1001)
    ]
    parts = [take_fraction(rows, part, seed=seed) for part in (0.01, 0.1, 1.0)]
    assert [len(part) for part in parts] == [10, 100, 1000]
    assert [sum(row.label for row in part) for part in parts[1:]] == pytest.approx([2, 20], abs=1)
    assert sum(row.label for row in parts[0]) == 1


def test_small_parts_of_a_measure_reach_over_its_range() -> None:
    rows = [
        LabelRow(number=i, path=Path("x.png"), key=f"p{i}", label=i * 0.2, sex="") for i in range(1, 1001)
    ]
    part = sorted(row.label for row in take_fraction(rows, 0.01, seed=3))
    assert part[0] < 40 < 160 < part[-1]


def test_the_last_patient_of_a_class_is_learned_from() -> None:
    rows = [
        LabelRow(number=i, path=Path("x.png"), key=f"p{i}", label=float(i == 7), sex="") for i in range(20)
    ]
    for seed in range(30):
        assert 1.0 in {row.label for row in split_validation(rows, part=0.5, seed=seed)[0]}


def test_a_label_fraction_of_nothing_is_bad_usage(tmp_path: Path) -> None:
    rows = read_label_table(fracture_table(tmp_path), Task.FRACTURE).rows
    with pytest.raises(UsageError):
        take_fraction(rows, 0.0, seed=0)


def test_validation_takes_about_its_part_and_leaves_something_to_learn(tmp_path: Path) -> None:
    rows = read_label_table(fracture_table(tmp_path), Task.FRACTURE).rows
    learned, held_out = split_validation(rows, part=0.2, seed=0)
    assert abs(len(held_out) - 12) <= 2
    assert len(learned) + len(held_out) == len(rows)
