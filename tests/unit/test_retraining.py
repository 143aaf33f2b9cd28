import json
import os
import threading
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from monitoring.drift import drift_report
from monitoring.policy import load_policy
from monitoring.references import References
from monitoring.report import PerformanceReport
from monitoring.retraining import RequestFolder, requests_from
from osteon.domain import RetrainingRequest
from tests.event_frame import NOW, event_frame

POLICY = load_policy()
REQUEST = RetrainingRequest(
    task="fracture",
    sites=("north",),
    reason="drift",
    evidence={},
    model_version="fracture:1",
    cooldown_s=3600,
    time_utc="2026-03-01T00:00:00+00:00",
)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    references = References(tmp_path_factory.mktemp("references"))
    before = NOW - timedelta(days=30)
    references.keep(pd.concat([event_frame(200, site=s, seed=i, until=before) for i, s in enumerate("abc")]))
    events = [
        event_frame(220, site="a", shift=0.9, seed=5),
        event_frame(220, site="b", seed=6),
        event_frame(60, site="c", shift=0.9, seed=7),
    ]
    return drift_report(pd.concat(events), references, POLICY, now=NOW)


def test_a_request_names_the_drifting_site_with_its_windows_and_statistics(report):
    (request,) = requests_from(report, POLICY)
    assert request.sites == ("a",)
    assert request.task == "fracture"
    assert request.cooldown_s == 168 * 3600
    evidence = json.loads(json.dumps(request.as_dict(), allow_nan=False))["evidence"]
    whole = evidence["streams"][0]
    assert whole["production"]["events"] == 220
    assert whole["statistics"]["mmd"]["alarms"]
    assert evidence["policy_hash"] == POLICY.hash


def test_a_site_that_drifts_with_too_few_events_to_learn_from_is_not_requested(report):
    assert report.site_verdict("c") == "drift"
    assert all("c" not in request.sites for request in requests_from(report, POLICY))


def performance(**more):
    known = {
        "task": "fracture", "model_version": "fracture:1", "site": "a", "metric": "accuracy",
        "reference_value": 0.9, "value": 0.91, "low": 0.89, "high": 0.93, "coverage": 0.9, "events": 220,
        "effective_reference": 150.0, "doubt": None,
    }  # fmt: skip
    return PerformanceReport(**{**known, **more})


def test_a_drift_that_harms_nobody_is_not_requested(report):
    assert requests_from(replace(report, performance=(performance(),)), POLICY) == []


@pytest.mark.parametrize(
    "found",
    [
        (performance(low=0.85),),
        (performance(doubt="no_overlap"),),
        (performance(), performance(metric="auroc", reference_value=0.95)),
        (performance(site="b"),),
    ],
    ids=["may be worse", "doubted", "another metric is worse", "of another site"],
)
def test_a_drift_whose_harm_is_not_excluded_is_requested_with_what_is_known_of_it(report, found):
    (request,) = requests_from(replace(report, performance=found), POLICY)
    assert [row["metric"] for row in request.evidence["performance"]] == [one.metric for one in found]


def test_a_request_is_filed_once_within_its_cooldown_and_again_after(tmp_path):
    folder = RequestFolder(tmp_path)
    first = folder.file(REQUEST)
    assert first is not None
    assert json.loads(first.read_text())["deduplication_key"] == REQUEST.deduplication_key
    assert folder.file(replace(REQUEST, time_utc="2026-03-01T00:59:59+00:00")) is None
    assert folder.file(replace(REQUEST, time_utc="2026-03-01T01:00:00+00:00")) is not None


def test_another_cause_does_not_wait_for_the_cooldown_of_the_first(tmp_path):
    folder = RequestFolder(tmp_path)
    folder.file(REQUEST)
    assert folder.file(replace(REQUEST, task="bone-age")) is not None
    assert folder.file(replace(REQUEST, sites=("north", "south"))) is not None


def test_a_claimed_request_still_counts_for_the_cooldown(tmp_path):
    folder = RequestFolder(tmp_path)
    path = folder.file(REQUEST)
    path.rename(path.with_name(path.name + ".claimed"))
    assert folder.file(replace(REQUEST, time_utc="2026-03-01T00:30:00+00:00")) is None


def test_a_request_is_claimed_once_and_its_run_is_recorded(tmp_path):
    folder = RequestFolder(tmp_path)
    folder.file(REQUEST)
    claimed = folder.claim()
    assert claimed.fields["task"] == "fracture"
    assert folder.claim() is None
    done = folder.finish(claimed, "run-7")
    assert json.loads(done.read_text())["run"] == "run-7"
    assert folder.claim(lease_s=0.0) is None
    assert folder.file(replace(REQUEST, time_utc="2026-03-01T00:30:00+00:00")) is None


def test_the_request_of_a_worker_that_died_is_claimed_again(tmp_path):
    folder = RequestFolder(tmp_path)
    folder.file(REQUEST)
    first = folder.claim()
    assert folder.claim(lease_s=3600.0) is None
    os.utime(first.path, (0, 0))
    again = folder.claim(lease_s=3600.0)
    assert again.path == first.path


def test_many_writers_at_once_file_one_request(tmp_path):
    filed = []
    writers = [
        threading.Thread(target=lambda: filed.append(RequestFolder(tmp_path).file(REQUEST))) for _ in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sum(path is not None for path in filed) == 1
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_a_request_whose_worker_died_while_it_finished_is_not_run_again(tmp_path):
    folder = RequestFolder(tmp_path)
    folder.file(REQUEST)
    claimed = folder.claim()
    text = claimed.path.read_text()
    folder.finish(claimed, "run-1")
    claimed.path.write_text(text)  # the last step of `finish` was not reached
    os.utime(claimed.path, (0, 0))
    assert folder.claim(lease_s=0.0) is None
    assert not claimed.path.exists()


def test_a_request_claimed_again_is_gathered_until_the_same_moment(tmp_path):
    folder = RequestFolder(tmp_path)
    folder.file(REQUEST)
    first = folder.claim()
    os.utime(first.path, (0, 0))
    assert folder.claim().fields["claimed_utc"] == first.fields["claimed_utc"]


def test_a_request_that_is_worked_on_stays_with_its_worker_beyond_the_lease(tmp_path):
    folder = RequestFolder(tmp_path)
    folder.file(REQUEST)
    claimed = folder.claim()
    with folder.held(claimed, every_s=0.02):
        os.utime(claimed.path, (0, 0))
        threading.Event().wait(0.5)
        assert folder.claim(lease_s=60.0) is None
    os.utime(claimed.path, (0, 0))
    assert folder.claim(lease_s=60.0) is not None
