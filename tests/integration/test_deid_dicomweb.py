"""Studies out of a real PACS over DICOMweb; and a service that answers badly."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import httpx
import pytest
import yaml

from osteon.deid import Policy
from osteon.deid.pacs import deidentify_pacs
from osteon.dicom.dicomweb import DicomWeb, InstanceAddress, dicomweb, read_filters
from osteon.domain import RefusedError, UsageError
from osteon.domain.errors import FaultError, OsteonError
from tests.identified_instances import KEY, as_file, radiograph
from tests.orthanc_process import result_in_isolation

PLACE = InstanceAddress("1.2.8.1", "1.2.8.2", "1.2.8.3")


@pytest.mark.orthanc
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Orthanc") is None, reason="needs the Debian package orthanc")
def test_the_studies_that_a_query_matches_come_out_under_pseudonyms(tmp_path: Path) -> None:
    found = result_in_isolation("tests.dicomweb_session", tmp_path)
    assert (found["figures"]["studies"], found["figures"]["images"]) == (2, 2)
    assert found["figures"]["quarantined"] == 1
    assert "dose report" in found["reasons"]
    assert found["leaks"] == 0
    assert found["fetched"] == 3  # a second run fetches nothing again


def answering(answer: httpx.Response) -> DicomWeb:
    """A service that always gives the same answer."""
    client = httpx.Client(base_url="http://pacs/", transport=httpx.MockTransport(lambda _request: answer))
    return DicomWeb(client, max_instance_bytes=1000)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, text="Mme QUENTRELEC"),
        httpx.Response(200, text="Mme QUENTRELEC"),
        httpx.Response(200, content=b"x" * 200_000, headers={"content-type": "application/dicom"}),
        httpx.Response(200, content=b"--a\r\n\r\nQUENTRELEC", headers={"content-type": "m/r; boundary=a"}),
    ],
)  # fmt: skip
def test_a_bad_answer_is_refused_without_a_word_of_it(answer: httpx.Response) -> None:
    with pytest.raises(OsteonError) as error:
        answering(answer).fetch(PLACE)
    assert "QUENTRELEC" not in str(error.value)


def test_the_first_part_of_a_multipart_answer_is_the_file() -> None:
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\nDATA\r\n--b--\r\n"
    answer = httpx.Response(200, content=body, headers={"content-type": 'multipart/related; boundary="b"'})
    assert answering(answer).fetch(PLACE) == b"DATA"


def test_a_service_that_is_not_there_is_a_fault_without_its_address() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to pacs", request=request)

    client = httpx.Client(base_url="http://pacs/", transport=httpx.MockTransport(refuse))
    with pytest.raises(FaultError) as error:
        DicomWeb(client, 1000).studies({"PatientID": "K77120934"})
    assert "K77120934" not in str(error.value)
    assert "pacs/" not in str(error.value)


def test_an_address_with_a_password_and_a_filter_that_is_none_are_refused() -> None:
    with pytest.raises(UsageError), dicomweb("https://user:secret@pacs/dicom-web"):
        pass
    with pytest.raises(UsageError):
        read_filters(["StudyDate"])
    with pytest.raises(UsageError):
        answering(httpx.Response(204)).studies({"PatientName": "X"})
    with pytest.raises(RefusedError):
        answering(httpx.Response(204)).instances("../../etc")


def listing(*uids: str) -> httpx.Response:
    return httpx.Response(200, json=[{"0020000D": {"Value": [uid]}} for uid in uids])


def test_every_study_is_found_where_a_service_gives_fewer_at_a_time_than_it_is_asked_for() -> None:
    found = [f"1.2.{number}" for number in range(7)]

    def capped(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        return listing(*found[offset : offset + 3])

    client = httpx.Client(base_url="http://pacs/", transport=httpx.MockTransport(capped))
    assert DicomWeb(client, 1000).studies({}) == found


def test_a_service_that_knows_no_pages_is_not_asked_for_ever() -> None:
    found = sorted(f"1.2.{number}" for number in range(250))
    asked: list[httpx.Request] = []

    def everything(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return listing(*found) if len(asked) < 5 else httpx.Response(500)

    client = httpx.Client(base_url="http://pacs/", transport=httpx.MockTransport(everything))
    assert DicomWeb(client, 1000).studies({}) == found


def pacs_with(contents: dict[str, bytes]) -> httpx.Client:
    """A PACS with one study of these instances."""

    def pacs(request: httpx.Request) -> httpx.Response:
        path, first = request.url.path, request.url.params.get("offset") == "0"
        if path.endswith("/studies"):
            return listing("1.2.8.1") if first else httpx.Response(204)
        if path.endswith("/1.2.8.1/instances"):
            rows = [{"0020000E": {"Value": ["1.2.8.2"]}, "00080018": {"Value": [uid]}} for uid in contents]
            return httpx.Response(200, json=rows if first else [])
        content = contents[path.rpartition("/")[2]]
        return httpx.Response(200, content=content, headers={"content-type": "application/dicom"})

    return httpx.Client(base_url="http://pacs/", transport=httpx.MockTransport(pacs))


def test_one_instance_above_the_limit_is_held_back_and_the_others_come_out(tmp_path: Path) -> None:
    small = as_file(radiograph())
    service = DicomWeb(pacs_with({"1.2.8.3": small, "1.2.8.4": bytes(len(small) + 2**17)}), len(small))
    made = deidentify_pacs(service, {}, tmp_path / "out", Policy.load(), KEY, "nord")
    assert (made.figures["images"], made.figures["quarantined"]) == (1, 1)


def test_what_a_stricter_policy_holds_back_is_gone_from_the_output(tmp_path: Path) -> None:
    service, policy = DicomWeb(pacs_with({"1.2.8.3": as_file(radiograph())}), 2**20), Policy.load()
    deidentify_pacs(service, {}, tmp_path / "out", policy, KEY, "nord")
    assert len(list(tmp_path.glob("out/nord/dicom/*/*.dcm"))) == 1
    rules = policy.model_dump(mode="json") | {"sop_classes": ["1.2.840.10008.5.1.4.1.1.2"]}  # CT alone
    (tmp_path / "strict.yaml").write_text(yaml.safe_dump(rules))
    strict = Policy.load(tmp_path / "strict.yaml")
    made = deidentify_pacs(service, {}, tmp_path / "out", strict, KEY, "nord")
    assert (made.figures["images"], made.figures["quarantined"]) == (0, 1)
    assert list(tmp_path.glob("out/nord/dicom/*/*.dcm")) == []


def test_an_output_that_another_run_writes_is_refused(tmp_path: Path) -> None:
    with (tmp_path / ".out.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RefusedError):
            deidentify_pacs(DicomWeb(pacs_with({}), 1), {}, tmp_path / "out", Policy.load(), KEY, "nord")
