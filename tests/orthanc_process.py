"""A real Orthanc, and the network namespace that a program with one runs in.

Orthanc listens on every interface whatever it is told, so it is started where there is the loopback alone.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT
from tests.gateway_parts import free_port, wait_until

_ISOLATED = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def result_in_isolation(program: str, folder: Path) -> Any:
    """The JSON on the last line that the program prints; skips where no namespace can be made (no root)."""
    if (
        shutil.which("unshare") is None
        or shutil.which("ip") is None
        or subprocess.run([*_ISOLATED, "true"], capture_output=True, timeout=30).returncode
    ):
        pytest.skip("Orthanc listens on every interface: needs a network namespace, which takes root")
    done = subprocess.run(
        [*_ISOLATED, sys.executable, "-m", program, str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def orthanc(folder: Path, **configuration: Any) -> Iterator[str]:
    """A running Orthanc with these settings beside the common ones; yields its HTTP address."""
    http = free_port()
    folder.mkdir()
    path = folder / "orthanc.json"
    common = {
        "Name": "PACS",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": http,
        "AuthenticationEnabled": False,
        "RemoteAccessAllowed": False,
    }
    path.write_text(json.dumps(common | configuration))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["Orthanc", str(path)],
            stdout=log,
            stderr=log,
            env={"TCP_NODELAY": "1", "PATH": "/usr/sbin:/usr/bin"},
        )
    url = f"http://127.0.0.1:{http}"
    try:
        wait_until(lambda: _answers(f"{url}/system"), 60)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
