"""`osteon pipeline watch` and `submit`: what a cluster is sent, once, and with no secret in it."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from monitoring.retraining import RequestFolder
from osteon.cli.main import app
from osteon.domain import RetrainingRequest
from tests.kubeflow_api import kubeflow_api

REQUEST = RetrainingRequest(
    task="fracture",
    sites=("north",),
    reason="drift",
    evidence={},
    model_version="1",
    cooldown_s=3600,
    time_utc="2026-03-01T00:00:00+00:00",
)
PLACES = {
    "archive": "/mnt/run/pairs",
    "studies": "/mnt/run/deid",
    "features": "/mnt/features",
    "frozen": "/mnt/run/frozen",
    "workspace": "/mnt/run/retraining",
    "references": "/mnt/references",
    "registry-secret": "osteon-databases",
}


@pytest.fixture
def api():
    with kubeflow_api() as running:
        yield running


@pytest.fixture
def arguments(tmp_path, api):
    (tmp_path / "token").write_text("a-token\n")
    places = PLACES | {
        "requests": str(tmp_path / "requests"),
        "host": api.host,
        "token-file": tmp_path / "token",
    }
    claims = ["--claim=osteon-pipelines=/mnt/run", "--claim=osteon-features=/mnt/features"]
    return ["pipeline", "watch", *(f"--{name}={value}" for name, value in places.items()), *claims, "--once"]


def watch(arguments):
    return CliRunner().invoke(app, arguments)


def graph(run):
    """The pipeline of a run, and what its tasks are given on a cluster."""
    spec = run["pipeline_spec"]
    spec, platform = (spec, {}) if "root" in spec else (spec["pipeline_spec"], spec["platform_spec"])
    return spec, platform


def test_each_request_becomes_one_run_of_the_retraining_graph(tmp_path, api, arguments):
    folder = RequestFolder(tmp_path / "requests")
    folder.file(REQUEST)
    folder.file(replace(REQUEST, task="bone-age"))
    for _ in range(2):
        assert watch(arguments).exit_code == 0
    assert len(api.runs) == 2
    asked = [run["runtime_config"]["parameters"] for run in api.runs]
    assert {one["task"] for one in asked} == {"fracture", "bone-age"}
    assert all(json.loads(one["request"])["task"] == one["task"] for one in asked)
    assert len({one["workspace"] for one in asked}) == 2
    assert "gate-stage" in graph(api.runs[0])[0]["root"]["dag"]["tasks"]
    done = [json.loads(path.read_text()) for path in (tmp_path / "requests").glob("*.done")]
    assert {request["run"] for request in done} == {"run-1", "run-2"}
    assert api.tokens == {"Bearer a-token"}


def test_the_registrys_address_comes_from_a_secret_and_volumes_from_claims(tmp_path, api, arguments):
    RequestFolder(tmp_path / "requests").file(REQUEST)
    assert watch(arguments).exit_code == 0
    spec, platform = graph(api.runs[0])
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert set(executors) == set(spec["deploymentSpec"]["executors"])
    assert all(
        {"/mnt/run", "/mnt/features"} == {m["mountPath"] for m in e["pvcMount"]} for e in executors.values()
    )
    opening = {name for name, given in executors.items() if "secretAsEnv" in given}
    assert opening == {"exec-retrain-stage", "exec-register-stage", "exec-gate-stage"}
    assert not api.runs[0]["runtime_config"]["parameters"]["registry"]


def test_a_request_whose_worker_died_after_sending_it_is_not_trained_twice(tmp_path, api, arguments):
    RequestFolder(tmp_path / "requests").file(REQUEST)
    api.dies_after_taking = True
    assert watch(arguments).exit_code == 1
    (waiting,) = (tmp_path / "requests").glob("*.json")
    assert watch(arguments).exit_code == 0
    assert [run["display_name"] for run in api.runs] == [waiting.stem]
    assert json.loads(next((tmp_path / "requests").glob("*.done")).read_text())["run"] == "run-1"


def test_without_an_answer_of_the_api_the_request_is_kept_and_the_error_says_so(tmp_path, arguments):
    RequestFolder(tmp_path / "requests").file(REQUEST)
    nobody = [one if not one.startswith("--host") else "--host=http://127.0.0.1:9" for one in arguments]
    done = watch(nobody)
    assert done.exit_code == 1
    assert "Kubeflow Pipelines" in done.stderr
    assert len(list((tmp_path / "requests").glob("*.json"))) == 1


def test_identified_studies_are_mounted_into_the_tasks_that_take_identity_out_and_no_other(tmp_path, api):
    arguments = ["pipeline", "submit", f"--host={api.host}", "--source=/mnt/handover", "--workspace=/mnt/run"]
    arguments += ["--references=/mnt/references", "--claim=osteon-pipelines=/mnt/run"]
    arguments += ["--source-claim=osteon-handover=/mnt/handover", "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"run_id": "run-1"}
    _, platform = graph(api.runs[0])
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    seeing = {n for n, e in executors.items() if "/mnt/handover" in {m["mountPath"] for m in e["pvcMount"]}}
    assert seeing == {"exec-deid-plan-stage", "exec-deid-shard-stage", "exec-deid-stage"}


@pytest.mark.parametrize("claim", ["osteon-features", "=/mnt", "osteon-features=mnt"])
def test_a_claim_in_another_form_is_refused_with_the_form_that_is_wanted(tmp_path, api, arguments, claim):
    RequestFolder(tmp_path / "requests").file(REQUEST)
    done = watch([*arguments, f"--claim={claim}"])
    assert done.exit_code == 2
    assert "NAME=/PATH" in done.stderr
    assert api.runs == []
