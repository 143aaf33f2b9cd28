"""The watch over stored events: each event once, the same after a restart, and honest about what it lacks."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from monitoring import watched
from monitoring.alarms import AlarmWatch
from monitoring.policy import load_policy
from monitoring.references import References
from monitoring.windows import QUALITY
from tests.event_frame import NOW, event_frame

POLICY = load_policy().model_copy(update={"strata": ("device",)})  # each stratum costs a calibration
MONTH = timedelta(days=30)


@pytest.fixture
def references(tmp_path):
    kept = References(tmp_path)
    shifted = event_frame(40, site="a", shift=0.8, seed=5)["embedding"]
    plain = event_frame(40, site="a", seed=5)["embedding"]
    pairs = pd.DataFrame(
        {"cause": "noise", "before": [list(v) for v in plain], "after": [list(v) for v in shifted]}
    )
    kept.keep(event_frame(300, site="a", until=NOW - MONTH, seed=1), pairs)
    return kept


def whole(alarms):
    return next(alarm for alarm in alarms if alarm.key == "all")


def stream_of(n, *, shift=0.0, seed=2, until=NOW, hours=100.0):
    return event_frame(n, site="a", shift=shift, seed=seed, until=until, hours=hours)


def test_a_change_is_told_with_its_time_and_its_likely_cause(references):
    before = stream_of(150, until=NOW - timedelta(hours=50), hours=50)
    after = stream_of(60, shift=0.8, seed=3, until=NOW, hours=50)
    found = whole(AlarmWatch(references, POLICY).look(pd.concat([before, after])))
    assert found.verdict == "drift"
    began = pd.Timestamp(found.since_utc) - pd.Timestamp(NOW - timedelta(hours=50))
    assert abs(began) < timedelta(hours=5)
    assert found.alarm_utc >= found.since_utc
    assert [cause.name for cause in found.causes] == ["noise"]


def test_pictures_that_stay_as_they_were_raise_nothing_and_say_what_would_have(references):
    found = whole(AlarmWatch(references, POLICY).look(stream_of(250)))
    assert (found.verdict, found.causes, found.since_utc) == ("no_drift", (), "")
    assert found.smallest_detectable is not None
    assert found.run_length_days >= POLICY.sequential.horizon_days


def test_each_event_counts_once_and_a_watch_that_starts_anew_stands_the_same(references):
    events = stream_of(120, shift=0.3)
    steady = AlarmWatch(references, POLICY)
    for part in (events.iloc[:40], events.iloc[:90], events, events):
        last = steady.look(part)
    anew = AlarmWatch(references, POLICY).look(events)
    assert whole(last).events == 120
    assert whole(last).alarm_utc == whole(anew).alarm_utc


def test_without_a_kept_reference_the_first_events_are_one_and_too_few_cannot_tell(tmp_path):
    watch = AlarmWatch(References(tmp_path), POLICY)
    needed = POLICY.sequential.first_events
    few = stream_of(needed - 1)
    assert {alarm.verdict for alarm in watch.look(few)} == {"cannot_tell"}
    more = pd.concat([few, stream_of(30, seed=9, until=NOW + timedelta(hours=30), hours=20)])
    assert whole(watch.look(more)).events == len(more) - needed


def test_a_refused_picture_without_an_embedding_stops_nothing(references):
    events = stream_of(50)
    events["embedding"] = [np.empty(0) if i % 5 == 0 else v for i, v in enumerate(events["embedding"])]
    assert whole(AlarmWatch(references, POLICY).look(events)).events == 40


def test_more_streams_promise_longer_runs_each(references):
    one = AlarmWatch(references, POLICY).look(stream_of(60))
    devices = stream_of(60)
    devices["device"] = [f"unit-{i % 5}" for i in range(60)]
    many = AlarmWatch(references, POLICY).look(devices)
    assert len(many) > len(one)
    assert whole(many).run_length_days > whole(one).run_length_days


def test_what_a_stream_remembers_does_not_grow_and_a_late_event_still_counts(references, monkeypatch):
    monkeypatch.setattr(watched, "LATE", 40)
    events = stream_of(120)
    watch = AlarmWatch(references, POLICY)
    watch.look(events.drop(index=100))
    assert whole(watch.look(events)).events == 120
    assert {len(stream._seen) for stream in watch._watched.values()} == {40}
    assert whole(watch.look(events)).events == 120


def test_streams_that_join_later_lengthen_the_promise_of_those_that_run(references):
    early = stream_of(60, until=NOW - timedelta(hours=50), hours=50)
    late = stream_of(60, seed=3, hours=50)
    late["device"] = [f"unit-{i % 5}" for i in range(60)]
    watch = AlarmWatch(references, POLICY)
    before = whole(watch.look(early))
    both = pd.concat([early, late])
    after, anew = whole(watch.look(both)), whole(AlarmWatch(references, POLICY).look(both))
    assert after.run_length_days > before.run_length_days
    assert after.run_length_days == anew.run_length_days


def test_events_read_without_embeddings_stand_the_same(references):
    events = stream_of(100, shift=0.4)
    known = dict(zip(events["event_id"], events["embedding"], strict=True))
    asked = []

    def vectors(rows):
        asked.extend(rows["event_id"])
        return {name: np.asarray(known[name]) for name in rows["event_id"]}

    light = AlarmWatch(references, POLICY).look(events.drop(columns="embedding"), vectors=vectors)
    assert light == AlarmWatch(references, POLICY).look(events)
    assert len(asked) == len(set(asked)), "each event is looked up once for all strata of a site"


def test_more_of_one_answer_is_told_as_prevalence_and_is_no_drift(references):
    events = stream_of(250)
    events["value"] = np.where(np.arange(250) < 100, events["value"], 0.9 + events["value"] / 20)
    found = whole(AlarmWatch(references, POLICY).look(events))
    assert found.verdict == "no_drift"
    assert [cause.name for cause in found.mix_causes] == ["prevalence"]
    assert found.mix_since_utc > events["time_utc"].iloc[60].isoformat()


def with_quality(frame, seed, noise=0.0):
    numbers = np.random.default_rng(seed).normal(size=(len(frame), len(QUALITY)))
    numbers[:, QUALITY.index("quality_noise")] += noise
    return frame.assign(**dict(zip(QUALITY, numbers.T, strict=True)))


def test_noise_that_the_model_hardly_sees_is_told_by_the_quality_and_named(tmp_path):
    kept, plain = References(tmp_path), with_quality(event_frame(40, site="a", seed=5), 5)
    noisy = with_quality(plain, 5, noise=4.0)
    altered = pd.DataFrame({
        "cause": "noise", "before": [list(v) for v in plain["embedding"]],
        "after": [list(v) for v in plain["embedding"]],
        "quality_before": plain[list(QUALITY)].to_numpy().tolist(),
        "quality_after": noisy[list(QUALITY)].to_numpy().tolist(),
    })  # fmt: skip
    kept.keep(with_quality(event_frame(300, site="a", until=NOW - MONTH, seed=1), 1), altered)
    quiet = with_quality(stream_of(80, until=NOW - timedelta(hours=50), hours=50), 2)
    loud = with_quality(stream_of(60, seed=3, hours=50), 3, noise=4.0)
    before = whole(AlarmWatch(kept, POLICY).look(quiet))
    assert (before.verdict == "drift", before.quality_shift) == (False, {})
    found = whole(AlarmWatch(kept, POLICY).look(pd.concat([quiet, loud])))
    assert found.verdict == "drift"
    assert [cause.name for cause in found.causes] == ["noise"]
    assert max(found.quality_shift, key=lambda name: abs(found.quality_shift[name])) == "noise"
