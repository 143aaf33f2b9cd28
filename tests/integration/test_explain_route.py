"""`POST /v1/explain`, and the abstentions that a server adds: an implant over the joint, a stale model."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from prometheus_client import CollectorRegistry
from pydicom import dcmread

import services.model_server.explain as explain_module
from osteon.artefact import read_manifest
from osteon.domain import Task
from osteon.models.package import load_package, save_package
from osteon.registry import registry_uri
from services.model_server.api import build_api
from services.model_server.metrics import ServerMetrics
from services.model_server.server import Server
from services.model_server.settings import Settings
from tests.model_packages import make_model_package, promote_package
from tests.radiographs import cr_bytes, png_bytes
from tests.registries import new_registry

TOKEN = "a-token-for-tests-only"


def client_of(home: Path, **settings: Any) -> TestClient:
    """A client of a whole server in this process, its champions loaded."""
    (home / "tokens").write_text(f"{TOKEN}\n")
    server = Server(
        Settings(
            registry_uri=registry_uri(home / "registry"),
            outbox_url=f"sqlite:///{home}/outbox.db",
            token_file=home / "tokens",
            hmac_key_file=home / "hmac.key",
            **settings,
        ),
        ServerMetrics(CollectorRegistry()),
    )
    server.champions.refresh()
    app = build_api()
    app.state.server = server
    return TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("explain")
    registry = new_registry(home / "registry")
    for task in ("fracture", "knee-oa"):
        promote_package(registry, make_model_package(home / task, task), task)
    return home


def explain(client: TestClient, *files: bytes, accept: str = "image/png", **fields: str) -> Any:
    parts = [("files", (f"{n}", data, "application/octet-stream")) for n, data in enumerate(files)]
    return client.post("/v1/explain", files=parts, data=fields, headers={"Accept": accept})


def test_a_picture_is_explained_by_a_png_that_is_larger_by_its_lines_of_words(home: Path) -> None:
    client = client_of(home)
    answers = [explain(client, cr_bytes(1), task="fracture") for _ in range(2)]
    assert answers[0].status_code == 200, answers[0].text
    assert answers[0].headers["content-type"] == "image/png"
    assert answers[0].content == answers[1].content
    with Image.open(BytesIO(answers[0].content)) as image:
        assert image.mode == "RGB"
        assert image.size[1] > image.size[0] / 2


def test_a_dicom_instance_is_explained_by_a_secondary_capture_of_its_study(home: Path) -> None:
    instance = cr_bytes(1)
    answer = explain(client_of(home), instance, accept="application/dicom", task="fracture")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom"
    source, made = dcmread(BytesIO(instance)), dcmread(BytesIO(answer.content))
    assert made.StudyInstanceUID == source.StudyInstanceUID
    assert made.Modality == "OT"
    assert made.pixel_array.shape[-1] == 3


def test_what_cannot_be_explained_is_refused_with_the_reason(home: Path) -> None:
    client = client_of(home)
    assert explain(client, cr_bytes(1), cr_bytes(2)).status_code == 422
    assert explain(client, b"no picture").status_code == 422
    assert explain(client, png_bytes(1), accept="application/dicom").status_code == 422
    assert explain(client, cr_bytes(1), accept="text/html").status_code == 406
    other_part = explain(client, cr_bytes(1), task="knee-oa").json()["error"]
    assert "body part" in other_part["got"]
    client.headers.pop("Authorization")
    assert explain(client, cr_bytes(1)).status_code == 401


def test_without_torch_the_route_says_what_it_needs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(home)
    monkeypatch.setattr(explain_module, "find_spec", lambda _: None)
    answer = explain(client, cr_bytes(1))
    assert answer.status_code == 501
    assert answer.json()["error"]["next"] == "ask a server with torch installed"


def test_openapi_says_what_explain_answers(home: Path) -> None:
    paths = client_of(home).get("/openapi.json").json()["paths"]
    responses = paths["/v1/explain"]["post"]["responses"]
    assert set(responses["200"]["content"]) == {"image/png", "application/dicom"}
    assert {"401", "406", "422", "501"} <= set(responses)


def reasons(client: TestClient, **fields: str) -> dict[str, str | None]:
    files = [("files", ("0", png_bytes(1), "application/octet-stream"))]
    answer = client.post("/v1/predict", files=files, data=fields)
    return {one["task"]: one["reason"] for one in answer.json()["predictions"]}


def test_a_model_older_than_its_hospital_allows_abstains_as_stale(home: Path) -> None:
    assert reasons(client_of(home, stale_after_days=10)) == {"fracture": None, "knee-oa": None}
    stale = reasons(client_of(home, stale_after_days=1e-9))
    assert stale == {"fracture": "model_stale", "knee-oa": "model_stale"}
    assert explain(client_of(home, stale_after_days=1e-9), cr_bytes(1), task="fracture").status_code == 422


@pytest.mark.parametrize(("threshold", "reason"), [(0.0, "implant_covers_the_joint"), (1.1, None)])
def test_an_implant_over_the_joint_leaves_its_grade_unanswered(
    tmp_path: Path, threshold: float, reason: str | None
) -> None:
    registry = new_registry(tmp_path / "registry")
    for task in ("fracture", "knee-oa"):
        promote_package(registry, make_model_package(tmp_path / task, task), task)
    folder = make_model_package(tmp_path / "implant", "implant")
    loaded = load_package(folder)
    calibration = replace(loaded.package.calibration, threshold=threshold)
    save_package(folder, replace(loaded.package, calibration=calibration), read_manifest(folder))
    promote_package(registry, folder, Task.IMPLANT.value)
    found = reasons(client_of(tmp_path))
    assert found["knee-oa"] == reason
    assert found["fracture"] is None
