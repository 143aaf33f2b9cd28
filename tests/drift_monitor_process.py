"""The drift monitor as a process of its own, on a free port, with events and a reference."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pandas as pd

from monitoring.references import References
from osteon.features import FeatureRepository
from osteon.features.table import event_row
from tests.conftest import ROOT
from tests.event_frame import events

TOKEN = "right-token"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(400):
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@contextmanager
def running_drift_monitor(folder: Path, *, shift: float = 0.0) -> Iterator[str]:
    """Its address; the site `north` sent 60 pictures this week, moved by `shift` from its reference."""
    now = datetime.now(UTC)
    FeatureRepository(folder / "features").table.append(events(60, site="north", until=now, shift=shift))
    before = events(100, site="north", until=now - timedelta(days=40), seed=1)
    References(folder / "references").keep(pd.DataFrame([event_row(event) for event in before]))
    (folder / "token").write_text(f"{TOKEN}\n")
    port, log = free_port(), folder / "log"
    environment = {
        "PATH": os.environ["PATH"],
        "OMP_NUM_THREADS": "1",
        "OSTEON_DRIFT_PORT": str(port),
        "OSTEON_DRIFT_FEATURES": str(folder / "features"),
        "OSTEON_DRIFT_REFERENCES": str(folder / "references"),
        "OSTEON_DRIFT_REQUESTS": str(folder / "requests"),
        "OSTEON_DRIFT_TOKEN_FILE": str(folder / "token"),
        "OSTEON_DRIFT_SITES": "north",
    }
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.drift_monitor"],
            env=environment,
            cwd=ROOT,
            stdout=stream,
            stderr=stream,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/readyz", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=40)
    assert "Application shutdown complete" in log.read_text()
