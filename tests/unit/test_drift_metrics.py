from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from monitoring.drift import drift_report
from monitoring.metrics import DriftMetrics
from monitoring.policy import load_policy
from monitoring.references import References
from monitoring.report import AlarmReport, NamedCause
from osteon.domain import Stratum
from tests.event_frame import NOW, event_frame


@pytest.fixture
def shown(tmp_path):
    before = NOW - timedelta(days=30)
    references = References(tmp_path)
    references.keep(pd.concat([event_frame(200, site=s, seed=i, until=before) for i, s in enumerate("abx")]))
    events = [
        event_frame(80, site="a", shift=0.9, seed=5, device="SERIAL-0042"),
        event_frame(80, site="b", seed=6),
        event_frame(20, site="x", seed=7),
    ]
    report = drift_report(pd.concat(events), references, load_policy(), now=NOW)
    registry = CollectorRegistry()
    metrics = DriftMetrics(registry, sites=["a", "b"])
    metrics.show(report, duration_s=1.5, at_unix_s=100.0)
    return registry, metrics, report


def _value(registry, name, **labels):
    return registry.get_sample_value(name, labels)


def test_each_site_shows_exactly_one_verdict(shown):
    registry, _, _ = shown
    for site, expected in (("a", "drift"), ("b", "no_drift"), ("other", "cannot_tell")):
        values = {
            verdict: _value(registry, "osteon_drift_verdict", site=site, task="fracture", verdict=verdict)
            for verdict in ("drift", "no_drift", "cannot_tell")
        }
        assert values == {verdict: float(verdict == expected) for verdict in values}


def test_statistics_and_p_values_are_those_of_the_report(shown):
    registry, _, report = shown
    whole = next(s for s in report.streams if s.stratum.site == "a" and s.key == "all")
    labels = {"site": "a", "task": "fracture", "statistic": "mmd"}
    assert _value(registry, "osteon_drift_statistic", **labels) == whole.statistics["mmd"].value
    assert _value(registry, "osteon_drift_p_value", **labels) == whole.statistics["mmd"].p_adjusted
    events = {"site": "a", "task": "fracture", "window": "production"}
    assert _value(registry, "osteon_drift_window_events", **events) == 80


def test_neither_an_unknown_site_nor_a_device_becomes_a_label(shown):
    registry, _, _ = shown
    text = generate_latest(registry).decode()
    assert "SERIAL-0042" not in text
    assert 'site="x"' not in text
    assert 'site="other"' in text


def test_a_stream_that_is_gone_is_no_longer_shown(shown):
    registry, metrics, report = shown
    metrics.show(type(report)(**{**vars(report), "streams": ()}), duration_s=1.0, at_unix_s=200.0)
    assert _value(registry, "osteon_drift_verdict", site="a", task="fracture", verdict="drift") is None
    assert _value(registry, "osteon_drift_report_timestamp_seconds") == 200.0


def test_two_registries_do_not_share_a_metric():
    DriftMetrics(CollectorRegistry(), sites=[])
    DriftMetrics(CollectorRegistry(), sites=[])


def test_a_changed_case_mix_and_a_moved_quality_are_shown_with_closed_labels(shown):
    registry, metrics, report = shown
    alarm = AlarmReport(
        task="fracture", model_version="fracture:1", stratum=Stratum(site="a"), verdict="drift", level=1.2,
        events=90, since_utc="", alarm_utc="", smallest_detectable=None, causes=(), run_length_days=90.0,
        mix_causes=(NamedCause(name="prevalence", explained=0.7), NamedCause(name="DUPONT", explained=0.2)),
        quality_shift={"noise": 2.5, "DUPONT": 1.0},
    )  # fmt: skip
    metrics.show(replace(report, alarms=(alarm,)), duration_s=1.0, at_unix_s=101.0)
    where = {"site": "a", "task": "fracture"}
    assert _value(registry, "osteon_drift_mix_change", **where, cause="prevalence") == 0.7
    assert _value(registry, "osteon_drift_quality_shift", **where, quality="noise") == 2.5
    assert b"DUPONT" not in generate_latest(registry)
    metrics.show(report, duration_s=1.0, at_unix_s=102.0)
    assert _value(registry, "osteon_drift_mix_change", **where, cause="prevalence") is None
