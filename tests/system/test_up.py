"""The main job, end to end, in its short form: a sample, the pipeline, the services, a study, an answer.

One installation is made for the whole module, with a patient planted among the studies.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.system.planted import Planted, matches, plant, traces

pytestmark = pytest.mark.slow

OSTEON = str(Path(sys.executable).with_name("osteon"))
STUDIES = "150"


@dataclass
class Installation:
    """A running installation and what its start printed."""

    root: Path
    planted: Planted
    first: dict
    output: str

    @property
    def token(self) -> str:
        return (self.root / "secrets" / "token").read_text().strip()

    def url(self, name: str) -> str:
        return self.first["addresses"][name]


def osteon(*arguments: str, timeout_s: float = 900) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [OSTEON, *arguments], capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL
    )


def start(root: Path) -> subprocess.CompletedProcess[str]:
    arguments = ("--home", str(root), "--studies", STUDIES, "--recipe", "tiny", "--detach", "--json")
    done = osteon("up", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    root = tmp_path_factory.mktemp("home")
    done = osteon("sample", "--output", str(root / "sample"), "--studies", STUDIES, "--seed", "1")
    assert done.returncode == 0, done.stderr
    planted = plant(root / "sample")
    done = start(root)
    yield Installation(
        root=root, planted=planted, first=json.loads(done.stdout), output=done.stdout + done.stderr
    )
    osteon("down", "--home", str(root))


def test_up_prints_the_addresses_the_token_and_an_answered_study(installation):
    assert installation.first["token"] == installation.token
    assert set(installation.first["addresses"]) >= {"portal", "model_server", "gateway", "dicom"}
    predictions = installation.first["answer"]["predictions"]
    assert {prediction["task"] for prediction in predictions} >= {"bone-age", "fracture"}
    assert all(prediction["research_use_only"] for prediction in predictions)


def test_every_stage_left_its_manifest(installation):
    workspace = installation.root / "workspace"
    expected = ["deid", "pairs", "pretrain"]
    for task in ("fracture", "bone-age", "knee-oa"):
        expected += [f"models/{task}", f"evaluation/{task}", f"registered/{task}", f"reference/{task}"]
    assert [name for name in expected if not (workspace / name / "manifest.json").is_file()] == []


def test_the_hospital_that_is_kept_out_of_training_is_measured_beside_the_test_rows(installation):
    workspace = installation.root / "workspace"
    with (workspace / "pairs" / "labels_held_out.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for task, column in (("fracture", "fracture"), ("bone-age", "bone_age_months"), ("knee-oa", "kl_grade")):
        measured = json.loads((workspace / "evaluation" / task / "evaluation.json").read_text())
        assert measured.get("held_out", {"n": 0})["n"] == sum(row[column] != "" for row in rows)


def test_a_second_up_reuses_everything_and_answers_again(installation):
    before = {
        path: path.stat().st_mtime_ns for path in (installation.root / "workspace").rglob("manifest.json")
    }
    again = json.loads(start(installation.root).stdout)
    after = {
        path: path.stat().st_mtime_ns for path in (installation.root / "workspace").rglob("manifest.json")
    }
    assert before == after
    assert again["addresses"] == installation.first["addresses"]
    values = [prediction["value"] for prediction in installation.first["answer"]["predictions"]]
    assert [prediction["value"] for prediction in again["answer"]["predictions"]] == pytest.approx(values)


def test_a_rerun_of_the_pipeline_does_no_work_twice(installation):
    root = installation.root
    before = {path: path.stat().st_mtime_ns for path in (root / "workspace").rglob("*") if path.is_file()}
    done = osteon(
        "pipeline", "run", "--source", f"{root}/sample", "--workspace", f"{root}/workspace",
        "--registry", f"{root}/registry", "--references", f"{root}/references",
        "--key-file", f"{root}/secrets/deid.key", "--actor", "osteon up", "--recipe", "tiny", "--seed", "1",
        "--scratch", f"{root}/scratch", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    after = {path: path.stat().st_mtime_ns for path in (root / "workspace").rglob("*") if path.is_file()}
    assert before == after
    assert len(json.loads(done.stdout)) == 15


def test_curl_the_bentoml_client_and_osteon_predict_agree(installation):
    import bentoml

    image = next(path for path in (installation.root / "sample" / "ouest" / "dicom").rglob("*.dcm"))
    curl = subprocess.run(
        ["curl", "-sS", "-H", f"Authorization: Bearer {installation.token}", "-F", f"files=@{image}",
         f"{installation.url('model_server')}/v1/predict"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    by_curl = {one["task"]: one for one in json.loads(curl.stdout)["predictions"]}
    with bentoml.SyncHTTPClient(installation.url("model_server"), token=installation.token) as client:
        by_client = {one["task"]: one for one in client.predict(files=[image])["predictions"]}
    assert by_curl
    for task, answer in by_curl.items():
        model = installation.root / "workspace" / "models" / task
        done = osteon("predict", str(image), "--model", str(model), "--json")
        assert done.returncode == 0, done.stderr
        by_command = json.loads(done.stdout)[0]
        assert answer["status"] == by_client[task]["status"] == by_command["status"]
        if answer["status"] == "answered":
            assert by_client[task]["value"] == pytest.approx(answer["value"], abs=1e-4)
            assert by_command["value"] == pytest.approx(answer["value"], abs=1e-4)


def test_the_server_searches_the_pairs_of_its_own_run(installation):
    image = next(path for path in (installation.root / "sample" / "ouest" / "dicom").rglob("*.dcm"))
    with httpx.Client(
        base_url=f"{installation.url('model_server')}/v1",
        headers={"Authorization": f"Bearer {installation.token}"},
        timeout=60,
    ) as client:
        for route, form in (
            ("search", {"text": "fracture du poignet"}),
            ("zeroshot", {"task": "fracture"}),
            ("report-draft", {"k": "3"}),
        ):
            files = (
                [("text", (None, form.pop("text")))] if "text" in form else [("files", image.read_bytes())]
            )
            answer = client.post(route, files=files, data=form)
            assert answer.status_code == 200, answer.text
            found = answer.json()
            assert found.get("hits") or found.get("answers") or found.get("sentences")


def test_answers_reach_the_feature_store_and_the_drift_metrics(installation):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        text = httpx.get(f"{installation.url('drift_monitor')}/metrics", timeout=10).text
        if 'site="ouest"' in text:
            break
        time.sleep(2)
    assert 'site="ouest"' in text


def test_a_patient_has_one_pseudonym_in_the_feature_store_and_in_the_training_data(installation):
    from osteon.features import FeatureRepository

    with (installation.root / "workspace" / "deid" / "instances.csv").open(encoding="utf-8") as stream:
        trained = {row["patient"] for row in csv.DictReader(stream) if row["hospital"] == "ouest"}
    events = FeatureRepository(installation.root / "features").history(site="ouest")
    linked = {subject for subject in events["subject"] if isinstance(subject, str) and subject}
    assert linked
    assert linked <= trained


def test_every_service_is_ready_and_the_portal_asks_for_the_token(installation):
    status = json.loads(osteon("status", "--home", str(installation.root), "--json").stdout)
    assert status["services"]
    assert all(row["ready"] for row in status["services"].values())
    page = httpx.get(installation.url("portal"), follow_redirects=True, timeout=10)
    assert page.status_code in {200, 401}
    assert installation.token not in page.text


def test_a_planted_patient_leaves_no_trace_on_the_research_side(installation):
    from services.gateway.send import send_study

    port = int(installation.url("dicom").rpartition(":")[2])
    send_study(installation.planted.files, "127.0.0.1", port, "OSTEON_DEMO", "OSTEON")
    time.sleep(8)  # the answer is recorded, moved to the feature store and seen by the monitor
    root = installation.root
    found = {}
    for folder in (
        "workspace",
        "registry",
        "references",
        "features",
        "state",
        "log",
        "scratch",
        "run",
        "requests",
    ):
        if (root / folder).exists():
            found.update(traces(root / folder))
    assert found == {}
    for name in ("model_server", "gateway", "deid", "drift_monitor"):
        text = httpx.get(f"{installation.url(name)}/metrics", timeout=10).content
        assert matches(text) == [], name
    assert matches(installation.output.encode()) == []


def test_the_planted_study_was_trained_on_and_not_only_thrown_away(installation):
    record = json.loads((installation.root / "workspace" / "deid" / "manifest.json").read_text())
    assert record["figures"]["studies"] == int(STUDIES) + 1


def test_an_error_about_the_planted_study_shows_none_of_its_values(installation, tmp_path):
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(installation.planted.files[0].read_bytes()[:4000])
    model = installation.root / "workspace" / "models" / "fracture"
    for arguments in (
        ("picture", str(broken), "--output", str(tmp_path / "a.png")),
        ("predict", str(broken), "--model", str(model), "--json"),
        ("deid", "dicom", str(broken), str(tmp_path / "out.dcm"), "--key-file",
         str(installation.root / "secrets" / "deid.key")),
    ):  # fmt: skip
        done = osteon(*arguments)
        assert done.returncode in {0, 3, 4}
        assert matches((done.stdout + done.stderr).encode()) == []


def test_a_champion_can_be_rolled_back_only_to_one_that_was(installation):
    done = osteon(
        "registry", "rollback", "fracture", "--registry", f"{installation.root}/registry",
        "--reason", "test", "--json",
    )  # fmt: skip
    assert done.returncode == 2
    assert set(json.loads(done.stdout)["error"]) == {"need", "got", "next"}


def test_ctrl_c_during_up_stops_what_it_started(tmp_path):
    process = subprocess.Popen(
        [OSTEON, "up", "--home", str(tmp_path / "home"), "--studies", "5000", "--detach"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, stdin=subprocess.DEVNULL,
        # Tests that a shell started in the background inherit an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list((tmp_path / "home" / "sample").glob("*/dicom/*")) and time.monotonic() < deadline:
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors.decode()
    left = subprocess.run(["pgrep", "-g", str(process.pid)], capture_output=True, text=True)
    assert left.stdout == ""
