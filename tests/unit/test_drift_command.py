import json

import pytest
from typer.testing import CliRunner

from osteon.cli.drift import app
from osteon.features import FeatureRepository
from tests.event_frame import events


@pytest.fixture
def arguments(tmp_path):
    FeatureRepository(tmp_path / "features").table.append(events(60))
    folders = ["--features", str(tmp_path / "features"), "--references", str(tmp_path / "references")]
    return ["report", *folders, "--until", "2026-03-01T00:00:00"]


def test_with_json_the_whole_report_is_the_only_output(arguments):
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["sites"]["north"]["verdict"] == "cannot_tell"
    assert (
        len(report["streams"]) == 3
    )  # the site, and each sex: it has one device, view, body part and age band


def test_without_json_a_person_reads_one_line_per_site_and_task(arguments):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "cannot tell" in result.stdout
    assert "no reference" in result.stdout


def test_an_empty_repository_says_what_to_do(tmp_path):
    result = CliRunner().invoke(app, ["report", "--features", str(tmp_path / "features")])
    assert result.exit_code == 0
    assert result.stdout == ""


def test_a_wrong_policy_is_bad_usage_told_in_json(arguments, tmp_path):
    (tmp_path / "policy.yaml").write_text("schema_version: '1'\nmmdd: 1\n")
    result = CliRunner().invoke(app, [*arguments, "--policy", str(tmp_path / "policy.yaml"), "--json"])
    assert result.exit_code == 2
    assert "mmdd" in json.loads(result.stdout)["error"]["got"]
