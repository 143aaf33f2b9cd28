"""The de-identification service over HTTP."""

from io import BytesIO

import pydicom
import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from osteon.deid import create_key
from services.deid.app import create_app
from services.deid.metrics import DeidMetrics
from services.deid.settings import Settings
from tests.identified_instances import as_file, radiograph

TOKEN = "a-token-for-the-tests-only"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    key = tmp_path_factory.mktemp("secret") / "key"
    create_key(key)
    settings = Settings(token=TOKEN, key_file=key, max_dicom_bytes=200_000, max_text_bytes=4000)
    with TestClient(create_app(settings, DeidMetrics(CollectorRegistry()))) as client:
        yield client


def test_a_dicom_instance_comes_back_under_its_pseudonym(client):
    answer = client.post("/v1/deid/dicom", content=as_file(radiograph()), headers=HEADERS)
    assert answer.status_code == 200
    out = pydicom.dcmread(BytesIO(answer.content))
    assert out.PatientIdentityRemoved == "YES"
    assert b"QUENTRELEC" not in answer.content


def test_one_patient_has_one_pseudonym_in_dicom_and_by_name(client):
    out = pydicom.dcmread(
        BytesIO(client.post("/v1/deid/dicom", content=as_file(radiograph()), headers=HEADERS).content)
    )
    asked = client.post("/v1/pseudonym", json={"patient_id": "K77120934"}, headers=HEADERS)
    assert asked.json() == {"pseudonym": out.PatientID}
    other = client.post("/v1/pseudonym", json={"patient_id": "K77120934", "site": "sud"}, headers=HEADERS)
    assert other.json() != asked.json()


def test_a_note_comes_back_replaced_with_the_places(client):
    note = {
        "note_id": "1",
        "note_text": "Mme QUENTRELEC, fracture de Colles.",
        "patient": {"PatientName": "QUENTRELEC^M"},
    }
    answer = client.post("/v1/deid/text", json=note, headers=HEADERS)
    assert answer.status_code == 200
    assert "QUENTRELEC" not in answer.text
    assert "fracture de Colles" in answer.json()["note_text"]
    assert answer.json()["source_entities"] == [{"start": 4, "end": 14, "label": "NOM"}]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
def test_requests_without_the_token_are_not_answered(client, headers):
    for path in ("/v1/deid/dicom", "/v1/deid/text", "/v1/pseudonym"):
        assert client.post(path, content=b"x", headers=headers).status_code == 401


def test_refusals_say_what_was_needed_and_nothing_of_the_content(client):
    for path, content, status in (
        ("/v1/deid/dicom", b"QUENTRELEC", 422),
        ("/v1/deid/dicom", b"x" * 300_000, 413),
        ("/v1/deid/text", b'{"note_text": 5, "x": "QUENTRELEC"}', 422),
        ("/v1/deid/text", b"QUENTRELEC", 422),
        ("/v1/deid/text", b"{" * 5000, 413),
        ("/v1/pseudonym", b'{"patient_id": ""}', 422),
    ):
        answer = client.post(path, content=content, headers=HEADERS)
        assert answer.status_code == status, path
        assert set(answer.json()["error"]) == {"need", "got", "next"}
        assert "QUENTRELEC" not in answer.text


def test_a_scan_is_quarantined_with_409(client):
    ds = radiograph()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    assert client.post("/v1/deid/dicom", content=as_file(ds), headers=HEADERS).status_code == 409


def test_health_and_metrics_tell_counts_and_no_values(client):
    client.post("/v1/deid/dicom", content=as_file(radiograph()), headers=HEADERS)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code in (200, 503)
    metrics = client.get("/metrics").text
    assert 'osteon_deid_requests_total{kind="dicom",outcome="answered"}' in metrics
    assert "QUENTRELEC" not in metrics


def test_nothing_is_written_to_disk(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    client.post("/v1/deid/dicom", content=as_file(radiograph()), headers=HEADERS)
    client.post("/v1/deid/text", json={"note_text": "Mme QUENTRELEC"}, headers=HEADERS)
    assert list(tmp_path.iterdir()) == []


def test_the_openapi_document_names_every_path(client):
    assert set(client.get("/openapi.json").json()["paths"]) >= {
        "/v1/deid/dicom",
        "/v1/deid/text",
        "/v1/pseudonym",
    }
