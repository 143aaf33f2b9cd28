"""The gateway among real parts: dcmtk's senders, an HL7 sender, a PACS, faults and a power cut."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.responses import JSONResponse

from osteon.dicom import read_dataset
from osteon.domain import FaultError
from services.gateway.report_hl7 import build_message
from services.gateway.send import send_message, send_study
from services.gateway.settings import Settings
from tests.dicom_files import LOSSLESS, dicom_bytes, limb
from tests.gateway_parts import (
    CALLER,
    SITE,
    ModelServer,
    RunningGateway,
    free_port,
    model_server,
    pacs,
    prediction,
    running_gateway,
    settings_for,
    thread_gateway,
    wait_until,
)

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


def instances(folder: Path, count: int, **attributes: Any) -> list[Path]:
    """Files of one study, each with a UID of its own."""
    paths = []
    for number in range(count):
        path = folder / f"{number}.dcm"
        path.write_bytes(
            dicom_bytes(
                SOPInstanceUID=f"1.2.826.0.1.3680043.10.1.3.{number}",
                AccessionNumber="PLANTEDACC",
                PatientBirthDate="19011231",
                StudyID="1",
                StudyDate="20260101",
                StudyTime="101010",
                ReferringPhysicianName="PLANTEDDOCTOR",
                **attributes,
            )
        )
        paths.append(path)
    return paths


def send(files: list[Path], settings: Settings, caller: str = CALLER) -> None:
    send_study(files, "127.0.0.1", settings.dicom_port, caller, settings.ae_title)


def send_until_cut(files: list[Path], settings: Settings, acknowledged: list[Path]) -> None:
    """Send file by file in one association; note each that was answered with success."""
    from pydicom import dcmread
    from pynetdicom import AE
    from pynetdicom.sop_class import DigitalXRayImageStorageForPresentation

    entity = AE(ae_title=CALLER)
    entity.add_requested_context(DigitalXRayImageStorageForPresentation, "1.2.840.10008.1.2.1")
    association = entity.associate("127.0.0.1", settings.dicom_port, ae_title=settings.ae_title)
    for path in files:
        if not association.is_established:
            return
        try:
            status = association.send_c_store(dcmread(path))
        except RuntimeError:  # the association was cut between the two lines
            return
        if status.get("Status") == 0:
            acknowledged.append(path)
        time.sleep(0.05)


def sop_instance_uid(data: bytes) -> str:
    return str(read_dataset(data, pixels=False).SOPInstanceUID)


def answered(gateway: RunningGateway, count: int) -> bool:
    return sum(each["states"].get("answered", 0) for each in gateway.studies()) == count


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


def test_faults_of_the_model_server_are_waited_out(tmp_path: Path) -> None:
    with model_server() as server:
        server.plan = [
            lambda: JSONResponse({}, 503),
            lambda: JSONResponse({}, 429, {"Retry-After": "1"}),
            lambda: JSONResponse({"predictions": [{"task": "fracture"}]}),
            lambda: JSONResponse([1, 2]),
        ]
        settings = settings_for(tmp_path, server.url)
        with thread_gateway(settings) as gateway:
            send(instances(tmp_path, 1), settings)
            wait_until(lambda: answered(gateway, 1))
            assert len(server.requests) == 5
            assert "subject" not in server.requests[0]


def test_a_picture_the_server_refuses_fails_at_once_and_an_absent_server_is_asked_again(
    tmp_path: Path,
) -> None:
    with model_server() as server:
        server.plan = [lambda: JSONResponse({}, 422)]
        settings = settings_for(tmp_path, server.url)
        with thread_gateway(settings) as gateway:
            send(instances(tmp_path, 1), settings)
            study = wait_until(lambda: [each for each in gateway.studies() if each["state"] == "failed"])[0]
            assert study["reasons"] == ["refused"]
            assert not list((settings.state / "spool").iterdir())
    other = tmp_path / "other"
    other.mkdir()
    absent = settings_for(other, max_attempts=2)
    with thread_gateway(absent) as gateway:
        send(instances(other, 1), absent)
        study = wait_until(lambda: [each for each in gateway.studies() if each["state"] == "failed"])[0]
        assert study["reasons"] == ["no_answer"]
        assert len(list((absent.state / "spool").iterdir())) == 1
        again = httpx.post(f"{gateway.url}/v1/studies/{study['study']}/retry", headers=gateway.headers)
        assert again.json() == {"taken_up": 1}
        shutil.rmtree(absent.state / "spool")
        with pytest.raises(FaultError, match="A700"):
            send(instances(other, 2), absent)


def test_without_known_senders_nobody_gets_in(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, calling_ae_titles={})
    with thread_gateway(settings), pytest.raises(FaultError, match="a rejection"):
        send(instances(tmp_path, 1), settings)


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    with model_server() as server:
        settings = settings_for(tmp_path, lease_s=1.0)  # no model server yet
        gateway = RunningGateway(settings, tmp_path / "log")
        acknowledged: list[Path] = []
        sender = threading.Thread(
            target=send_until_cut, args=(instances(tmp_path, 400), settings, acknowledged)
        )
        sender.start()
        wait_until(lambda: len(acknowledged) >= 5)
        gateway.kill()  # in the middle of the study
        sender.join(60)
        again = settings.model_copy(update={"model_server_url": server.url})
        with running_gateway(again, tmp_path / "log") as gateway:
            wait_until(lambda: not any(each["state"] != "answered" for each in gateway.studies()), 120)
            arrived = {sop_instance_uid(each["bytes"]) for each in server.requests}
    assert len(acknowledged) < 400
    assert {sop_instance_uid(path.read_bytes()) for path in acknowledged} <= arrived


def test_results_of_a_live_model_reach_pacs_and_ris_and_only_those(tmp_path: Path) -> None:
    live = tmp_path / "live.yaml"
    live.write_text(
        f"- {{task: fracture, model_version: fracture-1, site: {SITE}, actor: dr-b, reason: validated,"
        " time_utc: '2026-06-01T09:00:00Z'}\n"
    )
    stored: list[Any] = []
    port = free_port()
    with model_server() as server:
        ris = settings_for(tmp_path, server.url)
        folder = tmp_path / "live"
        folder.mkdir()
        settings = settings_for(
            folder, server.url, live_models=live, pacs_host="127.0.0.1", pacs_port=port,
            ris_host="127.0.0.1", ris_port=ris.hl7_port,
        )  # fmt: skip
        with (
            thread_gateway(ris),
            thread_gateway(settings) as gateway,
        ):
            send(instances(folder, 1), settings)
            wait_until(lambda: answered(gateway, 1))
            time.sleep(0.3)  # the PACS is down: the delivery waits
            with pacs(stored, port, status=[0xA700]):
                wait_until(lambda: stored)
            assert ris.handover is not None
            wait_until(lambda: list(ris.handover.glob("*/hl7/*.hl7")))  # type: ignore[union-attr]
    text = str(stored[0])
    assert stored[0].Modality == "SR"
    assert "Assessment for fracture" in text
    assert "osteoarthritis" not in text
    assert "Research use only" in text
    assert len(list(settings.state.glob("outbox/*/shadow/report.dcm"))) == 1


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
