"""Feast for real: offline and online, joined at a point in time; a writer killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from osteon.features import FeatureRepository, Outbox, move_events
from tests.event_samples import START, make_event

EVENTS = [make_event(number, site="lyon" if number % 2 else "lille") for number in range(40)]
SHADOWS = [make_event(number, subject="P7K2", role="challenger") for number in (3, 90)]
VISITS = [make_event(1000 + n, subject="P7K2", hours=24.0 * n) for n in range(1, 4)]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> FeatureRepository:
    repository = FeatureRepository(tmp_path_factory.mktemp("features"))
    repository.apply()
    assert repository.write_events(EVENTS) == len(EVENTS)
    assert repository.write_events([*EVENTS[20:], *VISITS, *SHADOWS]) == len(VISITS) + 2
    return repository


def test_history_gives_each_event_once_with_its_embedding(repository: FeatureRepository) -> None:
    frame = repository.history()
    assert len(frame) == frame["event_id"].nunique() == len(EVENTS) + len(VISITS)
    row = frame[frame["event_id"] == EVENTS[7].event_id].iloc[0]
    assert row["embedding"].dtype == np.float32
    np.testing.assert_array_equal(row["embedding"], np.float32(EVENTS[7].embedding))
    assert (row["site"], row["value"], row["subject"]) == ("lyon", 107.0, None)


def test_history_is_narrowed_by_site_and_time(repository: FeatureRepository) -> None:
    frame = repository.history("lille", "2026-01-01T10:00:00+00:00", START + pd.Timedelta(hours=20))
    assert frame["value"].tolist() == [110.0, 112.0, 114.0, 116.0, 118.0]


def test_the_online_store_gives_the_embedding_of_an_event(repository: FeatureRepository) -> None:
    frame = repository.online([EVENTS[3].event_id, "unknown", EVENTS[2].event_id])
    assert frame["site"].tolist() == ["lyon", None, "lille"]
    np.testing.assert_allclose(frame["embedding"][2], EVENTS[2].embedding, rtol=1e-6)


def test_a_point_in_time_join_sees_no_later_answer(repository: FeatureRepository) -> None:
    times = [START + pd.Timedelta(hours=hours) for hours in (1, 25, 50, 99)]
    asked = pd.DataFrame({"subject": ["P7K2"] * 4, "event_timestamp": times})
    answer = repository.as_of(asked, ["subject_latest:value"]).sort_values("event_timestamp")
    assert answer["value"].fillna(-1).tolist() == [-1, 1101.0, 1102.0, 1103.0]


def test_an_event_joined_before_its_time_has_no_features(repository: FeatureRepository) -> None:
    event = EVENTS[5]
    asked = pd.DataFrame(
        {"event_id": [event.event_id] * 2, "event_timestamp": [START, START + pd.Timedelta(hours=6)]}
    )
    answer = repository.as_of(asked, ["event_predictions:value", "event_embeddings:embedding"])
    answer = answer.sort_values("event_timestamp")
    assert answer["value"].fillna(-1).tolist() == [-1, 105.0]
    np.testing.assert_allclose(answer["embedding"].iloc[1], event.embedding, rtol=1e-6)


def test_a_challengers_events_are_read_only_when_asked_for(repository: FeatureRepository) -> None:
    assert set(repository.history()["role"]) == {"champion"}
    frame = repository.history(role="challenger")
    assert frame["event_id"].tolist() == [event.event_id for event in SHADOWS]
    assert frame["request_id"].tolist() == ["request-3", "request-90"]


def test_feast_knows_a_challengers_event_and_a_subject_was_never_told_of_it(
    repository: FeatureRepository,
) -> None:
    ids = [SHADOWS[0].event_id, EVENTS[3].event_id]
    online = repository.online(ids, ["event_metadata:role", "event_metadata:request_id"])
    assert online["role"].tolist() == ["challenger", "champion"]
    assert set(online["request_id"]) == {"request-3"}
    late = START + pd.Timedelta(hours=99)
    of_event = pd.DataFrame({"event_id": ids[:1], "event_timestamp": [late]})
    assert repository.as_of(of_event, ["event_metadata:role"])["role"].tolist() == ["challenger"]
    of_subject = pd.DataFrame({"subject": ["P7K2"], "event_timestamp": [late]})
    answer = repository.as_of(of_subject, ["subject_latest:event_id"])
    assert answer["event_id"].tolist() == [VISITS[-1].event_id]


def test_moving_events_twice_changes_nothing(repository: FeatureRepository, tmp_path: Path) -> None:
    outbox = Outbox(f"sqlite:///{tmp_path}/outbox.db")
    fresh = [make_event(5000 + number) for number in range(5)]
    outbox.append(*EVENTS[:5], *fresh)
    assert move_events(outbox, repository) == 5
    assert move_events(outbox, repository) == 0
    assert outbox.depth() == 0


def _writer(outbox_url: str, repository: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "OSTEON_WRITER_OUTBOX_URL": outbox_url,
        "OSTEON_WRITER_REPOSITORY": str(repository),
        "OSTEON_WRITER_BATCH": "7",
        "OSTEON_WRITER_LEASE_S": "0.2",
        "OSTEON_WRITER_INTERVAL_S": "0.1",
    }
    command = [sys.executable, "-m", "osteon.features.writer", "--loop"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def _wait_until(condition: object, limit_s: float = 90.0) -> None:
    end = time.monotonic() + limit_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "the writer did not get there in time"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_writer_killed_in_the_middle_neither_loses_nor_doubles_an_event(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/outbox.db"
    outbox = Outbox(url)
    events = [make_event(number) for number in range(200)]
    outbox.append(*events)
    repository = FeatureRepository(tmp_path / "features")
    first = _writer(url, repository.path)
    try:
        _wait_until(lambda: outbox.depth() < 170)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert 0 < outbox.depth() < 200
    # The instant between write and acknowledgement, which a kill seldom hits: written, not acknowledged.
    repository.write_events([each.event for each in outbox.claim(10, lease_s=0.0)])
    second = _writer(url, repository.path)
    try:
        _wait_until(lambda: outbox.depth() == 0)
        # Nothing can be written for a while, as on a full disk: it waits and goes on.
        limits = psutil.Process(second.pid).rlimit
        limits(psutil.RLIMIT_FSIZE, (1, psutil.RLIM_INFINITY))
        late = [make_event(number) for number in range(300, 320)]
        outbox.append(*late)
        time.sleep(1.5)
        assert second.poll() is None
        assert outbox.depth() == len(late)
        limits(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
        _wait_until(lambda: outbox.depth() == 0)
        second.terminate()
        assert second.wait(30) == 0
    finally:
        second.kill()
    ids = repository.history()["event_id"].tolist()
    assert sorted(ids) == sorted(event.event_id for event in [*events, *late])
