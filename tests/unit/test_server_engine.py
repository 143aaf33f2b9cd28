"""The engine's places: a flood is told to come back, and every place is given back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.model_server.answers import HttpError, error_response
from services.model_server.engine import Engine
from services.model_server.metrics import ServerMetrics
from services.model_server.settings import Settings


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    settings = Settings(token_file=tmp_path / "token", max_waiting=2)
    nobody: Any = None
    return Engine(settings, nobody, nobody, ServerMetrics(CollectorRegistry()))


def test_more_requests_than_places_are_told_to_come_back(engine: Engine) -> None:
    engine.enter()
    engine.enter()
    with pytest.raises(HttpError) as refused:
        engine.enter()
    response = error_response(refused.value)
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    engine.leave()
    engine.enter()
