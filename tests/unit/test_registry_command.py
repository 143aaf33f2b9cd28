"""`osteon registry`: what it prints and how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from osteon.cli.registry import app
from tests.registries import new_registry
from tests.unit.test_registry import make_package


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registry")
    new_registry(folder)
    return folder


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.stdout


def test_a_model_is_registered_promoted_listed_and_rolled_back(folder: Path, tmp_path: Path) -> None:
    where = ("--registry", str(folder), "--json")
    for content in "ab":
        package = str(make_package(tmp_path / content, content))
        version = json.loads(run("register", package, "fracture", *where))["version"]
        promoted = json.loads(run("promote", "fracture", version, "--reason", "better", *where))
    assert (promoted["from_version"], promoted["to_version"]) == ("1", "2")
    versions = json.loads(run("list", *where))
    assert [(each["version"], each["aliases"]) for each in versions] == [("2", ["champion"]), ("1", [])]
    back = json.loads(run("rollback", "fracture", "--reason", "worse", "--actor", "dpo", *where))
    assert (back["to_version"], back["actor"]) == ("1", "dpo")
    assert [row["action"] for row in json.loads(run("history", *where))] == ["promote", "promote", "rollback"]


def test_bad_usage_exits_2_and_says_what_to_do(folder: Path) -> None:
    answer = run("promote", "elbow", "1", "--reason", "x", "--registry", str(folder), "--json", code=2)
    assert set(json.loads(answer)["error"]) == {"need", "got", "next"}


def test_a_folder_that_is_no_package_is_refused_with_3(folder: Path, tmp_path: Path) -> None:
    run("register", str(tmp_path), "fracture", "--registry", str(folder), "--json", code=3)


def test_what_was_in_production_then_is_told_with_who_approved_it_and_from_which_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_registry(tmp_path / "registry")
    days = iter(["2026-03-01T08:00:00+00:00", "2026-03-09T08:00:00+00:00"])
    monkeypatch.setattr("osteon.registry.store.now_utc", lambda: next(days))
    where = ("--registry", str(tmp_path / "registry"), "--json")
    rows = []
    for content in "ab":
        package = str(make_package(tmp_path / content, content))
        version = json.loads(run("register", package, "fracture", *where))["version"]
        reason = ("--reason", f"because {content}", "--actor", "dpo")
        rows.append(json.loads(run("promote", "fracture", version, *reason, *where)))
    (first,) = json.loads(run("at", "2026-03-05", *where))
    (second,) = json.loads(run("at", "2100-01-01", *where))
    assert (first["to_version"], first["reason"]) == ("1", "because a")
    assert first["until_utc"] == rows[1]["time_utc"]
    assert (second["to_version"], second["actor"], second["until_utc"]) == ("2", "dpo", "")
    assert {"inputs", "parents", "code_version", "policy_hash"} <= set(first["made_from"])
    assert json.loads(run("at", "2001-01-01", *where)) == []
    told = CliRunner().invoke(app, ["at", "2100-01-01", *where[:2]]).output
    assert "approved by dpo: because b" in told
    run("at", "yesterday", *where, code=2)
