"""What the model server refuses, and how it stays well: floods, bombs, slow and broken clients, pickles."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.model_packages import make_model_package, promote_package
from tests.radiographs import cr_bytes, deflated_bomb, png_bomb, png_bytes
from tests.server_process import TOKEN, RunningServer, running_server, server_registry
from tests.server_requests import MIB, assert_error, metric, predict, take_events

PLACES = 3
UPLOAD_TIMEOUT_S = 4.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("server")
    promote_package(server_registry(home), make_model_package(home / "fracture", "fracture"), "fracture")
    settings = {
        "OSTEON_SERVER_MAX_FILE_BYTES": str(4 * MIB),
        "OSTEON_SERVER_MAX_REQUEST_BYTES": str(6 * MIB),
        "OSTEON_SERVER_MAX_PIXELS": "4000000",
        "OSTEON_SERVER_MAX_WAITING": str(PLACES),
        "OSTEON_SERVER_UPLOAD_TIMEOUT_S": str(UPLOAD_TIMEOUT_S),
        "OSTEON_SERVER_WORKERS": "1",
    }
    with running_server(home, settings) as running:
        yield running


def half_sent(server: RunningServer) -> socket.socket:
    """A client that has sent the beginning of a request and keeps the rest."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(
        b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n"
        b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    )
    return connection


def wait_for_places(server: RunningServer, taken: int, limit_s: float = 30.0) -> None:
    end = time.monotonic() + limit_s
    while metric(server, "osteon_server_waiting_requests") != taken:
        assert time.monotonic() < end, "the places were not taken, or not given back, in time"
        time.sleep(0.02)


def test_a_full_server_answers_429_and_says_when_to_come_back(server: RunningServer) -> None:
    slow = [half_sent(server) for _ in range(PLACES)]
    try:
        wait_for_places(server, PLACES)
        response = predict(server, cr_bytes(1))
        assert_error(response, 429)
        assert int(response.headers["retry-after"]) >= 1
    finally:
        for connection in slow:
            connection.close()
    wait_for_places(server, 0)
    assert predict(server, cr_bytes(1)).status_code == 200


def test_a_client_that_stops_sending_is_answered_408_and_gives_its_place_back(server: RunningServer) -> None:
    with half_sent(server) as connection:
        wait_for_places(server, 1)
        started = time.monotonic()
        answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - started < UPLOAD_TIMEOUT_S + 10
    wait_for_places(server, 0)


def connected(server: RunningServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


@pytest.mark.parametrize(
    "said", [b"", b"POST /v1/predict HTTP/1.1\r\nX-Slow: "], ids=["nothing", "half a head"]
)
def test_a_connection_without_a_whole_request_head_is_closed(server: RunningServer, said: bytes) -> None:
    started = time.monotonic()
    with connected(server) as connection:
        connection.sendall(said)
        assert connection.recv(100) == b""
    assert UPLOAD_TIMEOUT_S - 1 < time.monotonic() - started < UPLOAD_TIMEOUT_S + 10


def status_of(connection: socket.socket) -> int:
    """The status of the next answer, which is read to its end."""
    response = HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status


def test_who_sends_too_much_is_told_before_and_after_all_of_it_is_sent(server: RunningServer) -> None:
    """The answer is not lost with the connection, though the body goes on and on."""
    with connected(server) as connection:
        connection.sendall(
            b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        )
        body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + b"\0" * 10 * MIB
        connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        assert status_of(connection) == 413
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status_of(connection) == 200


def test_a_client_that_hangs_up_gives_its_place_back_and_its_pictures_are_not_judged(
    server: RunningServer,
) -> None:
    take_events(server)
    files = [("files", (f"{n}.png", png_bytes(n))) for n in range(16)]
    request = httpx.Request("POST", f"{server.url}/v1/predict", files=files)
    body = request.read()
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        text = f"POST /v1/predict HTTP/1.1\r\n{head}Authorization: Bearer {TOKEN}\r\n\r\n"
        connection.sendall(text.encode() + body)
    wait_for_places(server, 0)
    assert predict(server, cr_bytes(2)).status_code == 200  # the only thread is free for others
    assert len(take_events(server)) == 1  # of the second request


def test_a_request_that_breaks_off_leaves_the_server_well(server: RunningServer) -> None:
    half_sent(server).close()
    assert predict(server, cr_bytes(14)).status_code == 200


def routes_of(app: Any) -> Iterator[tuple[str, str]]:
    """Method and path of every route of an application, those of applications mounted in it too."""
    for route in getattr(app, "routes", None) or []:
        for method in getattr(route, "methods", None) or ():
            yield method, route.path
        yield from routes_of(getattr(route, "app", None))


class Opener:
    """A pickle that makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.path), "w"))


# CVE-2025-27520: the media type; CVE-2025-32375: a runner's headers, whatever the media type.
RUNNER = {
    "args-number": "1",
    "Payload-Container": "NdarrayContainer",
    "Payload-Meta": '{"format": "default"}',
}
ATTACKS = (
    {"Content-Type": "application/vnd.bentoml+pickle"},
    {"Content-Type": "Application/VND.BentoML+Pickle; x=1"},
    {"Content-Type": "application/json", "Accept": "application/vnd.bentoml+pickle"},
    {"Content-Type": "application/vnd.bentoml.NdarrayContainer", "Batch-Size": "1", **RUNNER},
    {"Content-Type": "application/octet-stream", "Payload-Buffer-Lengths": "[1]", **RUNNER},
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["Content-Type"][:40])
def test_no_route_reads_a_pickle(server: RunningServer, attack: dict[str, str], tmp_path: Path) -> None:
    from services.model_server.service import build_service

    planted = tmp_path / "planted"
    body = pickle.dumps(Opener(planted))
    found = set(routes_of(build_service().to_asgi(is_main=False)))
    assert {("POST", "/v1/predict"), ("GET", "/schema.json"), ("GET", "/metrics")} <= found
    paths = {path for _, path in found} | {
        "/predict",
        "/embed",
        "/run",
    }  # what BentoML or a runner would serve
    with server.client as client:
        for method, path in found | {("POST", path) for path in paths} | {("PUT", path) for path in paths}:
            response = client.request(method, path, content=body, headers=attack)
            if "pickle" in str(attack).lower():
                assert response.status_code == 415, (method, path)
            elif method in ("POST", "PUT"):
                assert response.status_code in (404, 405, 415), (method, path)
    assert not planted.exists()


def test_a_pickle_among_the_files_is_no_picture(server: RunningServer, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    body = pickle.dumps(Opener(planted))
    parts = [("files", ("a", body, "application/vnd.bentoml+pickle"))]
    with server.client as client:
        assert_error(client.post("/v1/predict", files=parts), 422)
    assert not planted.exists()


@pytest.mark.parametrize(
    "media_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"]
)
def test_only_a_form_with_files_is_read(server: RunningServer, media_type: str) -> None:
    with server.client as client:
        response = client.post("/v1/predict", content=b"files=1", headers={"Content-Type": media_type})
    assert_error(response, 415)


def test_an_address_instead_of_a_file_is_not_fetched(server: RunningServer) -> None:
    with server.client as client:
        response = client.post("/v1/predict", data={"files": "http://127.0.0.1:9/x"}, files={"site": b"x"})
    assert_error(response, 422)


def test_too_many_bytes_are_refused(server: RunningServer) -> None:
    assert_error(predict(server, b"\0" * (5 * MIB)), 413)
    assert_error(predict(server, b"\0" * (3 * MIB), b"\0" * (4 * MIB)), 413)
    with server.client as client:

        def endless() -> Iterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
            for _ in range(20):
                yield b"\0" * MIB

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        assert_error(client.post("/v1/predict", content=endless(), headers=headers), 413)


def test_a_picture_bomb_is_refused_before_it_is_decoded(server: RunningServer) -> None:
    before = server.cpu_seconds
    error = assert_error(predict(server, png_bomb(12_000)), 422)
    assert "pixels" in error["need"]
    assert_error(predict(server, deflated_bomb()), 422)
    assert server.cpu_seconds - before < 10


@pytest.mark.parametrize(
    "fields",
    [
        {"task": "elbow"},
        {"sex": "X"},
        {"site": "../etc"},
        {"subject": "1850599000123"},
        {"subject": "DUPONT^MARIE"},
        {"other": "x"},
    ],
)
def test_a_field_that_is_not_of_the_contract_is_refused_without_repeating_it(
    server: RunningServer, fields: dict[str, str]
) -> None:
    response = predict(server, cr_bytes(12), **fields)
    assert_error(response, 422)
    value = next(iter(fields.values()))
    assert len(value) < 3 or value not in response.text


@pytest.mark.slow
def test_openapi_says_what_the_routes_do(server: RunningServer) -> None:
    # Random bytes fit the schema of a file and are no picture: 413 and 422 are right answers to them.
    (server.home / "schemathesis.toml").write_text(
        '[checks.positive_data_acceptance]\nexpected-statuses = ["2xx", 404, 409, 413, 422]\n'
    )
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {TOKEN}", "--max-examples", "25", "--seed", "1"),
        *("--phases", "examples,fuzzing", "--generation-database", "none"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=server.home)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
