import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from monitoring.retraining import RequestFolder
from osteon.cli.main import app
from osteon.domain import FaultError, RetrainingRequest

REQUEST = RetrainingRequest(
    task="fracture",
    sites=("north",),
    reason="drift",
    evidence={},
    model_version="1",
    cooldown_s=3600,
    time_utc="2026-03-01T00:00:00+00:00",
)


@pytest.fixture
def arguments(tmp_path):
    places = {
        "requests": tmp_path,
        "host": "h",
        "source": "s",
        "workspace": "w",
        "registry": "r",
        "references": "f",
    }
    return ["pipeline", "watch", *(f"--{name}={value}" for name, value in places.items()), "--once"]


def test_each_request_is_submitted_once_and_its_run_is_recorded(tmp_path, arguments, monkeypatch):
    submitted = []
    monkeypatch.setattr("pipelines.run.submit", lambda settings, **_: submitted.append(settings) or "run-1")
    RequestFolder(tmp_path).file(REQUEST)
    RequestFolder(tmp_path).file(replace(REQUEST, task="bone-age"))
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert len(submitted) == 2
    done = [json.loads(path.read_text()) for path in tmp_path.glob("*.done")]
    assert {request["run"] for request in done} == {"run-1"}


def test_a_request_whose_submission_failed_is_kept(tmp_path, arguments, monkeypatch):
    def fail(settings, **_):
        raise FaultError("an API that answers", "none", "start it")

    monkeypatch.setattr("pipelines.run.submit", fail)
    RequestFolder(tmp_path).file(REQUEST)
    assert CliRunner().invoke(app, arguments).exit_code == 1
    assert len(list(tmp_path.glob("*.claimed"))) == 1
