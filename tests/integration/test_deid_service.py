"""The de-identification service over HTTP."""

from io import BytesIO

import pydicom
import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from osteon.deid import create_key
from osteon.domain import UsageError
from services.deid.app import create_app
from services.deid.callers import parse_people
from services.deid.metrics import DeidMetrics
from services.deid.settings import Settings
from tests.disk_writes import Writes
from tests.identified_instances import as_file, radiograph, set_pixels

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


@pytest.fixture(scope="module")
def writes():
    return Writes()


def planted_scan():
    ds = radiograph()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    return as_file(ds)


def test_without_a_vault_nothing_is_written_to_disk(client, tmp_path, monkeypatch, writes):
    monkeypatch.chdir(tmp_path)
    writes.on, writes.paths = True, set()
    client.post("/v1/deid/dicom", content=as_file(radiograph()), headers=HEADERS)
    client.post("/v1/deid/dicom", content=planted_scan(), headers=HEADERS)
    client.post("/v1/deid/text", json={"note_text": "Mme QUENTRELEC"}, headers=HEADERS)
    client.post("/v1/pseudonym", json={"patient_id": "K77120934"}, headers=HEADERS)
    writes.on = False
    assert writes.paths == set()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    """A service with a vault, and three persons."""
    place = tmp_path_factory.mktemp("trusted")
    create_key(place / "secret" / "key")
    (place / "people").write_text(
        "reviewer-token-of-one review Dr Review Er\nofficer-token-of-one reidentify,audit Data Officer\n"
    )
    settings = Settings(
        token=TOKEN, key_file=place / "secret" / "key", vault=place / "vault", people_file=place / "people"
    )
    with TestClient(create_app(settings, DeidMetrics(CollectorRegistry()))) as client:
        yield client, place


REVIEWER = {"Authorization": "Bearer reviewer-token-of-one"}
OFFICER = {"Authorization": "Bearer officer-token-of-one"}
REASON = {"reason": "looked at with the radiologist"}


def test_with_a_vault_only_sealed_bytes_reach_the_disk(trusted, writes):
    client, place = trusted
    writes.on, writes.paths = True, set()
    assert client.post("/v1/deid/dicom", content=as_file(radiograph()), headers=HEADERS).status_code == 200
    held = client.post("/v1/deid/dicom", content=planted_scan(), headers=HEADERS)
    writes.on = False
    assert held.status_code == 409
    assert held.json()["case"]
    assert [path for path in writes.paths if str(place / "vault") not in path] == []
    written = [path for path in place.rglob("*") if path.is_file() and path.parent != place / "secret"]
    assert len(written) > 3
    for path in written:
        content = path.read_bytes().lower()
        for trace in ("quentrelec", "maëlys", "k77120934", "19570312", "1.2.8.0.1", "vercautrin"):
            assert trace.encode() not in content, path.name


def test_a_reviewer_sees_and_decides_and_a_program_does_not(trusted):
    client, _ = trusted
    ds = radiograph(seed=3)
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    case = client.post("/v1/deid/dicom", content=as_file(ds), headers=HEADERS).json()["case"]
    url = f"/v1/review/cases/{case}"
    for headers in (HEADERS, OFFICER):
        assert client.get("/v1/review/cases", headers=headers).status_code == 403
        assert client.post(f"{url}/reject", json=REASON, headers=headers).status_code == 403
    assert case in {row["case_id"] for row in client.get("/v1/review/cases", headers=REVIEWER).json()}
    shown = client.post(f"{url}/content", json=REASON, headers=REVIEWER)
    assert shown.content == as_file(ds)
    assert client.post(f"{url}/approve", json=REASON, headers=REVIEWER).status_code == 422  # not waivable
    assert client.post(f"{url}/reject", json={"reason": "no"}, headers=REVIEWER).status_code == 400
    assert client.post(f"{url}/reject", json=REASON, headers=REVIEWER).json()["person"] == "Dr Review Er"
    assert client.post(f"{url}/content", json=REASON, headers=REVIEWER).status_code == 400
    assert "osteon_deid_cases_waiting" in client.get("/metrics").text


def test_a_corrected_image_is_answered_under_every_rule(trusted):
    import cv2
    import numpy as np

    client, _ = trusted
    frame = np.full((600, 500), 300, np.uint16)
    for line in range(14):
        cv2.putText(
            frame, "QUENTRELEC MAELYS 7712", (6, 40 + 40 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 3500, 3
        )
    ds = radiograph(seed=4)
    set_pixels(ds, frame)
    case = client.post("/v1/deid/dicom", content=as_file(ds), headers=HEADERS).json()["case"]
    url = f"/v1/review/cases/{case}/correct"
    wrong = client.post(url, json={**REASON, "boxes": [[0, 0, 9000, 10]]}, headers=REVIEWER)
    assert wrong.status_code == 422
    done = client.post(url, json={**REASON, "boxes": [[0, 0, 500, 600]]}, headers=REVIEWER)
    assert done.headers["content-type"] == "application/dicom"
    out = pydicom.dcmread(BytesIO(done.content))
    assert len(np.unique(out.pixel_array)) == 1
    assert b"QUENTRELEC" not in done.content


def test_a_named_officer_is_told_who_a_pseudonym_is_and_it_is_on_record(trusted):
    client, _ = trusted
    pseudonym = client.post("/v1/pseudonym", json={"patient_id": "K77120934"}, headers=HEADERS).json()
    asked = {**pseudonym, "reason": "incidental finding to be told"}
    assert client.post("/v1/reidentify", json=asked, headers=REVIEWER).status_code == 403
    assert client.post("/v1/reidentify", json=pseudonym, headers=OFFICER).status_code == 422
    told = client.post("/v1/reidentify", json=asked, headers=OFFICER)
    assert told.json() == {"kind": "patient", "original": "K77120934", "site": "local"}
    unknown = client.post("/v1/reidentify", json={**asked, "pseudonym": "P0"}, headers=OFFICER)
    assert unknown.status_code == 422
    trail = client.get("/v1/audit", headers=OFFICER).json()
    assert (trail["fault"], trail["entries"] > 2) == ("", True)
    work = client.app.state.work
    events = [(e["event"], e["person"]) for e in work.vault.audit.entries()]
    assert ("reidentified", "Data Officer") in events
    assert ("reidentification_refused", "Data Officer") in events


@pytest.mark.parametrize(
    "text",
    ["short review A Person", "a-token-of-sixteen+ fly A Person", "a-token-of-sixteen+ review", "a\nb c d"],
)
def test_a_file_of_people_that_says_something_else_starts_no_service(text):
    with pytest.raises(UsageError):
        parse_people(text)


def test_no_request_that_the_description_admits_breaks_the_service(trusted):
    """Requests made from the OpenAPI document, valid and not: none is answered with 500."""
    import schemathesis
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    client, _ = trusted
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    operations = [result.ok() for result in schema.get_all_operations()]
    operations = [one for one in operations if one.path != "/v1/deid/dicom"]  # no form but bytes: below
    assert len(operations) >= 11

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.data())
    def check(data):
        body = data.draw(st.binary(max_size=300))
        assert client.post("/v1/deid/dicom", content=body, headers=HEADERS).status_code < 500
        operation = data.draw(st.sampled_from(operations))
        case = data.draw(operation.as_strategy())
        headers = data.draw(st.sampled_from([HEADERS, REVIEWER, OFFICER]))
        answer = case.call(headers=headers)
        assert answer.status_code < 500 or operation.path == "/readyz", (operation.path, answer.text)

    check()


def test_the_openapi_document_names_every_path(client):
    assert set(client.get("/openapi.json").json()["paths"]) >= {
        "/v1/deid/dicom",
        "/v1/deid/text",
        "/v1/pseudonym",
    }


def test_a_fault_of_the_program_is_answered_as_one_and_tells_no_value(client, monkeypatch, caplog):
    def broken(_work, _maker, number):
        raise ValueError(f"invalid literal: {number!r}")

    monkeypatch.setattr("services.deid.deid_routes._pseudonym", broken)
    answer = client.post("/v1/pseudonym", json={"patient_id": "K77120934"}, headers=HEADERS)
    assert (answer.status_code, answer.json()["error"]["got"]) == (500, "ValueError")
    assert "K77120934" not in answer.text + caplog.text
    assert 'outcome="fault"' in client.get("/metrics").text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/deid/text", '{"note_text": "Mme QUENTRELEC \\ud800"}'),
        ("/v1/deid/text", '{"note_text": "Bonjour", "note_id": "\\udfff"}'),
        ("/v1/reidentify", '{"pseudonym": "\\ud800", "reason": "asked for by the patient"}'),
        ("/v1/reidentify", '{"pseudonym": "P0", "reason": "asked for by \\ud800 the patient"}'),
    ],
)
def test_half_a_surrogate_pair_is_refused(trusted, path, body):
    client, _ = trusted
    headers = OFFICER if "reidentify" in path else HEADERS
    assert client.post(path, content=body, headers=headers).status_code == 422
