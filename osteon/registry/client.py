"""MLflow as a library: quiet, reporting to nobody, its tables made once."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osteon.database import create_engine, schema_lock
from osteon.domain import FaultError

if TYPE_CHECKING:
    from mlflow import MlflowClient


def mlflow_client(tracking_uri: str) -> MlflowClient:
    """A client of that address, with the tables it needs; importing MLflow takes seconds."""
    # Set before the import, which reads them: nothing of a hospital is reported to anyone.
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(name, "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if is_server(tracking_uri):
        return MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    # MLflow makes its tables on the first call, and fails when two processes do so at once.
    with schema_lock(create_engine(tracking_uri), "mlflow"):
        client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
        client.search_registered_models(max_results=1)
        client.search_experiments(max_results=1)
    return client


@contextmanager
def mlflow_faults() -> Iterator[None]:
    """Inside, MLflow's own error is a FaultError, which callers know; its text may hold an address."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        got = str(error.error_code).lower().replace("_", " ")
        raise FaultError(
            "a registry that answers", got, "look at MLflow's database and its packages"
        ) from None


def is_server(tracking_uri: str) -> bool:
    """Whether the address is an MLflow server's, not a database's."""
    return urlsplit(tracking_uri).scheme in {"http", "https"}
