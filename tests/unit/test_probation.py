"""Probation: harm is shown and undone once; a champion that keeps its promise stays."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from monitoring.betting import bet_against
from monitoring.policy import load_policy
from monitoring.probation import ACTOR, Probation, judge
from osteon.domain import Task
from osteon.registry import Registry
from tests.event_frame import event_frame
from tests.registries import new_registry
from tests.unit.test_registry import WHO, make_package

POLICY = load_policy()
LEVEL = POLICY.probation.level
PASSED = {"passed": True, "policy_hash": "h", "reasons": [], "promised_loss": 0.15}
MODEL = "fracture:2"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return new_registry(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def registry(template, request, tmp_path):
    """Version 2 is champion with a promise, version 1 was before it."""
    store = Registry(template.tracking_uri, f"p{abs(hash(request.node.name))}")
    for content in "ab":
        store.register(make_package(tmp_path / content, content), Task.FRACTURE)
    store.promote(Task.FRACTURE, "1", **WHO)
    store.record_gate(Task.FRACTURE, "2", PASSED)
    store.promote(Task.FRACTURE, "2", **WHO)
    return store


def after(registry, days=1.0):
    return datetime.fromisoformat(registry.in_production()[Task.FRACTURE].time_utc) + timedelta(days=days)


def answers(registry, right, *, n=120, days=1.0, model=MODEL):
    """Labelled answers of the new champion, of which a share is right."""
    frame = event_frame(n, model_version=model, until=after(registry, days), hours=20)
    rng = np.random.default_rng(3)
    label = (rng.random(n) < 0.5).astype(float)
    says = np.where(rng.random(n) < right, label, 1 - label)
    return frame.assign(value=0.1 + 0.8 * says, label=label, labelled_utc=frame["time_utc"].astype(str))


def watch(registry):
    return Probation(registry, POLICY, lambda _task, _promotion: MODEL)


def test_a_champion_that_breaks_its_promise_is_rolled_back_with_its_evidence(registry):
    (report,) = watch(registry).look(answers(registry, 0.4), after(registry))
    assert report.state == "rolled_back"
    assert report.low > report.promised
    assert registry.in_production()[Task.FRACTURE].to_version == "1"
    row = registry.history(Task.FRACTURE)[-1]
    assert (row.action, row.actor) == ("rollback", ACTOR)
    assert f"{report.labels} labels" in row.reason


def test_a_champion_that_keeps_its_promise_stays_and_its_probation_ends(registry):
    good = answers(registry, 0.95)
    assert [one.state for one in watch(registry).look(good, after(registry))] == ["watching"]
    assert [one.state for one in watch(registry).look(good, after(registry, 31))] == ["kept"]
    assert registry.in_production()[Task.FRACTURE].to_version == "2"


def test_after_a_rollback_nothing_swings_back(registry):
    bad = answers(registry, 0.4)
    watch(registry).look(bad, after(registry))
    rows = len(registry.history())
    for _ in range(3):
        assert [one.state for one in watch(registry).look(bad, after(registry))] == ["rolled_back"]
    assert len(registry.history()) == rows


def test_a_worker_that_died_before_the_alias_moved_goes_on_where_it_was(registry, monkeypatch):
    bad = answers(registry, 0.4)
    with monkeypatch.context() as broken:
        broken.setattr(Registry, "rollback", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            watch(registry).look(bad, after(registry))
    assert registry.in_production()[Task.FRACTURE].to_version == "2"
    assert [one.state for one in watch(registry).look(bad, after(registry))] == ["rolled_back"]
    assert [row.action for row in registry.history(Task.FRACTURE)].count("rollback") == 1


def test_answers_of_other_models_and_of_other_days_are_not_held_against_it(registry):
    bad = pd.concat(
        [
            answers(registry, 0.0, model="fracture:1"),
            answers(registry, 0.0, days=-3),
            answers(registry, 0.0, days=40),
        ]
    )
    (report,) = watch(registry).look(bad.assign(event_id=range(len(bad))), after(registry, 50))
    assert (report.labels, report.state) == (0, "kept")


def test_labels_that_come_late_for_early_pictures_change_no_bet_that_was_made(registry):
    """Harm was shown by the first labels; right answers for earlier pictures come in after that."""
    promotion = registry.in_production()[Task.FRACTURE]
    wrong = answers(registry, 0.0, n=60, days=2.0)
    right = answers(registry, 1.0, n=300, days=1.0)
    wrong["labelled_utc"], right["labelled_utc"] = "2026-01-02T00:00:00+00:00", "2026-01-03T00:00:00+00:00"
    both = pd.concat([right, wrong], ignore_index=True)
    both["event_id"] = [str(number) for number in range(len(both))]
    states = [
        judge(promotion, MODEL, 0.15, rows, POLICY.probation, after(registry, 3)).state
        for rows in (wrong, both, both.assign(labelled_utc=both["time_utc"].astype(str)))
    ]
    assert states == ["harmful", "harmful", "watching"], "by the time of the pictures it would look kept"


def test_a_few_wrong_answers_are_no_harm_yet(registry):
    (report,) = watch(registry).look(answers(registry, 0.0, n=10), after(registry))
    assert report.state == "watching"


def test_a_kept_promise_is_called_broken_no_more_often_than_promised():
    refuted = 0
    for seed in range(400):
        losses = (np.random.default_rng(seed).random(300) < 0.2).astype(float)
        refuted += bet_against(losses, 0.2, level=0.05).wealth >= 20
    assert refuted / 400 <= 0.07


@pytest.mark.parametrize(("truth", "most"), [(0.5, 40), (0.35, 160)])
def test_harm_is_shown_after_tens_of_labels(truth, most):
    needed = []
    for seed in range(40):
        losses = (np.random.default_rng(seed).random(400) < truth).astype(float)
        wealth = [bet_against(losses[:n], 0.15, level=LEVEL).wealth for n in range(10, 400, 10)]
        needed.append(next((10 * (i + 1) for i, w in enumerate(wealth) if w >= 1 / LEVEL), 400))
    assert np.median(needed) <= most
