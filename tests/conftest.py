"""What the tests share: where the real pictures are, and a quiet environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Two test processes with two threads each wait for one another on two cores: one thread each is far faster.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
os.environ.setdefault("FEAST_USAGE", "False")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real pictures and notes; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("OSTEON_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").exists():
        pytest.skip("real data not here: put it at ../shared/data or name it in OSTEON_SHARED_DATA")
    return folder
