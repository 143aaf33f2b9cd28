"""The server and the writer as processes, and a supervisor that starts again what ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path

import httpx

from benchmarks.accept_04.models import Served
from osteon.domain import FaultError
from osteon.registry import registry_uri
from tests.model_packages import HMAC_KEY

TOKENS = tuple(f"soak-token-of-client-{number:02d}" for number in range(12))
GREEDY_TOKEN = "soak-token-of-the-greedy-one"
READ_ONLY_TOKEN = "soak-token-for-models-only"
PLACES = 24
UPLOAD_TIMEOUT_S = 6.0
REQUESTS_PER_S, REQUESTS_BURST = 30, 60
LEASE_S = 5.0
_RESTART_S = 0.5


class Supervised:
    """One process that is started again whenever it ends, as a kubelet does with a container."""

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.starts = 0
        self._command = [sys.executable, "-m", *arguments]
        self._environment = {**os.environ, **environment}
        self._log = log
        self._wanted = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Number of the running process."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    def start(self) -> None:
        """Keep it running from now on."""
        self._wanted.set()
        self._watch = self._watch or asyncio.create_task(self._keep(), name=self.name)

    def kill(self) -> None:
        """kill -9."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)

    async def stop(self, limit_s: float = 45.0) -> int | None:
        """Ask it to end and do not start it again; its exit status, None where it had to be killed."""
        self._wanted.clear()
        process = self._process
        if process is None or process.returncode is not None:
            return None if process is None else process.returncode
        process.terminate()
        try:
            return await asyncio.wait_for(process.wait(), limit_s)
        except TimeoutError:
            process.kill()
            await process.wait()
            return None

    async def end(self) -> int | None:
        """Stop it for good."""
        status = await self.stop()
        if self._watch is not None:
            self._watch.cancel()
        return status

    async def _keep(self) -> None:
        while True:
            await self._wanted.wait()
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                    stdin=asyncio.subprocess.DEVNULL,
                )
            self.starts += 1
            await self._process.wait()
            await asyncio.sleep(_RESTART_S)


class Processes:
    """The model server and the writer of one run."""

    def __init__(self, served: Served, disk: Path) -> None:
        self.home, self._outbox_file = served.home, disk / "outbox.db"
        self.outbox = f"sqlite:///{self._outbox_file}"
        self.features = served.home / "features"
        self.host, self.port = "127.0.0.1", _free_port()
        (self.home / "tokens").write_text(
            "\n".join([*TOKENS, GREEDY_TOKEN, f"{READ_ONLY_TOKEN} models"]), encoding="ascii"
        )
        (self.home / "hmac.key").write_bytes(HMAC_KEY)
        self.server = Supervised(
            "server",
            ["services.model_server", "--port", str(self.port)],
            _server_settings(served, self.outbox),
            self.home / "server.log",
        )
        self.writer = Supervised(
            "writer",
            ["osteon.features.writer", "--loop"],
            {
                "OSTEON_WRITER_OUTBOX_URL": self.outbox,
                "OSTEON_WRITER_REPOSITORY": str(self.features),
                "OSTEON_WRITER_INTERVAL_S": "1",
                "OSTEON_WRITER_LEASE_S": str(LEASE_S),
                "OSTEON_WRITER_BATCH": "100",
            },
            self.home / "writer.log",
        )

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://{self.host}:{self.port}"

    def held_events(self) -> int:
        """Events that a writer has claimed and not acknowledged."""
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self._outbox_file)) as database:
            asked = "SELECT count(*) FROM osteon_outbox WHERE leased_until_s > ?"
            return int(database.execute(asked, (time.time(),)).fetchone()[0])
        return 0

    async def ready(self, limit_s: float = 240.0, unless: Callable[[], bool] = lambda: False) -> None:
        """Returns when the server says that it is ready, or when `unless` is true."""
        end = time.monotonic() + limit_s
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while time.monotonic() < end and not unless():
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        if unless():
            return
        raise FaultError("a server that becomes ready", "none in time", f"read {self.home}/server.log")


def _server_settings(served: Served, outbox: str) -> dict[str, str]:
    settings = {
        "REGISTRY_URI": registry_uri(served.home / "registry"),
        "OUTBOX_URL": outbox,
        "TOKEN_FILE": served.home / "tokens",
        "HMAC_KEY_FILE": served.home / "hmac.key",
        "RELOAD_INTERVAL_S": 0.5,
        "DUAL_PACKAGE": served.dual,
        "INDEX": served.index,
        "MAX_WAITING": PLACES,
        "MAX_FILE_BYTES": 4 * 2**20,
        "MAX_REQUEST_BYTES": 6 * 2**20,
        "MAX_PIXELS": 4_000_000,
        "UPLOAD_TIMEOUT_S": UPLOAD_TIMEOUT_S,
        "REQUESTS_PER_S": REQUESTS_PER_S,
        "REQUESTS_BURST": REQUESTS_BURST,
    }
    return {f"OSTEON_SERVER_{name}": str(value) for name, value in settings.items()} | {
        "OMP_NUM_THREADS": "1"
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
