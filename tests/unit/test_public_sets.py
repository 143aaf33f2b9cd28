"""Public sets by their published layout: told apart, read whole, refused when something is missing."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from osteon.cli import app
from osteon.domain import RefusedError, Task, UsageError
from tests import public_sets
from tests.public_sets import BUILDERS, draw, table
from training.datasets import LAYOUTS, LEFT_OUT, PublicSet, detect, read_set, write_label_tables
from training.label_table import read_label_table


def made(name: str, folder: Path) -> PublicSet:
    return read_set(BUILDERS[name](folder / "set"))


def splits(public_set: PublicSet) -> dict[str, str]:
    return {row.file.stem: row.split for row in public_set.rows}


@pytest.mark.parametrize("name", list(BUILDERS))
def test_each_set_is_told_from_the_others_by_its_files(name: str, tmp_path: Path) -> None:
    assert detect(BUILDERS[name](tmp_path)).name == name
    assert set(BUILDERS) == {layout.name for layout in LAYOUTS}


@pytest.mark.parametrize("name", list(BUILDERS))
def test_pictures_are_opened_only_when_they_are_asked_for(name: str, tmp_path: Path) -> None:
    rows = made(name, tmp_path).rows
    assert rows[0].read().pixels.max() > 0
    rows[0].file.write_bytes(b"no picture")
    again = read_set(tmp_path / "set").rows
    assert len(again) == len(rows)
    with pytest.raises(RefusedError):
        again[0].read()


# Of knee folders and the OAI's films, the pictures themselves are the list.
@pytest.mark.parametrize("name", sorted(set(BUILDERS) - {"knee-folders", "oai"}))
def test_an_absent_picture_is_refused_with_the_terms_or_counted(name: str, tmp_path: Path) -> None:
    before = made(name, tmp_path)
    before.rows[0].file.unlink()
    with pytest.raises(RefusedError, match="1 of") as refused:
        read_set(before.root)
    assert before.layout.licence in refused.value.next_step
    skipped = read_set(before.root, skip_missing=True)
    assert (skipped.missing, len(skipped.rows)) == (1, len(before.rows) - 1)


@pytest.mark.parametrize("name", list(BUILDERS))
def test_the_label_tables_are_read_by_fine_tuning_and_share_no_patient(name: str, tmp_path: Path) -> None:
    public_set = made(name, tmp_path)
    written = write_label_tables(public_set, tmp_path / "tables" / "labels.csv")
    patients: list[set[str]] = []
    for path in written.tables:
        with Path(path).open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert all((Path(path).parent / row["file"]).is_file() for row in rows)
        assert LEFT_OUT not in {row["split"] for row in rows}
        patients.append({row["patient"] or row["file"] for row in rows})
        for task in Task:
            labelled = [row for row in rows if row.get(task.label_column)]
            if labelled:
                assert len(read_label_table(Path(path), task).rows) == len(labelled)
    # The test knees and the same knees cut by a detector are the one pair of parts that belongs together.
    if name != "knee-folders":
        assert sum(map(len, patients)) == len(set().union(*patients))


def test_mura_labels_are_of_the_study_and_patients_are_the_same_in_all_regions(tmp_path: Path) -> None:
    rows = made("mura", tmp_path).rows
    first = [row for row in rows if row.patient == "mura-patient00001"]
    assert [(row.region, row.labels["abnormal"]) for row in first] == [
        ("wrist", 1),
        ("wrist", 1),
        ("hand", 0),
    ]
    assert len({row.study for row in first}) == 2
    assert {row.split for row in rows} == {"train", "val"}


def test_mura_refuses_a_study_whose_folder_and_table_disagree(tmp_path: Path) -> None:
    root = public_sets.mura(tmp_path)
    path = root / "valid_labeled_studies.csv"
    path.write_text(path.read_text().replace("positive/,1", "positive/,0"))
    with pytest.raises(RefusedError, match="two different ones in row 1"):
        read_set(root)


def test_mura_refuses_a_patient_on_both_sides_by_leaving_the_training_rows_out(tmp_path: Path) -> None:
    root = public_sets.mura(tmp_path)
    folder = "valid/XR_HAND/patient00002/study1_negative"
    draw(root / folder / "image1.png")
    for name, line in (
        ("labeled_studies", f"MURA-v1.1/{folder}/,0"),
        ("image_paths", f"MURA-v1.1/{folder}/image1.png"),
    ):
        path = root / f"valid_{name}.csv"
        path.write_text(path.read_text() + line + "\n")
    rows = [row for row in read_set(root).rows if row.patient == "mura-patient00002"]
    assert [row.split for row in rows] == [LEFT_OUT, "val"]


def test_fracatlas_keeps_the_publishers_split_of_fractures_in_one_table(tmp_path: Path) -> None:
    public_set = made("fracatlas", tmp_path)
    assert [row.split for row in public_set.rows] == ["train", "val", "test", "", "", ""]
    assert [row.labels["fracture"] for row in public_set.rows] == [1, 1, 1, 0, 0, 0]
    assert public_set.rows[5].labels["implant"] == 1
    assert [row.view for row in public_set.rows[:2]] == ["", "ap"]  # the first says frontal and lateral
    written = write_label_tables(public_set, tmp_path / "fracatlas.csv")
    assert written.tables == {str(tmp_path / "fracatlas.csv"): 6}


def test_graz_pictures_keep_their_sixteen_bits(tmp_path: Path) -> None:
    rows = made("graz", tmp_path).rows
    picture = rows[0].read()
    assert picture.stored_bits == 16
    assert picture.pixels.max() == pytest.approx(40_000 / 65_535, abs=1e-6)
    assert [row.labels["fracture"] for row in rows] == [1, 0, 0, 1]
    assert [row.patient for row in rows] == ["graz-1", "graz-1", "graz-2", "graz-3"]
    assert [row.view for row in rows] == ["ap", "lateral", "oblique", "ap"]
    assert (rows[0].finding, rows[3].labels["implant"], rows[0].sex) == ("23r-M/2.1", 1, "F")


def test_bone_age_test_and_validation_rows_come_from_their_own_sheets_and_folders(tmp_path: Path) -> None:
    public_set = made("bone-age", tmp_path)
    assert splits(public_set) == {
        "1377": "train", "1387": "train", "1386": "val", "1396": "val", "4360": "test", "4361": "test",
    }  # fmt: skip
    months = {row.split: row.labels["bone_age_months"] for row in public_set.rows}
    assert months == {"train": 180, "val": 32.5, "test": 168.93}
    assert [row.sex for row in public_set.rows] == ["M", "F", "M", "M", "M", "M"]
    tables = write_label_tables(public_set, tmp_path / "age.csv").tables
    assert [Path(path).name for path in tables] == ["age.csv", "age_test.csv", "age_val.csv"]
    held = {
        name: {row.path.stem for row in read_label_table(tmp_path / name, Task.BONE_AGE).rows}
        for name in ("age.csv", "age_test.csv", "age_val.csv")
    }
    assert held == {
        "age.csv": {"1377", "1387"},
        "age_test.csv": {"4360", "4361"},
        "age_val.csv": {"1386", "1396"},
    }


def test_a_validation_sheet_is_never_taken_for_the_truth_of_the_test_images(tmp_path: Path) -> None:
    """Whatever a sheet is called, its columns say its part, and pictures come from that part's folders."""
    root = public_sets.bone_age(tmp_path, parts=("train", "val", "test"), truth=False)
    shutil.copy(root / "Validation Dataset.csv", root / "Bone age ground truth.csv")
    with pytest.raises(RefusedError, match="two for one part"):
        read_set(root)
    (root / "Validation Dataset.csv").unlink()
    again = read_set(root)
    assert splits(again)["1386"] == "val"
    assert all(not row.labels for row in again.rows if row.split == "test")


def test_a_validation_number_in_the_truth_sheet_is_refused(tmp_path: Path) -> None:
    root = public_sets.bone_age(tmp_path)
    path = root / "Bone age ground truth.csv"
    path.write_text(path.read_text() + "1386,M,32.5\n")
    with pytest.raises(RefusedError, match="stands twice"):
        read_set(root)


def test_validation_pictures_do_not_answer_for_absent_test_pictures(tmp_path: Path) -> None:
    root = public_sets.bone_age(tmp_path)
    shutil.move(root / "Test Set Images" / "4360.png", root / "boneage-validation-dataset-1" / "4360.png")
    with pytest.raises(RefusedError, match="1 of 6 missing"):
        read_set(root)


def test_a_picture_in_a_test_folder_inside_the_training_folder_belongs_to_no_part(tmp_path: Path) -> None:
    root = public_sets.bone_age(tmp_path)
    shutil.move(root / "Test Set Images", root / "boneage-training-dataset" / "Test Set Images")
    with pytest.raises(RefusedError, match="2 of 6 missing"):
        read_set(root)


def test_a_truth_sheet_whose_truth_goes_by_another_name_is_no_list_without_truth(tmp_path: Path) -> None:
    root = public_sets.bone_age(tmp_path)
    path = root / "Bone age ground truth.csv"
    path.write_text(path.read_text().replace("Ground truth bone age (months)", "Answer"))
    with pytest.raises(RefusedError, match="Ground truth"):
        read_set(root)


def test_test_images_without_their_truth_have_no_label(tmp_path: Path) -> None:
    rows = read_set(public_sets.bone_age(tmp_path, parts=("train", "test"), truth=False)).rows
    assert [row.labels for row in rows if row.split == "test"] == [{}, {}]


def test_oai_films_give_each_knee_its_half_and_the_grade_of_the_first_reading(tmp_path: Path) -> None:
    rows = {f"{row.file.stem}{row.laterality}": row for row in made("oai", tmp_path).rows}
    assert rows["9000099R"].labels == {"kl_grade": 2}
    assert rows["9000099L"].labels == {"kl_grade": 3}  # project 15, not 37
    assert rows["9000296_V00_RR"].labels == {"kl_grade": 1}
    assert rows["9000296_00_LL"].labels == {}  # not read
    right, left = (rows[f"9000099{side}"].read().pixels for side in "RL")
    assert right.shape == left.shape == (8, 10)
    assert right.mean() > 0.7
    assert left.max() == 0


def test_a_half_of_a_film_is_cut_out_for_the_label_table(tmp_path: Path) -> None:
    write_label_tables(made("oai", tmp_path), tmp_path / "oai.csv")
    read = read_label_table(tmp_path / "oai.csv", Task.KNEE_OA)
    assert {(row.path.name, row.label) for row in read.rows} == {
        ("oai-9000099-00-R.png", 2), ("oai-9000099-00-L.png", 3), ("9000296_V00_R.png", 1),
    }  # fmt: skip
    assert {row.key for row in read.rows} == {"oai-9000099", "oai-9000296"}


def test_both_knees_of_a_patient_never_stand_in_training_and_test(tmp_path: Path) -> None:
    public_set = made("knee-folders", tmp_path)
    by_knee = {
        (row.patient, row.laterality): row.split for row in public_set.rows if row.split != "auto_test"
    }
    assert by_knee["oai-9000001", "L"] == LEFT_OUT
    assert by_knee["oai-9000001", "R"] == "test"
    assert by_knee["oai-9000002", "R"] == "train"
    written = write_label_tables(public_set, tmp_path / "knees.csv")
    assert [Path(path).name for path in written.tables] == [
        "knees.csv", "knees_auto_test.csv", "knees_test.csv", "knees_val.csv",
    ]  # fmt: skip
    assert written.splits[LEFT_OUT] == 1


def test_knees_have_the_same_key_in_the_oai_tables_and_in_the_folders(tmp_path: Path) -> None:
    root = public_sets.knee_folders(tmp_path / "folders")
    draw(root / "train/2/9000099R.png")
    folders = {row.patient for row in read_set(root).rows}
    assert folders & {row.patient for row in made("oai", tmp_path).rows} == {"oai-9000099"}


def test_knee_folders_without_a_test_part_are_refused(tmp_path: Path) -> None:
    root = public_sets.knee_folders(tmp_path)
    shutil.rmtree(root / "test")
    with pytest.raises(RefusedError, match="test/0 missing"):
        read_set(root)


def test_roco_keeps_figures_of_one_article_on_one_side(tmp_path: Path) -> None:
    public_set = made("roco", tmp_path)
    assert splits(public_set) == {
        "ROCO_00001": "train", "ROCO_00002": LEFT_OUT, "ROCO_00003": "val", "ROCO_00004": "test",
    }  # fmt: skip
    second = public_set.rows[1]
    assert (second.patient, second.text) == ("roco-PMC2", "CT of the knee. Axial view.")
    assert (second.concepts, second.semantic_types) == (("C0040405", "C0022742"), ("T060", "T023"))
    assert second.licence == "CC BY-NC 3.0"


def test_chexpert_is_read_with_the_class_in_columns_or_by_name(tmp_path: Path) -> None:
    rows = made("chexpert", tmp_path).rows
    assert [(row.finding, row.labels["abnormal"]) for row in rows] == [("No Finding", 0), ("Fracture", 1)]
    assert rows[0].patient == "chexpert-patient00000"
    root = tmp_path / "named"
    for split in ("query", "candidates"):
        draw(root / f"train/patient1{len(split)}/study2/view2_lateral.jpg")
        table(
            root / f"chexpert_8x200_{split}.csv",
            [
                ["Variable", "Path"],
                ["pleural effusion", f"CheXpert-v1.0/train/patient1{len(split)}/study2/view2_lateral.jpg"],
            ],
        )
    named = read_set(root).rows
    assert {(row.finding, row.split, row.view) for row in named} == {
        ("Pleural Effusion", "query", "lateral"), ("Pleural Effusion", "candidate", "lateral"),
    }  # fmt: skip


def test_the_projects_own_table_keeps_its_keys(tmp_path: Path) -> None:
    rows = made("table", tmp_path).rows
    assert [(row.patient, row.laterality, row.labels) for row in rows] == [
        ("p1", "L", {"kl_grade": 0}), ("p2", "R", {}),
    ]  # fmt: skip


@pytest.mark.parametrize(("folder", "task"), [("knee_kl", Task.KNEE_OA), ("bone_age", Task.BONE_AGE)])
def test_real_tables_come_out_as_they_went_in(
    folder: str, task: Task, shared_data: Path, tmp_path: Path
) -> None:
    before = read_label_table(shared_data / folder / "manifest.csv", task)
    public_set = read_set(shared_data / folder)
    assert public_set.layout.name == "table"
    write_label_tables(public_set, tmp_path / "out.csv")
    after = read_label_table(tmp_path / "out.csv", task)
    assert [(row.label, row.sex, row.path.name) for row in after.rows] == [
        (row.label, row.sex, row.path.name) for row in before.rows
    ]
    if before.has_patients:
        assert [row.key for row in after.test_rows()] == [row.key for row in before.test_rows()]
    assert max(row.read().pixels.max() for row in public_set.rows[:3]) > 0.5


def test_an_unpacked_archive_around_the_set_is_entered(tmp_path: Path) -> None:
    public_sets.mura(tmp_path / "MURA-v1.1")
    assert read_set(tmp_path).layout.name == "mura"
    assert read_set(tmp_path, name="mura").root == tmp_path / "MURA-v1.1"


def test_an_unknown_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(RefusedError) as refused:
        detect(tmp_path)
    assert all(layout.looked_for in refused.value.need for layout in LAYOUTS)
    with pytest.raises(UsageError):
        detect(tmp_path / "absent")
    with pytest.raises(UsageError, match="mura"):
        read_set(tmp_path, name="imagenet")


def test_a_folder_of_two_sets_is_ambiguous_until_one_is_named(tmp_path: Path) -> None:
    public_sets.mura(tmp_path)
    public_sets.knee_folders(tmp_path)
    with pytest.raises(RefusedError, match="mura, knee-folders"):
        read_set(tmp_path)
    assert read_set(tmp_path, name="mura").layout.name == "mura"


def test_nothing_in_the_sets_own_folder_is_overwritten(tmp_path: Path) -> None:
    root = public_sets.own_table(tmp_path / "set")
    with pytest.raises(UsageError, match="own folder"):
        write_label_tables(read_set(root), root / "labels.csv")


def test_the_command_prints_counts_as_json_and_errors_by_the_contract(tmp_path: Path) -> None:
    root = public_sets.bone_age(tmp_path / "set")
    run = CliRunner().invoke(app, ["data", "read", str(root), "--out", str(tmp_path / "age.csv"), "--json"])
    assert run.exit_code == 0, run.output
    answer = json.loads(run.stdout)
    assert (answer["set"], answer["splits"]) == ("bone-age", {"train": 2, "val": 2, "test": 2})
    assert answer["labelled"] == {"bone_age_months": 6}
    absent = CliRunner().invoke(
        app, ["data", "read", str(tmp_path / "set/Test Set Images"), "--out", "x.csv", "--json"]
    )
    assert absent.exit_code == 3
    assert "MURA" in json.loads(absent.stdout)["error"]["need"]
    listed = CliRunner().invoke(app, ["data", "list", "--json"])
    assert len(json.loads(listed.stdout)) == len(LAYOUTS)


def test_the_whole_set_in_one_table_keeps_the_split_of_every_row(tmp_path: Path) -> None:
    written = write_label_tables(made("knee-folders", tmp_path), tmp_path / "all.csv", whole=True)
    assert written.tables == {str(tmp_path / "all.csv"): 6}
    with (tmp_path / "all.csv").open(encoding="utf-8") as stream:
        assert [row["split"] for row in csv.DictReader(stream)] == [
            LEFT_OUT, "train", "train", "val", "test", "auto_test",
        ]  # fmt: skip
