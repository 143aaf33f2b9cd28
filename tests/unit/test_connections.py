"""Connections without a whole request head, on uvicorn with a small application."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from osteon.connections import patient_protocol
from tests.conftest import ROOT

LIMIT_S = 0.6
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def refuses_long_bodies(scope: Any, receive: Any, send: Any) -> None:
    """200, or 413 before the whole body was read; a path /stall holds the whole server up."""
    if scope["path"] == "/stall":
        time.sleep(LIMIT_S + 1.6)
    message = await receive()
    status = 413 if message.get("more_body") else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(
        refuses_long_bodies,
        port=0,
        http=patient_protocol(LIMIT_S),
        timeout_keep_alive=75,
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture
def connection(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as opened:
        yield opened


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nX-Slow: "], ids=["nothing", "half a head"])
def test_a_connection_without_a_request_is_closed_in_time(connection: socket.socket, said: bytes) -> None:
    started = time.monotonic()
    connection.sendall(said)
    assert connection.recv(100) == b""
    assert time.monotonic() - started > LIMIT_S / 2


def test_a_connection_that_asks_now_and_then_stays_open(connection: socket.socket) -> None:
    for _ in range(6):
        connection.sendall(GET)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        time.sleep(LIMIT_S / 2)


@pytest.mark.parametrize("in_front", [b"", GET], ids=["first", "second"])
def test_a_head_without_an_end_is_refused(connection: socket.socket, in_front: bytes) -> None:
    connection.sendall(in_front + b"GET / HTTP/1.1\r\nX-Long: ")
    with pytest.raises(ConnectionError):  # after what the system's own buffers took
        connection.sendall(b"x" * 2**25)


def test_the_rest_of_a_refused_body_is_no_head(connection: socket.socket) -> None:
    size = 8 * 2**20
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    connection.sendall(b"x" * size)
    assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")
    connection.sendall(GET)
    assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_what_came_while_the_server_stalled_is_answered(port: int, connection: socket.socket) -> None:
    connection.sendall(GET)
    assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    time.sleep(LIMIT_S * 1.2)  # at the next look it has been silent for long enough
    with socket.create_connection(("127.0.0.1", port), timeout=20) as other:
        other.sendall(GET.replace(b"GET /", b"GET /stall"))
        time.sleep(0.2)
        connection.sendall(GET)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_every_service_is_served_with_these_limits() -> None:
    starts = {path.parent.name: path.read_text() for path in (ROOT / "services").glob("*/__main__.py")}
    assert len(starts) == 5
    assert [name for name, text in starts.items() if "serve(" not in text or "uvicorn.run" in text] == []
