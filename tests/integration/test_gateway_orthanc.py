"""The gateway beside a real PACS: Orthanc sends it a study and receives its report."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

_ISOLATED = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def can_isolate() -> bool:
    """Whether this account may make a network namespace (root, or CAP_SYS_ADMIN)."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run([*_ISOLATED, "true"], capture_output=True, timeout=30).returncode == 0


@pytest.mark.orthanc
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Orthanc") is None, reason="needs the Debian package orthanc")
@pytest.mark.skipif(shutil.which("findscu") is None, reason="needs the Debian package dcmtk")
def test_a_pacs_sends_a_study_and_finds_the_report_in_it(tmp_path: Path) -> None:
    if not can_isolate():
        pytest.skip("Orthanc listens on every interface: needs a network namespace, which takes root")
    done = subprocess.run(
        [*_ISOLATED, sys.executable, "-m", "tests.orthanc_session", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["modalities"] == ["DX", "SR"]
    assert found["studies"] == 1
    assert any("Research use only" in text for text in found["descriptions"])
    assert found["found_by_query"] >= 1
    assert found["states"] == ["answered"]
