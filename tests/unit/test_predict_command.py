"""`osteon predict`, `embed`, `finetune`, `evaluate`: exit codes, and JSON alone on standard output."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from osteon.cli import app
from tests.labelled_pictures import fracture_table, write_picture
from tests.model_packages import HMAC_KEY, make_model_package

runner = CliRunner()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "digest.key"
    path.write_bytes(HMAC_KEY)
    return path


def test_predict_prints_one_array_in_input_order(tmp_path: Path, key: Path) -> None:
    model = make_model_package(tmp_path / "model", "knee-oa")
    good = write_picture(tmp_path / "a.png", width=8, seed=0)
    bad = tmp_path / "b.png"
    bad.write_bytes(b"no picture")
    done = runner.invoke(
        app, ["predict", str(bad), str(good), "--model", str(model), "--hmac-key", str(key), "--json"]
    )
    assert done.exit_code == 0
    assert [one["status"] for one in json.loads(done.stdout)] == ["abstained", "answered"]


def test_every_encoding_of_the_extremity_image_gets_a_value_where_the_task_covers_it_and_a_reason_elsewhere(
    tmp_path: Path, key: Path, shared_data: Path
) -> None:
    files = sorted((shared_data / "dicom" / "extremity").glob("RG3_*.dcm"))
    assert len(files) == 8
    answers = {}
    for task in ("fracture", "knee-oa", "bone-age"):
        model = make_model_package(tmp_path / task, task)
        arguments = ["--model", str(model), "--hmac-key", str(key), "--json"]
        done = runner.invoke(app, ["predict", *map(str, files), *arguments])
        assert done.exit_code == 0
        answers[task] = json.loads(done.stdout)
        assert len(answers[task]) == 8
    values = {path.stem: one["value"] for path, one in zip(files, answers["fracture"], strict=True)}
    assert {one["status"] for one in answers["fracture"]} == {"answered"}
    for name in ("RLE", "JPLL", "JLSL", "J2KR"):
        assert values[f"RG3_{name}"] == values["RG3_UNC"]
    for task in ("knee-oa", "bone-age"):  # a lower leg
        assert {one["reason"] for one in answers[task]} == {"body_part_not_covered"}


def test_predict_refuses_when_no_file_is_a_picture(tmp_path: Path, key: Path) -> None:
    model = make_model_package(tmp_path / "model", "fracture")
    bad = tmp_path / "b.png"
    bad.write_bytes(b"no picture")
    done = runner.invoke(app, ["predict", str(bad), "--model", str(model), "--hmac-key", str(key), "--json"])
    assert done.exit_code == 3
    assert set(json.loads(done.stdout)["error"]) == {"need", "got", "next"}


def test_predict_with_a_model_of_another_task_is_bad_usage(tmp_path: Path, key: Path) -> None:
    model = make_model_package(tmp_path / "model", "fracture")
    good = write_picture(tmp_path / "a.png", width=8, seed=0)
    arguments = ["predict", str(good), "--model", str(model), "--hmac-key", str(key), "--task", "bone-age"]
    assert runner.invoke(app, [*arguments, "--json"]).exit_code == 2


def test_embed_writes_unit_vectors(tmp_path: Path, key: Path) -> None:
    model = make_model_package(tmp_path / "model", "fracture")
    good = write_picture(tmp_path / "a.png", width=8, seed=0)
    output = tmp_path / "vectors.npy"
    done = runner.invoke(
        app, ["embed", str(good), str(good), "--model", str(model), "--hmac-key", str(key), "-o", str(output)]
    )
    assert done.exit_code == 0
    vectors = np.load(output, allow_pickle=False)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.array_equal(vectors[0], vectors[1])


def test_finetune_and_evaluate_print_json_alone(tmp_path: Path) -> None:
    table = fracture_table(tmp_path)
    model = tmp_path / "model"
    learned = runner.invoke(
        app,
        ["finetune", "--task", "fracture", "--data", str(table), "--init", "random", "--output", str(model),
         "--time-limit", "0.15", "--json"],
    )  # fmt: skip
    assert learned.exit_code == 0
    assert json.loads(learned.stdout)["figures"]["rows_learned"] > 0
    measured = runner.invoke(app, ["evaluate", "--model", str(model), "--data", str(table), "--json"])
    assert measured.exit_code == 0
    result = json.loads(measured.stdout)
    assert result["task"] == "fracture"
    assert 0 <= result["metrics"]["auroc"] <= 1
    assert result["n"] > 0


@pytest.mark.parametrize(
    ("task", "code"), [("no-such-task", 2), ("bone-age", 3)], ids=["unknown task", "table of another task"]
)
def test_finetune_says_what_is_wrong_with_the_call(tmp_path: Path, task: str, code: int) -> None:
    table = fracture_table(tmp_path, 10)
    done = runner.invoke(
        app,
        ["finetune", "--task", task, "--data", str(table), "--init", "random", "--output",
         str(tmp_path / "model"), "--json"],
    )  # fmt: skip
    assert done.exit_code == code
    assert "error" in json.loads(done.stdout)
    assert not (tmp_path / "model").exists()
