"""Alertmanager's webhook: a drift that fires is requested once, anything else asks for nothing."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from monitoring.metrics import DriftMetrics
from monitoring.policy import load_policy
from monitoring.references import References
from monitoring.retraining import RequestFolder
from osteon.domain import FaultError
from services.drift_monitor.alerts import AlertMessage
from services.drift_monitor.app import create_app
from services.drift_monitor.monitor import Monitor
from services.drift_monitor.settings import Settings
from tests.event_frame import NOW, event_frame


def message(*, name="OsteonDrift", site="a", status="firing"):
    labels = {"alertname": name, "site": site, "task": "fracture", "severity": "ticket"}
    return {
        "version": "4",
        "groupKey": "g",
        "alerts": [{"status": status, "labels": labels, "annotations": {}}],
    }


@pytest.fixture(scope="module")
def monitor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitor")
    References(folder / "references").keep(event_frame(200, site="a", until=NOW - timedelta(days=30)))
    return Monitor(
        lambda since, until: event_frame(250, site="a", shift=0.9, seed=3),
        References(folder / "references"),
        load_policy(),
        DriftMetrics(CollectorRegistry(), ["a"]),
        requests=RequestFolder(folder / "requests"),
        on_alert=True,
    )


def told(monitor, **what):
    return monitor.request(AlertMessage.model_validate(message(**what)).drifts())


def test_a_drift_is_requested_when_alertmanager_tells_it_and_once_however_often_it_does(monitor):
    with pytest.raises(FaultError):
        told(monitor)
    monitor.look(NOW)
    assert told(monitor, status="resolved") == []
    assert told(monitor, name="OsteonDriftAlarm") == []
    assert told(monitor, site="elsewhere") == []
    (request,) = told(monitor)
    assert (request.task, request.sites) == ("fracture", ("a",))
    assert told(monitor) == []


def test_the_webhook_asks_for_the_token_and_refuses_other_messages(tmp_path):
    settings = Settings(token="right", features=tmp_path / "f", references=tmp_path / "r", interval_s=3600)
    client = TestClient(create_app(settings))  # not entered: no loop runs
    assert client.post("/v1/alerts", json=message()).status_code == 401
    bearer = {"Authorization": "Bearer right"}
    assert client.post("/v1/alerts", json={"version": "5", "alerts": []}, headers=bearer).status_code == 422
    assert client.post("/v1/alerts", json=message(), headers=bearer).status_code == 503  # no report yet
