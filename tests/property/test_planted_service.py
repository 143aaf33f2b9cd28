"""Identity sent to the service is in no answer, metric, log, error or file of it."""

import logging

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from osteon.deid import create_key
from services.deid.app import create_app
from services.deid.metrics import DeidMetrics
from services.deid.settings import Settings
from tests.disk_writes import Writes
from tests.identified_instances import as_file, plant_everywhere, radiograph
from tests.property.test_planted_identity import WORDS, found_in

HEADERS = {"Authorization": "Bearer a-token-for-the-tests-only"}
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service with a vault, where its vault lies, and what it opens for writing."""
    place = tmp_path_factory.mktemp("service")
    create_key(place / "key")
    chosen = Settings(token=HEADERS["Authorization"][7:], key_file=place / "key", vault=place / "vault")
    with TestClient(create_app(chosen, DeidMetrics(CollectorRegistry()))) as client:
        yield client, place / "vault", Writes()


def requests_with(word, family, number):
    """Whole, broken and refused instances, notes with and without an identity beside them, and questions."""
    ds = plant_everywhere(radiograph(name=f"{family}^{word}", number=number), word)
    whole = as_file(ds)
    ds.SOPClassUID = SECONDARY_CAPTURE
    known = {"PatientName": f"{family}^{word}", "PatientID": number}
    text = f"Patiente : {family.upper()} {word}, IPP {number}. Pas de fracture."
    yield from (("/v1/deid/dicom", {"content": sent}) for sent in (whole, whole[:-3000], as_file(ds)))
    yield "/v1/deid/dicom", {"content": whole.replace(b"CS\x02\x00CR", b"CS\xff\xffCR")}
    yield "/v1/deid/text", {"json": {"note_text": text, "patient": known}}
    yield "/v1/deid/text", {"json": {"note_text": text, "patient": {"PatientName": [family]}}}
    yield "/v1/deid/text", {"json": {word: text}}
    yield "/v1/pseudonym", {"json": {"patient_id": number}}
    yield "/v1/reidentify", {"json": {"pseudonym": number, "reason": f"asked for by {family}"}}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=WORDS, family=WORDS, number=st.from_regex(r"[A-Z]{2}[0-9]{8}", fullmatch=True))
def test_a_planted_word_is_in_no_answer_metric_log_error_or_file(service, caplog, word, family, number):
    client, vault, writes = service
    caplog.clear()
    writes.on, writes.paths = True, set()
    codes, said = set(), b""
    with caplog.at_level(logging.DEBUG):
        for path, body in requests_with(word, family, number):
            answer = client.post(path, headers=HEADERS, **body)
            codes.add(answer.status_code)
            said += answer.content + repr(answer.headers).encode()
        said += client.get("/metrics").content
    writes.on = False
    assert {200, 409, 422} <= codes
    assert [path for path in writes.paths if str(vault) not in path] == []
    files = [path for path in vault.rglob("*") if path.is_file()]
    assert files
    for needle in (word, family, number):
        assert not found_in(needle, said)
        assert not found_in(needle, caplog.text.encode())
        assert [path.name for path in files if found_in(needle, path.read_bytes() + path.name.encode())] == []
