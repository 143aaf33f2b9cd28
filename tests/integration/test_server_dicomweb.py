"""Pictures that a request names by their UIDs: the model server fetches them from a real PACS."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.domain import UsageError
from services.model_server.references import read_references
from tests.orthanc_process import result_in_isolation


@pytest.mark.orthanc
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Orthanc") is None, reason="needs the Debian package orthanc")
def test_a_picture_that_is_named_gets_the_answer_of_one_that_is_sent(tmp_path: Path) -> None:
    seen = result_in_isolation("tests.dicomweb_server_session", tmp_path)
    assert len(seen["sent"]) == 2
    assert seen["named"] == seen["both"] == seen["sent"]
    assert seen["study"][0] in seen["sent"]
    assert seen["vector"]
    assert seen["events"] == 6 + len(seen["study"])
    assert seen["unknown"][0] == "RefusedError"
    assert "at most 2 files" in seen["too_many"][1]
    assert "never an address" in seen["address"][1]
    assert "DICOMweb service that answers" in seen["pacs_down"][1]
    assert "OSTEON_SERVER_DICOMWEB_URL" in seen["no_pacs"][1]
    assert seen["said"] == 0
    errors = [seen[name][1] for name in ("unknown", "too_many", "address", "pacs_down", "no_pacs")]
    assert not any("127.0.0.1" in text for text in errors)


@given(st.text(alphabet="0123456789./, :ahtp", max_size=80))
def test_a_reference_is_made_of_uids_or_is_refused(text: str) -> None:
    try:
        found = read_references(text)
    except UsageError:
        return
    assert all(set(one) <= set("0123456789./") for one in found)
    assert all(one.count("/") in (0, 2) for one in found)
