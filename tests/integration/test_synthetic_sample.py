"""A whole sample: valid, complete, the same whatever the number of workers, and no give-away."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from osteon.artefact import read_manifest
from osteon.dicom import read_picture
from osteon.dicom.synthetic import SYNTHETIC_VERSION, make_sample
from osteon.dicom.synthetic.truth import TRUTH_COLUMNS
from osteon.domain.errors import UsageError

STUDIES, SEED = 24, 9


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic") / "sample"
    make_sample(folder, STUDIES, SEED, workers=2)
    return folder


def _rows(sample: Path) -> list[dict[str, str]]:
    with (sample / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_truth_table_names_every_file_and_every_column(sample: Path) -> None:
    rows = _rows(sample)
    assert tuple(rows[0]) == TRUTH_COLUMNS
    assert {row["file"] for row in rows} == {
        path.relative_to(sample).as_posix() for path in sample.rglob("*.dcm")
    }
    assert all((sample / row["report"]).is_file() for row in rows)
    studies = {row["study_key"] for row in rows}
    assert len(studies) == STUDIES
    for kind, ending in (("hl7", "hl7"), ("pdf", "pdf"), ("reports", "txt")):
        assert {path.stem for path in sample.glob(f"*/{kind}/*.{ending}")} == studies
    for row in rows:
        assert (row["kl_grade"] != "") == (row["region"] == "knee" and row["view"] == "face")
        assert row["fracture"] in {"", "0", "1"}


def test_no_instance_breaks_a_rule_of_the_standard(sample: Path) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian package dicom3tools)")
    for path in sorted(sample.rglob("*.dcm")):
        result = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        assert not [
            line for line in (result.stdout + result.stderr).splitlines() if line.startswith("Error")
        ], path


def test_every_instance_reads_back_as_a_picture_with_its_facts(sample: Path) -> None:
    for row in _rows(sample):
        picture = read_picture(sample / row["file"])
        assert picture.pixels.min() >= 0.0
        assert picture.pixels.max() <= 1.0
        assert picture.pixels.std() > 0.05
        assert picture.laterality == {"L": "left", "R": "right"}[row["laterality"]]
        assert picture.sex == row["sex"]


def test_another_number_of_workers_gives_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    make_sample(tmp_path / "again", STUDIES, SEED, workers=1)
    for path in sorted(sample.rglob("*")):
        if path.is_file() and path.name != "manifest.json":
            assert (tmp_path / "again" / path.relative_to(sample)).read_bytes() == path.read_bytes(), (
                path.name
            )


def test_a_smaller_sample_is_a_part_of_a_larger_one(sample: Path, tmp_path: Path) -> None:
    make_sample(tmp_path / "small", 3, SEED, workers=1)
    for path in (tmp_path / "small").rglob("*.dcm"):
        assert (sample / path.relative_to(tmp_path / "small")).read_bytes() == path.read_bytes()


def test_a_rerun_changes_nothing_and_other_arguments_are_refused(sample: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sample.rglob("*") if path.is_file()}
    assert make_sample(sample, STUDIES, SEED) == read_manifest(sample)
    assert {path: path.stat().st_mtime_ns for path in sample.rglob("*") if path.is_file()} == before
    with pytest.raises(UsageError):
        make_sample(sample, STUDIES, SEED + 1)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError):
        make_sample(tmp_path, 2, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_progress_is_told_after_each_study(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    make_sample(tmp_path / "s", 3, 1, workers=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_the_manifest_and_the_instances_carry_the_version(sample: Path) -> None:
    import pydicom

    assert read_manifest(sample).synthetic_version == SYNTHETIC_VERSION
    header = pydicom.dcmread(next(sample.rglob("*.dcm")), stop_before_pixels=True)
    assert str(header.SoftwareVersions) == f"osteon-synthetic {SYNTHETIC_VERSION}"


def test_planted_identities_are_in_the_headers_and_known_to_the_truth(sample: Path) -> None:
    import pydicom

    records = [
        json.loads(line) for line in (sample / "identities.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len(records) == STUDIES
    for record in records:
        header = pydicom.dcmread(
            sample / record["hospital"] / "dicom" / record["study_key"] / "1.dcm", stop_before_pixels=True
        )
        assert str(header.PatientName) == record["patient"]["PatientName"]
        assert header.PatientID == record["patient"]["PatientID"]
        assert str(header.PatientName).split("^")[0].lower() in {value.lower() for value in record["strings"]}
        text = (sample / record["hospital"] / "reports" / f"{record['study_key']}.txt").read_text(
            encoding="utf-8"
        )
        assert record["note"]["note_text"] == text


@pytest.mark.slow
def test_pixel_statistics_alone_do_not_find_fractures(tmp_path: Path) -> None:
    """A small real form of benchmarks/sample_baseline.py: pictures drawn, nothing written."""
    import numpy as np

    from benchmarks.sample_baseline import held_out_auroc, statistics
    from osteon.dicom.synthetic.picture import draw_view
    from osteon.dicom.synthetic.plan import plan_study

    plans = [plan for plan in (plan_study(23, number) for number in range(420)) if plan.exam == "trauma"]
    features = np.stack([statistics(draw_view(plan, "face", ()).grey) for plan in plans])
    labels = np.array([plan.fracture_label for plan in plans])
    held_out = np.array([plan.number % 2 == 0 for plan in plans])
    assert held_out_auroc(features, labels, held_out) < 0.72
