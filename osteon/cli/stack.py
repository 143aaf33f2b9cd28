"""The services as processes of this machine: started, watched until ready, stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil

from osteon.artefact import atomic_write
from osteon.cli.home import Home
from osteon.domain import FaultError

_STOP_S = 10.0
_POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """How one service is started and how one sees that it is ready.

    Attributes:
        ready_url: answers 200 once the service is ready; empty for one without an address.
        niceness: what works in the background yields the processor to what answers.
    """

    name: str
    module: str
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    ready_url: str = ""
    niceness: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningService:
    """One started service; `created` tells its process from a later one with the same number."""

    name: str
    pid: int
    created: float
    ready_url: str

    @property
    def process(self) -> psutil.Process | None:
        """The live process, or None."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 1.0
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


def free_port(wanted: int) -> int:
    """The wanted port when nothing listens on it, else one that the system picks."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
            return wanted
        except OSError:
            pass
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def running(home: Home) -> list[RunningService]:
    """The services of this home whose processes are alive."""
    try:
        rows = json.loads((home.run / "services.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [service for service in (RunningService(**row) for row in rows) if service.process]


def record(home: Home, services: Iterable[RunningService]) -> None:
    """Remembers what runs, for `status` and `down`."""
    atomic_write(home.run / "services.json", json.dumps([asdict(service) for service in services], indent=2))


def start(home: Home, spec: ServiceSpec) -> RunningService:
    """The service's process, in a session of its own, its output in the home's log folder."""
    log = home.logs / f"{spec.name}.log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", spec.module, *spec.arguments],
            env={**os.environ, **spec.environment},
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    started = psutil.Process(process.pid)
    started.nice(spec.niceness)
    created = started.create_time()
    return RunningService(name=spec.name, pid=process.pid, created=created, ready_url=spec.ready_url)


def is_ready(service: RunningService) -> bool:
    """True when the service answers at its ready address (or is alive, for one without)."""
    import httpx

    if not service.ready_url:
        return service.process is not None
    try:
        return httpx.get(service.ready_url, timeout=2.0).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def wait_ready(home: Home, services: Iterable[RunningService], timeout_s: float = 90.0) -> None:
    """Returns when every service is ready; FaultError names the log of the one that is not."""
    deadline = time.monotonic() + timeout_s
    for service in services:
        while not is_ready(service):
            if service.process is None or time.monotonic() > deadline:
                raise FaultError(
                    f"the {service.name} service to become ready",
                    "a process that ended" if service.process is None else "no answer in time",
                    f"read {home.logs / service.name}.log",
                )
            time.sleep(_POLL_S)


def stop(home: Home) -> int:
    """Number of services stopped: asked first, ended after ten seconds."""
    services = running(home)
    processes = [service.process for service in services]
    alive = [process for process in processes if process is not None]
    family = [child for process in alive for child in process.children(recursive=True)]
    for process in alive:
        process.terminate()
    _, stubborn = psutil.wait_procs([*alive, *family], timeout=_STOP_S)
    for process in stubborn:
        process.kill()
    record(home, [])
    return len(services)


def memory_bytes(services: Iterable[RunningService]) -> dict[str, int]:
    """Service -> proportional set size of its processes, bytes."""

    def size(process: psutil.Process) -> int:
        try:
            info: Any = process.memory_full_info()
            return int(getattr(info, "pss", info.rss))
        except psutil.Error:
            return 0

    totals: dict[str, int] = {}
    for service in services:
        process = service.process
        if process is not None:
            totals[service.name] = sum(size(one) for one in [process, *process.children(recursive=True)])
    return totals
