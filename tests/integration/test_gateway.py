"""The gateway among real parts: dcmtk's senders, an HL7 sender, a model server."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from osteon.domain import FaultError
from services.gateway.report_hl7 import build_message
from services.gateway.send import send_message, send_study
from tests.dicom_files import LOSSLESS, dicom_bytes, limb
from tests.gateway_parts import (
    CALLER,
    SITE,
    ModelServer,
    RunningGateway,
    model_server,
    prediction,
    running_gateway,
    settings_for,
    wait_until,
)
from tests.gateway_senders import answered, instances, send

dcmtk = pytest.mark.skipif(shutil.which("storescu") is None, reason="needs the Debian package dcmtk")
PLANTED = [
    "PLANTED-ID-77",
    "PLANTED^NAME",
    "PLANTEDLONE",
    "PLANTEDACC",
    "PLANTEDDOCTOR",
    "1.2.826.0.1.3680043.10.1",
    "19011231",
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, ModelServer]]:
    folder = tmp_path_factory.mktemp("gateway")
    with model_server() as server:
        settings = settings_for(folder, server.url, deid_url=server.url)
        with running_gateway(settings, folder / "log") as gateway:
            yield gateway, server


Stack = tuple[RunningGateway, ModelServer]


def test_a_study_sent_as_a_hospital_does_is_answered_in_shadow(stack: Stack, tmp_path: Path) -> None:
    gateway, server = stack
    files = instances(tmp_path, 2, PatientName="PLANTEDLONE")
    send(files, gateway.settings)
    wait_until(lambda: answered(gateway, 2))
    asked = server.requests[-2:]
    assert {each["bytes"][128:132] for each in asked} == {b"DICM"}
    assert {each["filename"] for each in asked} == {"instance.dcm"}
    assert {each["token"] for each in asked} == {"Bearer server-token"}
    assert {each["site"] for each in asked} == {SITE}
    assert {each["sex"] for each in asked} == {"F"}
    assert {each["subject"] for each in asked} == {"P0123456789ABCDEF"}
    results = list((gateway.settings.state / "outbox").glob("*/shadow/*"))
    assert sorted({path.name for path in results}) == [
        "prediction.json", "report.dcm", "report.hl7", "report.json"
    ]  # fmt: skip
    assert not list((gateway.settings.state / "outbox").glob("*/live"))
    assert not list((gateway.settings.state / "spool").iterdir())
    shown = json.loads(results[0].parent.joinpath("prediction.json").read_text())
    assert shown["shadow"]
    assert shown["research_use_only"]


def test_an_answered_instance_sent_again_is_asked_again_and_its_results_replaced(
    stack: Stack, tmp_path: Path
) -> None:
    gateway, server = stack
    files = instances(tmp_path, 1)
    send(files, gateway.settings)
    wait_until(lambda: answered(gateway, 2))
    outbox = gateway.settings.state / "outbox"
    before, results = len(server.requests), len(list(outbox.rglob("*")))
    send(files, gateway.settings)
    wait_until(lambda: len(server.requests) == before + 1 and answered(gateway, 2))
    assert len(list(outbox.rglob("*"))) == results


def test_an_unknown_sender_is_rejected(stack: Stack, tmp_path: Path) -> None:
    gateway, _ = stack
    with pytest.raises(FaultError, match="a rejection"):
        send(instances(tmp_path, 1), gateway.settings, caller="STRANGER")
    with pytest.raises(FaultError, match="a rejection"):
        send_study(instances(tmp_path, 1), "127.0.0.1", gateway.settings.dicom_port, CALLER, "ANOTHER")


def test_modes_and_health_are_told(stack: Stack) -> None:
    gateway, _ = stack
    assert httpx.get(f"{gateway.url}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{gateway.url}/readyz").json() == {"status": "ready"}
    assert httpx.get(f"{gateway.url}/v1/studies").status_code == 401
    assert httpx.get(f"{gateway.url}/docs").status_code == 404
    assert "osteon_gateway_received_items_total" in httpx.get(f"{gateway.url}/metrics").text


@dcmtk
def test_dcmtk_echoes_and_stores_in_every_lossless_syntax(stack: Stack, tmp_path: Path) -> None:
    gateway, server = stack
    port = str(gateway.settings.dicom_port)
    peer = ["-aet", "OTHER", "-aec", "OSTEON", "127.0.0.1", port]
    subprocess.run(["echoscu", *peer], check=True, timeout=30)
    before = len(server.requests)
    options = {
        "explicit little endian": "-x=",
        "RLE": "-xr",
        "JPEG lossless SV1": "-xs",
        "JPEG-LS lossless": "-xt",
        "JPEG 2000 lossless": "-xv",
        "deflated": "-xd",
    }
    for number, (name, option) in enumerate(options.items()):
        path = tmp_path / f"{number}.dcm"
        uid = f"1.2.826.0.1.3680043.10.1.4.{number}"
        path.write_bytes(dicom_bytes(limb(), syntax=LOSSLESS[name], SOPInstanceUID=uid))
        done = subprocess.run(["storescu", option, *peer, path], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, (name, done.stderr)
    wait_until(lambda: len(server.requests) == before + len(options))
    assert {each["site"] for each in server.requests[before:]} == {"local"}
    wrong = subprocess.run(["echoscu", "-aet", "STRANGER", *peer[2:]], capture_output=True, timeout=30)
    assert wrong.returncode != 0


def test_stow_stores_what_it_can_and_names_the_rest(stack: Stack) -> None:
    gateway, _ = stack
    good = dicom_bytes(SOPInstanceUID="1.2.826.0.1.3680043.10.1.5.1")
    body = b"".join(
        b"--x\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n" for part in (good, b"nonsense")
    )
    headers = {**gateway.headers, "Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
    url = f"{gateway.url}/dicom-web/studies"
    answer = httpx.post(url, content=body + b"--x--\r\n", headers=headers)
    assert answer.status_code == 202
    assert len(answer.json()["00081199"]["Value"]) == 1
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xC000]
    assert httpx.post(url, content=body, headers={"Content-Type": headers["Content-Type"]}).status_code == 401
    assert httpx.post(url, content=body, headers={**headers, "Content-Type": "text/plain"}).status_code == 400


def test_a_report_is_handed_over_to_the_research_path(stack: Stack) -> None:
    gateway, _ = stack
    message = build_message(dicom_bytes(), [prediction()], control_id="r1", site="chu-a")
    assert send_message(message, "127.0.0.1", gateway.settings.hl7_port) == "AA"
    assert gateway.settings.handover is not None
    found = wait_until(lambda: list(gateway.settings.handover.glob("*/hl7/*.hl7")))  # type: ignore[union-attr]
    assert found[0].read_bytes().rstrip(b"\r") == message.rstrip(b"\r")
    with pytest.raises(FaultError, match="AR"):
        send_message(message.replace(b"ORU^R01", b"ADT^A01"), "127.0.0.1", gateway.settings.hl7_port)
    with pytest.raises(FaultError):
        send_message(b"not hl7 at all", "127.0.0.1", gateway.settings.hl7_port, timeout_s=5)


def test_no_identifier_is_in_logs_metrics_queue_or_answers(stack: Stack) -> None:
    gateway, _ = stack
    answers = [httpx.get(f"{gateway.url}{path}", headers=gateway.headers).text for path in
               ("/v1/studies", "/metrics", "/healthz", "/readyz")]  # fmt: skip
    shown = "".join([gateway.log.read_text(), *answers]).encode()
    database = b"".join(path.read_bytes() for path in gateway.settings.state.glob("gateway.db*"))
    names = " ".join(str(path) for path in gateway.settings.state.rglob("*")).encode()
    for planted in PLANTED:
        assert planted.encode() not in shown, planted
        assert planted.encode() not in database, planted
        assert planted.encode() not in names, planted


def test_result_files_are_for_their_owner_alone(stack: Stack) -> None:
    gateway, _ = stack
    for path in (gateway.settings.state / "outbox").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_hundred_images_of_one_association_are_all_answered(stack: Stack, tmp_path: Path) -> None:
    gateway, _ = stack
    files = []
    for number in range(100):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(dicom_bytes(SOPInstanceUID=f"1.2.826.0.1.3680043.10.1.6.{number}"))
        files.append(path)
    before = sum(each["states"].get("answered", 0) for each in gateway.studies())
    send(files, gateway.settings)
    wait_until(lambda: answered(gateway, before + len(files)), timeout_s=120)
