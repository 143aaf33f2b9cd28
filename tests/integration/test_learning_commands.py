"""`osteon pairs build` and `osteon pretrain`, as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from osteon.cli import app
from tests.deid_folder import write_deid_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    write_deid_folder(folder / "deid", 60)
    return folder


def test_pairs_then_pretraining_answer_with_json_alone_on_standard_output(folder: Path) -> None:
    built = CliRunner().invoke(
        app,
        [
            "pairs",
            "build",
            str(folder / "deid"),
            str(folder / "pairs"),
            "--size",
            "64",
            "--workers",
            "1",
            "--json",
        ],
    )
    assert built.exit_code == 0
    assert json.loads(built.stdout)["pairs"] == 60
    learned = CliRunner().invoke(
        app,
        [
            "pretrain",
            "--recipe",
            "tiny",
            "--data",
            str(folder / "pairs"),
            "--output",
            str(folder / "encoder"),
            "--epochs",
            "1",
            "--json",
        ],
    )
    assert learned.exit_code == 0
    assert json.loads(learned.stdout)["validation"]["studies"] > 0
    told = json.loads(learned.stdout)
    assert told["steps"] == told["studies"] // 8  # each study once, in batches of 8
    assert (folder / "encoder" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["pairs", "build", "nowhere", "out", "--json"], 3),
        (["pretrain", "--data", "nowhere", "--output", "out", "--recipe", "enormous", "--json"], 2),
    ],
)
def test_a_refusal_is_json_with_the_exit_code_of_the_contract(
    arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code
    assert set(json.loads(result.stdout)["error"]) == {"need", "got", "next"}
