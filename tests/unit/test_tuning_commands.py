"""A package from its table to an answer about a study, as a person calls the commands."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from osteon.cli import app
from tests.labelled_pictures import abnormal_studies
from tests.model_packages import make_model_package


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_a_linear_probe_for_studies_is_tuned_measured_exported_and_asked(tmp_path: Path) -> None:
    table, model = abnormal_studies(tmp_path, 30), tmp_path / "model"
    start = make_model_package(tmp_path / "start", "fracture")
    tuned = call(
        "finetune", "--task", "abnormality", "--data", table, "--init", start, "-o", model, "--how", "linear",
        "--answer-views", 2, "--json",
    )  # fmt: skip
    assert tuned.exit_code == 0, tuned.output
    assert json.loads(tuned.stdout)["settings"]["recipe"]["how"] == "linear"
    measured = call(
        "evaluate", "--model", model, "--data", table, "--answer-views", 1, "--rows", "all", "--json"
    )
    assert json.loads(measured.stdout)["n"] == 30
    exported = call("export", model, "--to", "onnx", "--pictures", tmp_path / "images", "--json")
    assert exported.exit_code == 0, exported.output
    assert json.loads(exported.stdout)["figures"]["exports"]["onnx"]["pictures"] == 64
    views = [tmp_path / f"images/1_{view}.png" for view in range(3)]
    asked = call("predict", *views, "--model", model, "--study", "--json")
    assert asked.exit_code == 0, asked.output
    assert len(json.loads(asked.stdout)) == 1


def test_another_way_of_tuning_and_another_runtime_are_bad_usage(tmp_path: Path) -> None:
    table = abnormal_studies(tmp_path, 4)
    tuned = call(
        "finetune", "--task", "abnormality", "--data", table, "--init", "random", "-o", tmp_path / "m",
        "--how", "magic", "--json",
    )  # fmt: skip
    assert tuned.exit_code == 2
    assert "linear" in json.loads(tuned.stdout)["error"]["need"]
    package = make_model_package(tmp_path / "package", "fracture")
    exported = call("export", package, "--to", "tensorrt", "--pictures", tmp_path / "images", "--json")
    assert exported.exit_code == 2
