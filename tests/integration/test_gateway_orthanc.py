"""The gateway beside a real PACS: Orthanc sends it a study and receives its report."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.orthanc_process import result_in_isolation


@pytest.mark.orthanc
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Orthanc") is None, reason="needs the Debian package orthanc")
@pytest.mark.skipif(shutil.which("findscu") is None, reason="needs the Debian package dcmtk")
def test_a_pacs_sends_a_study_and_finds_the_report_in_it(tmp_path: Path) -> None:
    found = result_in_isolation("tests.orthanc_session", tmp_path)
    assert found["modalities"] == ["DX", "SR"]
    assert found["studies"] == 1
    assert any("Research use only" in text for text in found["descriptions"])
    assert found["found_by_query"] >= 1
    assert found["states"] == ["answered"]
