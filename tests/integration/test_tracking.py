"""Runs on record in MLflow on SQLite, and runs side by side, as a person asks for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from osteon.artefact import read_manifest
from osteon.cli import app
from osteon.domain import UsageError
from osteon.pairs import build_pairs
from osteon.registry import Registry, Tracking, registry_uri
from osteon.registry.run import run_of
from tests.deid_folder import write_deid_folder
from training.image_only.run import pretrain_images


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracking")
    build_pairs(write_deid_folder(folder / "deid", 60), folder / "pairs", size=32, workers=1)
    for seed in (0, 1):
        pretrain_images("tiny", folder / "pairs", folder / f"seed{seed}", seed=seed)
    return folder


@pytest.fixture(scope="module")
def tracking(folder: Path) -> Tracking:
    return Tracking(registry_uri(folder / "runs"))


@pytest.fixture(scope="module")
def run_id(folder: Path, tracking: Tracking) -> str:
    return tracking.log(folder / "seed0", data=folder / "pairs", wall_s=1.5)


def test_a_run_holds_settings_curves_hardware_and_the_manifests(
    folder: Path, tracking: Tracking, run_id: str
) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=tracking.tracking_uri)
    logged = client.get_run(run_id)
    assert logged.data.params["setting.recipe.temperature"] == "0.2"
    assert logged.data.params["setting.input.pairs"] == read_manifest(folder / "pairs").digest
    assert int(logged.data.params["hardware.cpu_cores"]) > 0
    assert logged.data.metrics["wall_s"] == 1.5
    losses = [point.value for point in client.get_metric_history(run_id, "curve.loss")]
    curve = json.loads((folder / "seed0" / "metrics.json").read_text())["curve"]
    assert losses == pytest.approx([row["loss"] for row in curve])
    kept = {file.path for file in client.list_artifacts(run_id)}
    assert {"manifest.json", "MODEL_CARD.md", "data"} <= kept
    assert [file.path for file in client.list_artifacts(run_id, "data")] == ["data/manifest.json"]


def test_the_same_artefact_keeps_its_run(folder: Path, tracking: Tracking, run_id: str) -> None:
    assert tracking.log(folder / "seed0") == run_id
    assert tracking.log(folder / "seed1") != run_id


def test_a_run_from_the_record_compares_like_its_folder(
    folder: Path, tracking: Tracking, run_id: str
) -> None:
    found, own = tracking.find(run_id[:8]), run_of(folder / "seed0")[0]
    assert {name: one.value for name, one in own.figures.items()}.items() <= {
        name: one.value for name, one in found.figures.items()
    }.items()
    assert own.settings.items() <= found.settings.items()
    with pytest.raises(UsageError, match="one MLflow run"):
        tracking.find("no such run")


def test_runs_and_versions_share_one_database(folder: Path, tracking: Tracking, run_id: str) -> None:
    assert Registry(tracking.tracking_uri).list() == []
    assert tracking.log(folder / "seed0") == run_id


def test_a_tracked_command_leaves_a_run_and_an_untracked_one_none(folder: Path, tmp_path: Path) -> None:
    command = ["pretrain-images", "--recipe", "tiny", "--method", "random", "--data", str(folder / "pairs")]
    plain = CliRunner().invoke(app, [*command, "--output", str(tmp_path / "plain")])
    assert plain.exit_code == 0, plain.output
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]
    done = CliRunner().invoke(
        app, ["--track", str(tmp_path / "runs"), *command, "--output", str(tmp_path / "on"), "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["steps"] == 0
    compared = CliRunner().invoke(app, ["compare", str(tmp_path / "plain"), str(tmp_path / "on"), "--json"])
    assert json.loads(compared.stdout)["settings"] == {}
    client_runs = Tracking(registry_uri(tmp_path / "runs"))
    assert client_runs.log(tmp_path / "on")  # known: still one run
    assert len(client_runs._search("")) == 1


def test_compare_shows_what_differs_and_figures_of_all(folder: Path) -> None:
    done = CliRunner().invoke(app, ["compare", str(folder / "seed0"), str(folder / "seed1"), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["settings"] == {"seed": ["0", "1"]}
    assert len(told["figures"]["metrics.validation.view_r1"]) == 2
    table = CliRunner().invoke(app, ["compare", str(folder / "seed0"), str(folder / "seed1")])
    assert "settings that differ" in table.stdout
    assert "view_r1" in table.stdout


def test_intervals_of_a_fine_tuned_package_stand_beside_its_figures(tmp_path: Path) -> None:
    from tests.model_packages import make_model_package

    package = make_model_package(tmp_path / "model", "fracture")
    metrics = {"auroc": 0.8, "intervals": {"auroc": {"low": 0.7, "high": 0.9, "coverage": 0.95}}}
    (package / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    figure = run_of(package)[0].figures["metrics.auroc"]
    assert (figure.value, figure.low, figure.high) == (0.8, 0.7, 0.9)


def test_compare_of_what_is_no_run_is_refused_as_json(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["compare", str(tmp_path / "nowhere"), "--json"])
    assert done.exit_code == 2
    assert set(json.loads(done.stdout)["error"]) == {"need", "got", "next"}
    (tmp_path / "empty").mkdir()
    assert CliRunner().invoke(app, ["compare", str(tmp_path / "empty")]).exit_code == 3


def test_no_host_name_is_kept(folder: Path, tracking: Tracking, run_id: str) -> None:
    import platform

    found = tracking.find(run_id)
    assert platform.node() not in " ".join(found.settings.values())
