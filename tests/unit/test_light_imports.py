"""What services import is as little as they need: a fresh interpreter shows it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_SHOW = "; import json, sys; print(json.dumps(sorted(name for name in sys.modules if '.' not in name)))"


def modules_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after the statement."""
    done = subprocess.run(
        [sys.executable, "-c", statement + _SHOW], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "from osteon.features.definitions import feature_objects; feature_objects('x.parquet', 'y.parquet')",
        "from osteon.deid.text.engine import find_spans; find_spans('Bonjour.')",
    ],
)
def test_feast_and_the_text_engine_are_loaded_without_torch(statement: str) -> None:
    assert "torch" not in modules_after(statement)


def test_torch_can_be_imported_after_feast_was_loaded_without_it() -> None:
    statement = (
        "from osteon.features.definitions import feature_objects; "
        "feature_objects('x.parquet', 'y.parquet'); import torch"
    )
    assert {"torch", "feast"} <= modules_after(statement)


def test_typeguard_checks_again_once_feast_is_loaded() -> None:
    statement = (
        "import typeguard; before = typeguard.typechecked; "
        "from osteon.features.definitions import feature_objects; feature_objects('x.parquet', 'y.parquet'); "
        "assert typeguard.typechecked is before"
    )
    assert "feast" in modules_after(statement)
