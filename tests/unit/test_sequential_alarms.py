"""Alarms event by event: how often falsely, how soon, and what they say of themselves."""

import numpy as np
import pytest

from monitoring.sequential import (
    Calibration,
    ChartSettings,
    ChartState,
    MonitoredSpace,
    Stream,
    StreamModel,
    calibrate,
)
from monitoring.sequential.likelihood import LOOKALIKES

WIDTH = 64
SCALES = 1 / np.sqrt(np.arange(1, WIDTH + 1))


def draw(count, rng, shift=None):
    rows = rng.standard_normal((count, WIDTH)) * SCALES
    return rows if shift is None else rows + shift


def shifted_by(size, direction=0):
    """A shift of so many standard deviations along one axis of the population."""
    return size * SCALES[direction] * np.eye(WIDTH)[direction]


@pytest.fixture(scope="module")
def reference():
    return draw(450, np.random.default_rng(0))


@pytest.fixture(scope="module")
def model(reference):
    pairs = {
        name: (reference[:60], reference[:60] + shift)
        for name, shift in {"crop": shifted_by(2.0, 1), "noise": shifted_by(2.0, 3)}.items()
    }
    return StreamModel.fit(reference, run_length=3000, seed=0, altered=pairs)


def first_alarm(model, rows):
    stream = Stream(model)
    for row in rows:
        stream.update(row)
        if stream.run.alarm:
            return stream
    return stream


def test_false_alarms_come_no_sooner_than_promised(reference):
    """30 references of their own, 10 streams each: the promise is an average over references."""
    events, run_length, false = 500, 2000, []
    for seed in range(30):
        rng = np.random.default_rng([seed, 1])
        space, coordinates = MonitoredSpace.fit(draw(300, rng), components=8, rng=rng)
        settings = ChartSettings()
        calibration = calibrate(coordinates, settings, rng, streams=40, events=1500)
        height = calibration.height(run_length)
        state = ChartState.start(10, space.width, settings)
        hit = np.zeros(10, dtype=bool)
        for _ in range(events):
            hit |= calibration.joint(state.update(space.project(draw(10, rng)), settings)) >= height
        false.append(hit.mean())
    expected = 1 - np.exp(-events / run_length)  # 0.22
    assert np.mean(false) <= expected + 2 * np.std(false) / np.sqrt(len(false))
    assert np.mean(false) > 0.01, "heights that never alarm promise nothing"


def test_a_change_of_two_standard_deviations_is_told_within_forty_events(model):
    rng = np.random.default_rng(3)
    delays = []
    for _ in range(20):
        before, after = draw(80, rng), draw(100, rng, shifted_by(2.0, 5))
        stream = first_alarm(model, [*before, *after])
        delays.append(stream.run.alarm - 80 if stream.run.alarm else 1000)
    assert np.median(delays) <= 40


def test_a_known_cause_is_told_sooner_than_the_same_change_unknown_and_by_its_name(model):
    rng = np.random.default_rng(4)
    found, named = {1: [], 6: []}, []
    for _ in range(20):
        for direction, delays in found.items():
            rows = [*draw(60, rng), *draw(120, rng, shifted_by(1.5, direction))]
            stream = first_alarm(model, rows)
            delays.append((stream.run.alarm or 1000) - 60)
            if direction == 1:
                named.append(stream.causes()[0].name == "crop")
    assert np.median(found[1]) < np.median(found[6])
    assert np.mean(named) >= 0.8


def test_since_when_lies_near_the_change(model):
    rng = np.random.default_rng(5)
    stream = first_alarm(model, [*draw(150, rng), *draw(150, rng, shifted_by(3.0, 2))])
    assert 145 <= stream.run.since <= 155 <= stream.run.alarm <= 175


def test_an_alarm_ends_when_the_stream_is_as_before(model):
    rng = np.random.default_rng(6)
    stream = first_alarm(model, [*draw(50, rng), *draw(100, rng, shifted_by(3.0, 2))])
    assert stream.run.alarm
    for row in draw(600, rng):
        stream.update(row)
    assert stream.run.alarm is None


def test_a_winter_of_fractures_is_no_alarm_within_its_cell(reference):
    """The answers' share changes from a fifth to four fifths; pictures of each answer stay as they were."""
    rng = np.random.default_rng(7)
    gap = shifted_by(3.0, 0)

    def mixed(count, share):
        ill = rng.random(count) < share
        return draw(count, rng) + ill[:, None] * gap, ["yes" if one else "no" for one in ill]

    rows, cells = mixed(450, 0.2)
    aware = StreamModel.fit(rows, run_length=5000, seed=0, cells=cells)
    blind = StreamModel.fit(rows, run_length=5000, seed=0)
    winter, answers = mixed(150, 0.8)
    streams = {name: Stream(one) for name, one in (("aware", aware), ("blind", blind))}
    for row, cell in zip(winter, answers, strict=True):
        streams["aware"].update(row, cell)
        streams["blind"].update(row)
    assert streams["blind"].run.alarm
    assert not streams["aware"].run.alarm


def test_a_silent_stream_says_what_it_would_have_shown(model):
    rng = np.random.default_rng(8)
    stream = Stream(model)
    assert stream.run.smallest_detectable is None
    seen = []
    for row in draw(300, rng):
        stream.update(row)
        seen.append(stream.run.smallest_detectable or np.inf)
    assert seen[0] == np.inf
    assert seen[-1] <= 1.5
    assert seen == sorted(seen, reverse=True)


def test_the_same_events_and_seed_stand_the_same(reference):
    rows = draw(120, np.random.default_rng(9))
    levels = []
    for _ in range(2):
        stream = Stream(StreamModel.fit(reference, run_length=3000, seed=11))
        levels.append([stream.update(row) for row in rows])
    assert levels[0] == levels[1]


def test_one_odd_picture_is_no_change(model):
    rng = np.random.default_rng(10)
    stream = Stream(model)
    for row in draw(100, rng):
        stream.update(row)
    stream.update(np.full(WIDTH, 50.0))
    assert stream.run.alarm is None


def numbered(count, rng, moved=0.0):
    """Rows with two numbers of quality behind: the first has many equal values, as a share of black has."""
    clipped = np.maximum(0.0, rng.normal(-1.0, 1.0, count) + moved)
    return np.column_stack([draw(count, rng), clipped, rng.normal(0.0, 1.0, count)])


def test_a_change_of_a_number_of_quality_alone_is_told_and_said_by_how_much():
    rng = np.random.default_rng(11)
    known = StreamModel.fit(numbered(450, rng), run_length=5000, seed=0, numbers=2)
    assert known.space.numbers == 2
    quiet, moved = (first_alarm(known, numbered(120, rng, size)) for size in (0.0, 3.0))
    assert quiet.run.alarm is None
    assert moved.run.alarm
    first, second = moved.quality_shift()
    assert first > 1.0 > abs(second)


def test_events_without_numbers_are_taken_as_usual_and_a_reference_without_leaves_them_out():
    rng = np.random.default_rng(12)
    known = StreamModel.fit(numbered(450, rng), run_length=5000, seed=0, numbers=2)
    bare = np.column_stack([draw(200, rng), np.full((200, 2), np.nan)])
    assert (known.space.project(bare)[:, -2:] == 0).all()
    assert (known.space.project(bare[:, :WIDTH]) == known.space.project(bare)).all()
    old = numbered(450, rng)
    old[:100, -1] = np.nan
    assert StreamModel.fit(old, run_length=5000, seed=0, numbers=2).space.numbers == 0


def test_too_small_a_reference_is_refused():
    with pytest.raises(ValueError, match="30 reference events"):
        StreamModel.fit(draw(40, np.random.default_rng(0)), run_length=1000, seed=0)


def test_no_single_event_says_more_of_a_cause_than_a_rare_lookalike_may(model):
    causes = model.charted.settings.causes
    far = np.linalg.solve(causes.weight @ causes.weight.T, np.full(2, 1e3)) @ causes.weight
    gains = causes.gains(far[None])
    assert gains.max() <= np.log(1 / LOOKALIKES) + 1e-9
    assert (causes.gains(np.zeros((1, model.space.width))) < 0).all(), (
        "a usual event speaks against every cause"
    )


def test_a_height_and_its_run_length_belong_together_near_and_far():
    tails = {"level": np.zeros(1), "scale": np.ones(1), "joint_level": 0.5, "joint_scale": 0.9}
    known, unknown = Calibration(**tails, far_scale=1.3), Calibration(**tails)
    for run_length in (500.0, 5e3, 1e4, 4e5):
        assert known.run_length(known.height(run_length)) == pytest.approx(run_length)
        assert unknown.run_length(unknown.height(run_length)) == pytest.approx(run_length)
    assert known.height(1e4) == unknown.height(1e4)
    assert known.height(4e5) > unknown.height(4e5), "the worst references rule the rarest alarms"
