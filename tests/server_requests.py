"""Requests to a running model server, and what it recorded of them."""

from __future__ import annotations

from typing import Any

import httpx

from osteon.domain import Event
from tests.server_process import RunningServer

MIB = 2**20


def predict(server: RunningServer, *files: bytes, **fields: str) -> httpx.Response:
    """The answer to files sent as a form."""
    parts = [("files", (f"{n}.dcm", data, "application/octet-stream")) for n, data in enumerate(files)]
    with server.client as client:
        return client.post("/v1/predict", files=parts, data=fields)


def take_events(server: RunningServer) -> list[Event]:
    """Everything in the outbox, which is empty afterwards."""
    outbox = server.outbox
    claimed = outbox.claim(10_000)
    outbox.ack(claimed)
    return [each.event for each in claimed]


def assert_error(response: httpx.Response, status: int) -> dict[str, str]:
    """The error of a response that has this status and the form of all errors."""
    assert response.status_code == status, response.text
    error: dict[str, str] = response.json()["error"]
    assert set(error) == {"need", "got", "next"}
    assert all(error.values())
    return error


def metric(server: RunningServer, name: str, **labels: str) -> float:
    """One sample of the server's metrics; 0 where it was never counted."""
    from prometheus_client.parser import text_string_to_metric_families

    with server.client as client:
        text = client.get("/metrics").text
    samples: list[Any] = [each for family in text_string_to_metric_families(text) for each in family.samples]
    wanted = [each.value for each in samples if each.name == name and labels.items() <= each.labels.items()]
    return float(sum(wanted))
