"""Champion against challenger: paired by input, counted once, with intervals that mean what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from monitoring.shadow_report import GroupReport, ShadowReport, shadow_report
from osteon.cli.main import app
from osteon.domain import Event, Interval, RefusedError, Task
from osteon.features import FeatureRepository
from osteon.features.table import event_row
from tests.event_frame import events

BOTH = tuple[list[Event], list[Event]]


def both(n: int, *, seed: int = 0, move: float = 0.0, task: str = "fracture", site: str = "north") -> BOTH:
    """`n` events of a champion, and a challenger's whose values are moved by `move`."""
    champions, challengers = [], []
    for number, event in enumerate(events(n, seed=seed, task=task, site=site)):
        value = event.prediction.value
        assert value is not None
        digest = f"{seed:032d}{number:032d}"
        mine = replace(event.prediction, input_hmac=digest)
        other = replace(mine, event_id=f"c-{mine.event_id}", value=value + move, model_version="fracture:2")
        asked = f"request-{seed}-{number}"
        champions.append(replace(event, prediction=mine, request_id=asked))
        challengers.append(
            replace(
                event, event_id=other.event_id, prediction=other, request_id=asked, role="challenger",
                model_version="fracture:2",
            )
        )  # fmt: skip
    return champions, challengers


def frame(rows: list[Event]) -> pd.DataFrame:
    return pd.DataFrame([event_row(event) for event in rows])


def compared(pair: BOTH, task: Task = Task.FRACTURE, **more: Any) -> ShadowReport:
    return shadow_report(frame(pair[0]), frame(pair[1]), task, **more)


def group(report: ShadowReport, key: str, label: str) -> GroupReport:
    (found,) = [each for each in report.groups if (each.key, each.label) == (key, label)]
    return found


def answer(event: Event, **changes: Any) -> Event:
    return replace(event, prediction=replace(event.prediction, **changes))


def test_two_models_that_say_the_same_agree_wholly() -> None:
    report = compared(both(60))
    everything = group(report, "all", "all")
    assert (report.champion, report.challenger, report.unpaired) == ("fracture:1", "fracture:2", 0)
    assert (everything.pictures, everything.both_answered) == (60, 60)
    assert (everything.agreement.value, everything.agreement.low) == (1.0, 1.0)
    assert (everything.difference.low, everything.difference.high) == (0.0, 0.0)


def test_a_challenger_that_moved_at_one_site_shows_there_and_not_at_the_other() -> None:
    still, moved = both(80, seed=1), both(80, seed=2, site="south", move=0.2)
    report = compared((still[0] + moved[0], still[1] + moved[1]))
    assert group(report, "site", "north").difference.value == 0.0
    south = group(report, "site", "south")
    assert south.difference.value == pytest.approx(0.2)
    expected = np.mean([(e.prediction.value >= 0.5) == (e.prediction.value + 0.2 >= 0.5) for e in moved[0]])
    assert south.agreement.value == pytest.approx(expected)
    assert south.agreement.low < expected < south.agreement.high
    assert group(report, "all", "all").difference.value == pytest.approx(0.1)


def test_an_abstention_is_no_difference_but_is_counted() -> None:
    champions, challengers = both(40)
    silent = {"status": "abstained", "reason": "image_quality", "value": None}
    champions[0] = answer(champions[0], **silent)
    challengers[0] = answer(challengers[0], **silent)
    champions[1] = answer(champions[1], **silent)
    challengers[2] = answer(challengers[2], **silent)
    challengers[3] = answer(challengers[3], **silent)
    found = group(compared((champions, challengers)), "all", "all")
    assert (found.both_answered, found.champion_only, found.challenger_only) == (36, 2, 1)
    assert found.agreement.value == 1.0


def test_a_picture_sent_twice_counts_once_and_a_stranger_is_no_pair() -> None:
    champions, challengers = both(40)
    again = [
        replace(e, event_id=f"again-{e.event_id}", request_id="another")
        for e in (champions[0], challengers[0])
    ]
    lost = replace(challengers[1], event_id="lost", request_id="a request whose champion's event is gone")
    report = compared(([*champions, again[0]], [*challengers, again[1], lost]))
    assert group(report, "all", "all").pictures == 40
    assert report.unpaired == 2


def test_the_two_knees_of_one_film_are_two_pairs() -> None:
    champions, challengers = both(2, task="knee-oa")
    sides = ("right", "left")
    digest = champions[0].prediction.input_hmac
    films = [
        [
            replace(
                event,
                request_id="one",
                prediction=replace(event.prediction, input_hmac=digest, laterality=side),
            )
            for event, side in zip(events, sides, strict=True)
        ]
        for events in (champions, challengers)
    ]
    report = shadow_report(frame(films[0]), frame(films[1]), Task.KNEE_OA)
    assert group(report, "all", "all").pictures == 2


def test_measures_agree_when_each_lies_in_the_others_interval() -> None:
    champions, challengers = both(40, task="bone-age")
    for n in range(40):
        for rows, value in ((champions, 100.0), (challengers, 105.0 if n < 30 else 120.0)):
            interval = Interval(low=value - 10, high=value + 10, coverage=0.9)
            rows[n] = answer(rows[n], value=value, interval=interval)
    found = group(compared((champions, challengers), Task.BONE_AGE), "all", "all")
    assert found.agreement.value == pytest.approx(0.75)
    assert found.absolute_difference.value == pytest.approx(5 * 0.75 + 20 * 0.25)


def test_few_patients_give_no_interval_however_many_pictures() -> None:
    champions, challengers = both(200)
    rows = [
        [replace(e, subject=f"P{n % 7}") for n, e in enumerate(each)] for each in (champions, challengers)
    ]
    found = group(compared((rows[0], rows[1])), "all", "all")
    assert (found.pictures, found.patients) == (200, 7)
    assert found.difference.low is None


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Views of a patient share their difference: intervals over pictures would be too short."""
    rng = np.random.default_rng(0)
    inside = 0
    for trial in range(100):
        patients = rng.normal(0.05, 0.1, 40)
        champions, challengers = both(160)
        mine = [answer(replace(e, subject=f"P{n % 40}"), value=0.5) for n, e in enumerate(champions)]
        other = [
            answer(replace(e, subject=f"P{n % 40}"), value=0.5 + patients[n % 40])
            for n, e in enumerate(challengers)
        ]
        found = group(compared((mine, other), seed=trial, resamples=200), "all", "all").difference
        assert found.low is not None
        inside += found.low <= 0.05 <= found.high
    assert inside >= 88  # of 100 at 95 %: fewer has a chance of 3 in 1,000


def test_only_the_newest_versions_are_compared() -> None:
    old, new = both(40, seed=1), both(40, seed=2)
    old_versions = [
        answer(replace(e, model_version="fracture:0"), model_version="fracture:0") for e in old[1]
    ]
    earlier = [replace(e, time_utc="2026-01-01T00:00:00+00:00") for e in old_versions]
    report = compared((old[0] + new[0], earlier + new[1]))
    assert report.challenger == "fracture:2"
    assert group(report, "all", "all").pictures == 40


def test_no_pair_at_all_is_refused() -> None:
    champions, challengers = both(5)
    with pytest.raises(RefusedError, match="challenger"):
        compared((champions, challengers), Task.KNEE_OA)


def test_the_command_reads_both_tables_and_the_same_seed_gives_the_same_report(tmp_path: Path) -> None:
    champions, challengers = both(40, move=0.1)
    repository = FeatureRepository(tmp_path / "features")
    repository.table.append(champions)
    repository.shadow_table.append(challengers)
    command = ["registry", "shadow-report", "fracture", "--features", str(repository.path)]
    command += ["--days", "100000", "--json"]
    first, second = (CliRunner().invoke(app, command) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert first.stdout == second.stdout
    report = json.loads(first.stdout)
    assert report["groups"][0]["difference"]["value"] == pytest.approx(0.1)
    told = CliRunner().invoke(app, command[:-1])
    assert "agreement" in told.stdout
    wrong = CliRunner().invoke(
        app, ["registry", "shadow-report", "knee-oa", "--features", str(tmp_path), "--json"]
    )
    assert wrong.exit_code == 3
