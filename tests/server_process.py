"""A model server as a process of its own, as a hospital runs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from osteon.features import Outbox
from osteon.registry import Registry, registry_uri
from tests.model_packages import HMAC_KEY
from tests.registries import new_registry

TOKEN = "a-token-for-tests-only"
READ_ONLY_TOKEN = "a-token-for-models-only"


@dataclass(frozen=True)
class RunningServer:
    """A started server with what it writes to."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]

    @property
    def client(self) -> httpx.Client:
        """A client with the token of every scope."""
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60, trust_env=False
        )

    @property
    def cpu_seconds(self) -> float:
        """Processor time that the server has used: what a busy machine does not change."""
        used = psutil.Process(self.process.pid).cpu_times()
        return float(used.user + used.system)

    @property
    def outbox(self) -> Outbox:
        """The outbox that the server appends to."""
        return Outbox(outbox_url(self.home))

    @property
    def log(self) -> str:
        """Everything the server printed."""
        return (self.home / "server.log").read_text()


def outbox_url(home: Path) -> str:
    return f"sqlite:///{home}/outbox.db"


def server_registry(home: Path) -> Registry:
    """The server's registry; an empty one on the first call."""
    if not (home / "registry" / "mlflow.db").exists():
        new_registry(home / "registry")
    return Registry(registry_uri(home / "registry"))


def server_environment(home: Path) -> dict[str, str]:
    (home / "tokens").write_text(f"{TOKEN}\n{READ_ONLY_TOKEN} models\n")
    (home / "hmac.key").write_bytes(HMAC_KEY)
    return {
        "OSTEON_SERVER_REGISTRY_URI": registry_uri(home / "registry"),
        "OSTEON_SERVER_OUTBOX_URL": outbox_url(home),
        "OSTEON_SERVER_TOKEN_FILE": str(home / "tokens"),
        "OSTEON_SERVER_HMAC_KEY_FILE": str(home / "hmac.key"),
        "OSTEON_SERVER_RELOAD_INTERVAL_S": "0.2",
        "OMP_NUM_THREADS": "1",
    }


@contextmanager
def running_server(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[RunningServer]:
    """A server on a free port, ready; asked to stop at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, **server_environment(home), **(settings or {})}
    with (home / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.model_server", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=log,
        )
    server = RunningServer(f"http://127.0.0.1:{port}", home, process)
    try:
        _wait_ready(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_ready(server: RunningServer, limit_s: float = 300.0) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        assert server.process.poll() is None, server.log
        try:
            if httpx.get(f"{server.url}/readyz", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready in {limit_s} s\n{server.log}")
