import threading
from datetime import timedelta

import pandas as pd
import pytest
from prometheus_client import CollectorRegistry

from monitoring.metrics import DriftMetrics
from monitoring.policy import load_policy
from monitoring.references import References
from monitoring.retraining import RequestFolder
from osteon.domain import FaultError
from services.drift_monitor.monitor import Monitor
from services.drift_monitor.settings import Settings
from tests.event_frame import NOW, event_frame


def _monitor(tmp_path, history):
    registry = CollectorRegistry()
    monitor = Monitor(
        history,
        References(tmp_path / "references"),
        load_policy(),
        DriftMetrics(registry, ["a"]),
        requests=RequestFolder(tmp_path / "requests"),
    )
    return monitor, registry


def test_a_drift_is_shown_and_requested_once(tmp_path):
    References(tmp_path / "references").keep(event_frame(200, site="a", until=NOW - timedelta(days=30)))
    events = event_frame(250, site="a", shift=0.9, seed=3)
    monitor, registry = _monitor(tmp_path, lambda since, until: events)
    monitor.look(NOW)
    monitor.look(NOW + timedelta(minutes=5))
    assert registry.get_sample_value("osteon_drift_retraining_requests_total", {"task": "fracture"}) == 1
    assert len(list((tmp_path / "requests").glob("*.json"))) == 1


def test_only_events_that_came_since_the_last_look_are_counted(tmp_path):
    frames = iter([event_frame(10, site="a"), pd.concat([event_frame(10, site="a"), _later(4)])])
    monitor, registry = _monitor(tmp_path, lambda since, until: next(frames))
    monitor.look(NOW)
    monitor.look(NOW + timedelta(hours=2))
    assert registry.get_sample_value("osteon_drift_events_total", {"site": "a"}) == 4


def _later(n):
    return event_frame(n, site="a", seed=9, until=NOW + timedelta(hours=1), hours=0.5)


def test_a_look_that_fails_is_counted_and_the_loop_goes_on(tmp_path):
    stop, calls = threading.Event(), []

    def history(since, until):
        calls.append(1)
        if len(calls) == 3:
            stop.set()
        raise FaultError("a repository that can be read", "a lock", "wait")

    monitor, registry = _monitor(tmp_path, history)
    monitor.run(stop, interval_s=0.01)
    assert registry.get_sample_value("osteon_drift_failures_total") == 3
    assert monitor.looked
    assert monitor.report is None


def test_exactly_one_source_of_the_token_is_asked_for(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="OSTEON_DRIFT_TOKEN"):
        Settings()
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    monkeypatch.setenv("OSTEON_DRIFT_TOKEN_FILE", str(path))
    assert Settings().bearer_token() == "s3cret"
    path.write_text("\n")
    with pytest.raises(ValueError, match="empty"):
        Settings().bearer_token()


def test_sites_come_from_one_variable_separated_by_commas(monkeypatch):
    monkeypatch.setenv("OSTEON_DRIFT_SITES", "north, south")
    assert Settings(token="t").sites == ("north", "south")


def test_the_token_is_never_in_the_settings_text():
    assert "s3cret" not in repr(Settings(token="s3cret"))


class _Away:
    def look(self, labelled, now=None):
        raise FaultError("a registry that answers", "none", "start it")


def test_a_registry_that_is_away_stops_no_report(tmp_path):
    monitor = Monitor(
        lambda since, until: event_frame(60, site="a"),
        References(tmp_path / "references"),
        load_policy(),
        DriftMetrics(CollectorRegistry(), ["a"]),
        labels=dict,
        probation=_Away(),
    )
    with pytest.raises(FaultError):
        monitor.look(NOW)
    assert monitor.report is not None
