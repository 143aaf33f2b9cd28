"""Servers and the bare engine as processes on cores of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.server_load.package import HMAC_KEY
from osteon.registry import registry_uri

TOKEN = "a-token-for-benchmarks"


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that answers, and how long it took to be ready."""

    url: str
    process: subprocess.Popen[bytes]
    cold_start_s: float

    @property
    def peak_mib(self) -> float:
        """Largest resident memory of its process and of those it started."""
        return sum(_peak_mib(pid) for pid in (self.process.pid, *_children(self.process.pid)))


class Bare:
    """The bare engine, asked over its standard input."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._read()

    def ask(self, command: str) -> Any:
        """Its answer to a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def bare_engine(package: Path, picture: Path, threads: int, cores: set[int]) -> Iterator[Bare]:
    """The bare engine on those cores, until the block ends."""
    command = [sys.executable, "-m", "benchmarks.server_load.bare", str(package), str(picture), str(threads)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=_on(cores)
    )
    try:
        yield Bare(process)
    finally:
        process.kill()
        process.wait()


@contextmanager
def our_server(home: Path, threads: int, cores: set[int]) -> Iterator[Running]:
    """The model server as a hospital starts it, with the home's registry."""
    (home / "token").write_text(TOKEN)
    (home / "hmac.key").write_bytes(HMAC_KEY)
    settings = {
        "REGISTRY_URI": registry_uri(home / "registry"),
        "OUTBOX_URL": f"sqlite:///{home}/outbox.db",
        "TOKEN_FILE": str(home / "token"),
        "HMAC_KEY_FILE": str(home / "hmac.key"),
        "WORKERS": str(len(cores)),
        "TORCH_THREADS": str(threads),
        "MAX_WAITING": "256",
    }
    environment = {f"OSTEON_SERVER_{name}": value for name, value in settings.items()}
    port = _free_port()
    command = [sys.executable, "-m", "services.model_server", "--port", str(port)]
    with _running(command, port, "/readyz", cores, environment) as server:
        yield server


@contextmanager
def peer_server(name: str, package: Path, cores: set[int]) -> Iterator[Running]:
    """A peer with the same package."""
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.server_load.peers", name, str(package), str(port)]
    with _running(command, port, "/health", cores, {}) as server:
        yield server


@contextmanager
def _running(
    command: list[str], port: int, ready: str, cores: set[int], environment: dict[str, str]
) -> Iterator[Running]:
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_on(cores),
        start_new_session=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        while not _is_ready(f"{url}{ready}"):
            if process.poll() is not None or time.perf_counter() - started > 300:
                raise SystemExit(f"{command[2]} did not start")
            time.sleep(0.02)
        yield Running(url=url, process=process, cold_start_s=time.perf_counter() - started)
    finally:
        for pid in (*_children(process.pid), process.pid):
            subprocess.run(["kill", str(pid)], stderr=subprocess.DEVNULL, check=False)
        process.wait(60)


def _on(cores: set[int]) -> Any:
    return lambda: os.sched_setaffinity(0, cores)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _peak_mib(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return int(status.split("VmHWM:")[1].split()[0]) / 1024 if "VmHWM:" in status else 0.0


def _children(pid: int) -> list[int]:
    import psutil

    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
