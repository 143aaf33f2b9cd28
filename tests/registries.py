"""Empty registries for tests: MLflow takes seconds to make its tables, so they are made once and copied."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from osteon.registry import Registry, registry_uri


def new_registry(folder: Path, project: str = "osteon") -> Registry:
    """An empty registry in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(_template(), folder / "mlflow.db")
    return Registry(registry_uri(folder), project)


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="osteon-registry-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Registry(registry_uri(folder)).list()
    import sqlite3

    with sqlite3.connect(folder / "mlflow.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "mlflow.db"
