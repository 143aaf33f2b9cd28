"""Where a registry lies on this machine."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa

from osteon.domain import UsageError


def registry_uri(folder: Path) -> str:
    """The tracking address of a registry that is a folder of this machine.

    >>> registry_uri(Path("/srv/registry"))
    'sqlite:////srv/registry/mlflow.db'
    """
    return f"sqlite:///{folder.absolute() / 'mlflow.db'}"


def tracking_address(where: str) -> str:
    """MLflow's address as it is; a folder of this machine as the address of the registry in it.

    >>> tracking_address("https://mlflow.hospital.example")
    'https://mlflow.hospital.example'
    >>> tracking_address("/srv/registry")
    'sqlite:////srv/registry/mlflow.db'
    """
    return where if "://" in where else registry_uri(Path(where))


def root_beside(tracking_uri: str) -> str | None:
    """The folder for packages beside a SQLite file; None for other databases."""
    if urlsplit(tracking_uri).scheme != "sqlite":
        return None
    database = sa.make_url(tracking_uri).database
    if not database:
        raise UsageError("a registry in a file", "one in memory", "name a file: sqlite:///registry/mlflow.db")
    return Path(database).absolute().with_name("artifacts").as_uri()
