"""The model server as a process: answers, records, keeps quiet about people."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from osteon.pairs.cache import encode_png
from tests.model_packages import HMAC_KEY, make_model_package, promote_package
from tests.radiographs import cr_bytes, png_bytes
from tests.server_process import READ_ONLY_TOKEN, TOKEN, RunningServer, running_server, server_registry
from tests.server_requests import assert_error, predict, take_events

TASKS = ("fracture", "bone-age", "knee-oa")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("server")
    registry = server_registry(home)
    for task in TASKS:
        promote_package(registry, make_model_package(home / task, task), task)
    with running_server(home) as running:
        yield running


def test_curl_the_bentoml_client_and_the_predictor_agree(server: RunningServer, tmp_path: Path) -> None:
    import bentoml

    from osteon.models import Predictor

    file = tmp_path / "hand.dcm"
    file.write_bytes(cr_bytes(1))
    command = ["curl", "-s", "--noproxy", "*", "-H", f"Authorization: Bearer {TOKEN}", "-F", f"files=@{file}"]
    done = subprocess.run([*command, f"{server.url}/v1/predict"], capture_output=True, check=True, timeout=60)
    by_curl = json.loads(done.stdout)["predictions"]
    with bentoml.SyncHTTPClient(server.url, token=TOKEN) as client:
        by_bentoml = client.predict(files=[file])["predictions"]
        bone_age_alone = client.predict(files=[file], task="bone-age", sex=None)["predictions"]
    for first, second in zip(by_curl, by_bentoml, strict=True):
        predictor = Predictor.load(server.home / first["task"], hmac_key=HMAC_KEY)
        (third,) = predictor.predict([file])
        assert first["value"] == pytest.approx(second["value"], abs=1e-4)
        assert first["value"] == pytest.approx(third.value, abs=1e-4)
        assert first["input_hmac"] == second["input_hmac"] == third.input_hmac
        assert first["model_version"] == third.model_version
    assert [each["task"] for each in by_curl] == ["fracture", "bone-age"]
    assert [each["task"] for each in bone_age_alone] == ["bone-age"]


def test_the_command_line_and_the_server_agree(server: RunningServer, tmp_path: Path) -> None:
    file = tmp_path / "knee.dcm"
    file.write_bytes(cr_bytes(2, body_part="KNEE"))
    command = [sys.executable, "-m", "osteon.cli", "predict", str(file), "--json"]
    command += ["--model", str(server.home / "knee-oa"), "--hmac-key", str(server.home / "hmac.key")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (by_command,) = json.loads(done.stdout)
    (by_server,) = predict(server, file.read_bytes(), task="knee-oa").json()["predictions"]
    assert by_server["value"] == pytest.approx(by_command["value"], abs=1e-4)
    assert by_server["probabilities"] == pytest.approx(by_command["probabilities"], abs=1e-4)
    assert by_server["input_hmac"] == by_command["input_hmac"]


def test_a_film_of_both_knees_gets_a_grade_for_each_with_its_side(server: RunningServer) -> None:
    across = np.clip(1.3 - 1.6 * np.abs(np.linspace(-1, 1, 150)), 0, 1)
    legs = [(np.tile(across, (180, 1)) * bright * np.linspace(0.6, 1, 180)[:, None]) for bright in (240, 200)]
    film, right, left = (
        encode_png(np.rint(each).astype(np.uint8)) for each in (np.hstack(legs), legs[0], legs[1])
    )
    take_events(server)
    found = predict(server, film, task="knee-oa").json()["predictions"]
    assert [each["laterality"] for each in found] == ["right", "left"]
    assert {event.prediction.laterality for event in take_events(server)} == {"right", "left"}
    alone = predict(server, right, left, task="knee-oa").json()["predictions"]
    for half, one in zip(found, alone, strict=True):  # the cut may lie a column beside
        assert half["probabilities"] == pytest.approx(one["probabilities"], abs=1e-3)
    assert len(predict(server, film, task="fracture").json()["predictions"]) == 1


def test_every_answer_is_one_event_with_its_embedding(server: RunningServer) -> None:
    take_events(server)
    subject = "P" + "0123456789ABCDEF"
    answer = predict(server, cr_bytes(3), png_bytes(4), site="lyon", subject=subject, sex="M").json()
    events = {event.event_id: event for event in take_events(server)}
    assert set(events) == {each["event_id"] for each in answer["predictions"]}
    assert len(events) == 2 + 3  # a hand has no knee score; a picture of no known part is for every model
    for each in answer["predictions"]:
        event = events[each["event_id"]]
        assert event.prediction.as_dict() == each
        assert (event.site, event.subject, event.sex, event.linked) == ("lyon", subject, "M", True)
        assert np.linalg.norm(event.embedding) == pytest.approx(1.0, abs=1e-5)
        assert event.embedding_space == each["embedding_space"]
    dicom = next(event for event in events.values() if event.body_part == "hand")
    assert dicom.age_band == "5-9"
    assert dicom.device.startswith("fujifilm-")


def test_a_request_without_subject_is_recorded_as_unlinked(server: RunningServer) -> None:
    take_events(server)
    predict(server, cr_bytes(5), task="bone-age")
    (event,) = take_events(server)
    assert event.subject is None
    assert not event.linked


def test_a_model_abstains_on_a_body_part_that_it_does_not_cover(server: RunningServer) -> None:
    (prediction,) = predict(server, cr_bytes(6, body_part="HAND"), task="knee-oa").json()["predictions"]
    assert (prediction["status"], prediction["reason"]) == ("abstained", "body_part_not_covered")
    chest = predict(server, cr_bytes(6, body_part="CHEST")).json()["predictions"]
    assert chest
    assert {each["status"] for each in chest} == {"abstained"}


def test_one_unreadable_file_does_not_cost_the_others_their_answer(server: RunningServer) -> None:
    predictions = predict(server, cr_bytes(7), b"no picture", task="bone-age").json()["predictions"]
    assert [each["status"] for each in predictions] == ["answered", "abstained"]
    assert predictions[1]["reason"] == "picture_unreadable"


def test_embeddings_have_unit_norm_and_name_their_space(server: RunningServer) -> None:
    files = [("files", ("a.dcm", cr_bytes(8))), ("files", ("b.png", png_bytes(9)))]
    with server.client as client:
        answer = client.post("/v1/embed", files=files, data={"task": "fracture"}).json()
        models = {each["task"]: each for each in client.get("/v1/models").json()["models"]}
    vectors = np.asarray(answer["embeddings"])
    assert vectors.shape == (2, answer["dimensions"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert answer["embedding_space"] == models["fracture"]["embedding_space"]
    assert answer["research_use_only"] is True


def test_without_a_token_or_its_scope_nothing_is_answered(server: RunningServer) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for headers in ({}, {"Authorization": "Bearer wrong-token-wrong"}, {"Authorization": "Basic abc"}):
            response = client.post("/v1/predict", files={"files": cr_bytes(11)}, headers=headers)
            assert_error(response, 401)
            assert response.headers["www-authenticate"] == "Bearer"
        read_only = {"Authorization": f"Bearer {READ_ONLY_TOKEN}"}
        assert_error(client.post("/v1/predict", files={"files": cr_bytes(11)}, headers=read_only), 403)
        assert client.get("/v1/models", headers=read_only).status_code == 200


def test_nothing_that_names_a_person_stays_behind(server: RunningServer) -> None:
    planted = {
        "PatientName": "ZYXWQUENEAU^ULRIKE",
        "PatientID": "IPP-77310042",
        "PatientBirthDate": "19410213",
        "AccessionNumber": "ACC-55120934",
        "PatientAddress": "17 RUE DES ZYXWARIUMS",
        "InstitutionName": "CLINIQUE QUXZYVAL",
        "ReferringPhysicianName": "DR^XYLOPHAGE",
        "Manufacturer": "QUXZYVAL ULRIKE",
        "StationName": "ZYXWSTATION",
        "StudyDescription": "HAND OF ZYXWQUENEAU",
        "SeriesDescription": "ULRIKE",
        "PatientComments": "ZYXWQUENEAU",
    }
    data = cr_bytes(13, **planted)
    files = [("files", ("ZYXWQUENEAU.dcm", data)), ("files", ("b.dcm", data[: len(data) // 3] + b"ZYXW"))]
    with server.client as client:
        responses = [client.post(path, files=files) for path in ("/v1/predict", "/v1/embed")]
        responses += [client.post("/v1/predict", files=files[1:]), client.get("/ZYXWQUENEAU?name=ULRIKE")]
        metrics = client.get("/metrics").text
    assert responses[0].status_code == 200
    places = {
        "answers": " ".join(response.text + str(response.headers) for response in responses),
        "metrics": metrics,
        "log": server.log,
        "files": "".join(
            path.read_bytes().decode("latin-1") for path in server.home.rglob("*") if path.is_file()
        ),
    }
    needles = {
        word for value in planted.values() for word in value.replace("^", " ").split() if len(word) > 5
    }
    needles |= {str(value) for value in planted.values()} - {"HAND"}
    for place, text in places.items():
        found = {needle for needle in needles if needle.lower() in text.lower()}
        assert not found, f"{len(found)} planted values in {place}"


def test_metrics_have_closed_labels_only(server: RunningServer) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    with server.client as client:
        client.get("/v1/unknown/path")
        families = list(text_string_to_metric_families(client.get("/metrics").text))
    names = {family.name for family in families}
    assert {"osteon_server_requests", "osteon_server_predictions", "osteon_server_request_seconds"} <= names
    routes = {
        sample.labels["route"] for family in families for sample in family.samples if "route" in sample.labels
    }
    assert routes <= {"/v1/predict", "/v1/embed", "/v1/explain", "/v1/models", "other"}
    assert "/v1/unknown" not in str(families)


def test_pages_ask_for_nothing_from_elsewhere(server: RunningServer) -> None:
    with server.client as client:
        page = client.get("/")
        assert "<script" not in page.text
        assert "https://" not in page.text
        assert client.get("/docs").status_code == client.get("/redoc").status_code == 404
        for path in ("/healthz", "/readyz", "/livez"):
            assert client.get(path).status_code == 200


def test_the_server_takes_less_than_1200_megabytes(server: RunningServer) -> None:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    peak_kib = int(status.split("VmHWM:")[1].split()[0])
    assert peak_kib / 1024 < 1200


def test_the_server_ends_cleanly_when_told_to(server: RunningServer) -> None:
    """The last test of the module: the fixture finds the process ended."""
    server.process.terminate()
    assert server.process.wait(30) == 0
    assert "fault" not in server.log
    assert "Traceback" not in server.log
