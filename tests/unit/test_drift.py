import json
from datetime import timedelta

import pandas as pd
import pytest
import yaml

from monitoring.drift import drift_report
from monitoring.policy import DEFAULT_POLICY, load_policy
from monitoring.references import References
from monitoring.windows import READ_COLUMNS
from osteon.domain import UsageError
from osteon.features import FeatureRepository
from tests.event_frame import NOW, event_frame
from tests.event_frame import events as made_events

POLICY = load_policy()


def _report(events, tmp_path, **more):
    return drift_report(events, References(tmp_path), POLICY, now=NOW, **more)


def _referenced(tmp_path, **more):
    before = NOW - timedelta(days=30)
    References(tmp_path).keep(
        pd.concat(
            [event_frame(300, site=site, seed=90 + i, until=before, **more) for i, site in enumerate("ab")]
        )
    )


def test_only_the_site_that_changed_is_called_a_drift(tmp_path):
    _referenced(tmp_path)
    events = pd.concat([event_frame(120, site="a", shift=0.8), event_frame(120, site="b", seed=2)])
    report = _report(events, tmp_path)
    assert {site: report.site_verdict(site) for site in report.sites} == {"a": "drift", "b": "no_drift"}
    whole = next(s for s in report.streams if s.stratum.site == "a" and s.key == "all")
    assert whole.reference_source == "stored"
    assert whole.statistics["mmd"].alarms
    assert whole.statistics["classifier_auroc"].value > 0.7


def test_a_window_that_is_too_short_cannot_tell_and_says_why(tmp_path):
    _referenced(tmp_path)
    report = _report(event_frame(20, site="a", shift=3.0), tmp_path)
    assert {stream.verdict for stream in report.streams} == {"cannot_tell"}
    assert {stream.doubt for stream in report.streams} == {"too_few_production_events"}
    assert report.hypotheses == 0


def test_without_a_kept_reference_the_first_events_of_the_model_stand_in(tmp_path):
    early = event_frame(200, site="a", until=NOW - timedelta(days=20), seed=3)
    late = event_frame(120, site="a", shift=0.8, seed=4)
    stream = _report(pd.concat([early, late]), tmp_path).streams[0]
    assert stream.reference_source == "first_events"
    assert stream.verdict == "drift"


def test_a_site_that_is_new_has_no_reference(tmp_path):
    report = _report(event_frame(120, site="new"), tmp_path)
    assert report.streams[0].doubt == "no_reference"
    assert report.site_verdict("new") == "cannot_tell"


def test_a_reference_of_another_embedding_space_is_never_compared(tmp_path):
    _referenced(tmp_path, space="space-0")
    report = _report(event_frame(120, site="a"), tmp_path)
    assert report.streams[0].doubt == "embedding_space_changed"


def test_the_newest_model_version_is_judged_unless_the_champion_is_named(tmp_path):
    old = event_frame(120, site="a", until=NOW - timedelta(hours=1))
    new = event_frame(60, site="a", model_version="fracture:2", seed=2)
    events = pd.concat([old, new])
    assert {s.model_version for s in _report(events, tmp_path).streams} == {"fracture:2"}
    named = _report(events, tmp_path, champions={"fracture": "fracture:1"})
    assert {s.model_version for s in named.streams} == {"fracture:1"}


def test_more_abstentions_alone_are_a_drift(tmp_path):
    _referenced(tmp_path)
    report = _report(event_frame(150, site="a", abstained=0.5), tmp_path)
    alarming = {n for s in report.streams for n, one in s.statistics.items() if one.alarms}
    assert alarming == {"abstention_rate"}


def test_the_same_events_in_any_order_give_the_same_report(tmp_path):
    _referenced(tmp_path)
    events = pd.concat([event_frame(120, site="a", shift=0.3), event_frame(120, site="b", seed=1)])
    shuffled = events.sample(frac=1, random_state=1)
    assert _report(events, tmp_path).as_dict() == _report(shuffled, tmp_path).as_dict()


def test_the_report_is_json_and_names_its_policy_and_seed(tmp_path):
    _referenced(tmp_path)
    report = _report(event_frame(120, site="a"), tmp_path, seed=7)
    fields = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert fields["seed"] == 7
    assert fields["policy_hash"] == POLICY.hash
    assert fields["sites"]["a"]["production_events"] == 120
    assert set(fields["streams"][0]["statistics"]) == set(POLICY.statistics)


def test_a_part_that_is_the_whole_site_is_not_judged_twice(tmp_path):
    _referenced(tmp_path)
    events = event_frame(120, site="a")
    assert {stream.key for stream in _report(events, tmp_path).streams} == {"all", "sex"}
    two = pd.concat([events, event_frame(120, site="a", seed=3, device="unit-b")])
    assert {stream.key for stream in _report(two, tmp_path).streams} == {"all", "sex", "device"}


def test_no_events_make_an_empty_report(tmp_path):
    report = _report(event_frame(1).iloc[:0], tmp_path)
    assert report.streams == ()
    assert report.as_dict()["sites"] == {}


def test_false_alarms_of_a_whole_report_stay_within_the_family_wise_level(tmp_path):
    """Forty reports of two sites without any change: 2 expected at 5 %, 7 or more have p < 0.01."""
    alarms = 0
    for run in range(40):
        folder = tmp_path / str(run)
        before = NOW - timedelta(days=30)
        kept = [
            event_frame(150, site=site, seed=1000 + 10 * run + i, until=before) for i, site in enumerate("ab")
        ]
        References(folder).keep(pd.concat(kept))
        events = [event_frame(80, site=site, seed=5000 + 10 * run + i) for i, site in enumerate("ab")]
        report = drift_report(pd.concat(events), References(folder), POLICY, now=NOW, seed=run)
        alarms += any(stream.verdict == "drift" for stream in report.streams)
    assert alarms <= 6


def test_the_shipped_policy_is_valid_and_every_rule_has_a_reason_and_a_source():
    assert all(rule.reason and rule.source for rule in POLICY.statistics.values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p.update(familywise=0.1), "familywise"),
        (lambda p: p["statistics"].update(mmdd=p["statistics"]["mmd"]), "mmdd"),
        (lambda p: p["statistics"]["frechet"].update(decides=True), "cannot decide"),
        (lambda p: p["statistics"]["mmd"].update(reason=""), "reason"),
        (lambda p: p.update(strata=["postcode"]), "strata"),
    ],
)
def test_a_policy_with_an_unknown_key_or_an_impossible_rule_is_refused_by_name(tmp_path, change, words):
    policy = yaml.safe_load(DEFAULT_POLICY.read_text())
    change(policy)
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump(policy))
    with pytest.raises(UsageError, match=words):
        load_policy(path)


def test_comments_do_not_change_the_hash_of_a_policy_and_a_threshold_does(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("# ours\n" + DEFAULT_POLICY.read_text())
    assert load_policy(path).hash == POLICY.hash
    path.write_text(DEFAULT_POLICY.read_text().replace("family_wise_level: 0.05", "family_wise_level: 0.01"))
    assert load_policy(path).hash != POLICY.hash


def test_a_report_of_events_read_without_embeddings_is_the_same(tmp_path):
    _referenced(tmp_path / "references")
    repository = FeatureRepository(tmp_path / "features")
    repository.table.append([*made_events(120, site="a", shift=0.8), *made_events(60, site="b", seed=2)])
    light = repository.history(columns=READ_COLUMNS)
    assert "embedding" not in light
    kept = References(tmp_path / "references")
    report = drift_report(light, kept, POLICY, now=NOW, vectors=repository.vectors)
    assert report == drift_report(repository.history(), kept, POLICY, now=NOW)
    assert report.site_verdict("a") == "drift"
