"""The gateway when something is down: the model server, the PACS, its own process; and a stranger."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.responses import JSONResponse

from osteon.domain import FaultError
from tests.gateway_parts import (
    SITE,
    RunningGateway,
    free_port,
    model_server,
    pacs,
    running_gateway,
    settings_for,
    thread_gateway,
    wait_until,
)
from tests.gateway_senders import answered, instances, send, send_until_cut, sop_instance_uid


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
