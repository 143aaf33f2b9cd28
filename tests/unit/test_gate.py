"""The gate: a better model passes, and each rule refuses the model that breaks it and no other rule does."""

import doctest
import json
from dataclasses import replace

import numpy as np
import pytest
import yaml

import monitoring.gate.evidence
import monitoring.gate.rules
from monitoring.alterations import ALTERATIONS
from monitoring.gate import Altered, Answered, CaseSet, Evidence, decide, load_gate
from monitoring.gate.bootstrap import paired_difference
from monitoring.gate.policy import DEFAULT_GATE
from osteon.domain import Task, UsageError

POLICY = load_gate().model_copy(update={"resamples": 300})  # quick; the shipped file is read whole


def probability(label, skill, rng):
    """Calibrated answers: the better the skill, the surer."""
    sure = rng.beta(4 * skill, 1, len(label)) / 2 + 0.5
    right = rng.random(len(label)) < sure
    said = np.where(right, label, 1 - label)
    return np.where(said == 1, sure, 1 - sure)


def answered(value):
    return Answered(value=value, low=np.full(len(value), np.nan), high=np.full(len(value), np.nan))


def cases(seed, champion=1.0, challenger=4.0, n=400):
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < 0.5).astype(float)
    patient = np.array([f"{seed}-{i // 2}" for i in range(n)])
    site = np.where(np.arange(n) % 4 < 2, "north", "south")
    return CaseSet(
        label=label,
        patient=patient,
        champion=answered(probability(label, champion, rng)),
        challenger=answered(probability(label, challenger, rng)),
        groups={"site": site},
    )


def evidence(**more):
    frozen = cases(1)
    known = {
        "task": Task.FRACTURE,
        "champion_version": "fracture:1",
        "challenger_version": "fracture:2",
        "sets": {"frozen": frozen, "fresh": cases(2)},
        "altered": {
            cause: Altered(
                label=frozen.label,
                patient=frozen.patient,
                champion=frozen.champion.value,
                challenger=frozen.challenger.value,
            )
            for cause in ALTERATIONS
        },
        "champion_s": np.full(50, 0.1),
        "challenger_s": np.full(50, 0.1),
        "learned_from": frozenset({"somebody else"}),
    }
    return Evidence(**{**known, **more})


def refused_rules(found):
    return {one.rule for one in decide(found, POLICY).refusals}


def with_set(found, name, changed):
    return replace(found, sets={**found.sets, name: changed})


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(monitoring.gate.evidence).failed == 0
    assert doctest.testmod(monitoring.gate.rules).failed == 0


def test_a_better_model_passes_and_the_decision_says_by_which_gate():
    decision = decide(evidence(), POLICY)
    assert decision.passed, decision.reasons()
    assert decision.policy_hash == POLICY.hash
    told = json.loads(json.dumps(decision.as_dict(), allow_nan=False))
    assert told["reasons"] == []
    superior = next(one for one in told["findings"] if one["rule"] == "superior")
    assert superior["figures"]["low"] > 0
    assert {one["place"] for one in told["findings"] if one["rule"] == "subgroup"} == {
        "frozen, site north", "frozen, site south", "fresh, site north", "fresh, site south",
    }  # fmt: skip


def test_the_same_evidence_gives_the_same_decision():
    assert decide(evidence(), POLICY) == decide(evidence(), POLICY)


def test_a_model_that_is_no_better_on_the_fresh_set_is_refused():
    same = cases(2, challenger=1.0)
    assert refused_rules(with_set(evidence(), "fresh", same)) >= {"superior"}


def test_a_model_that_lost_what_the_champion_knew_is_refused():
    worse = cases(1, champion=4.0, challenger=1.0)
    found = with_set(evidence(), "frozen", worse)
    assert "non_inferior" in refused_rules(found)
    assert any("frozen" in reason and "needs" in reason for reason in decide(found, POLICY).reasons())


def test_one_hospital_that_pays_for_the_gain_of_the_other_refuses_the_model():
    fresh = cases(2)
    south = fresh.groups["site"] == "south"
    swapped = np.where(south, 0.5, fresh.challenger.value)
    better = np.where(south, fresh.champion.value, 1 - fresh.label)
    found = with_set(
        evidence(), "fresh", replace(fresh, champion=answered(better), challenger=answered(swapped))
    )
    decision = decide(found, POLICY)
    assert next(one for one in decision.findings if one.rule == "superior").passed
    assert {one.place for one in decision.refusals if one.rule == "subgroup"} == {"fresh, site south"}


def test_a_subgroup_with_too_few_patients_is_not_judged():
    fresh = cases(2)
    few = np.where(np.arange(400) < 20, "tiny", "rest")
    found = with_set(evidence(), "fresh", replace(fresh, groups={"site": few}))
    places = {one.place for one in decide(found, POLICY).findings if one.rule == "subgroup"}
    assert "fresh, site tiny" not in places
    assert "fresh, site rest" in places


def test_a_set_with_too_few_patients_refuses_and_says_how_many_are_needed():
    few = cases(2, n=30)
    (refusal,) = decide(with_set(evidence(), "fresh", few), POLICY).refusals
    assert (refusal.needed, refusal.got) == ("20 patients or more", "15")
    missing = decide(replace(evidence(), sets={"frozen": cases(1)}), POLICY)
    assert {(one.rule, one.place) for one in missing.refusals} == {("superior", "fresh")}


def test_a_model_that_abstains_more_often_is_refused_however_right_it_is():
    fresh = cases(2)
    silent = np.where(np.arange(400) % 5 == 0, np.nan, fresh.label)
    found = with_set(evidence(), "fresh", replace(fresh, challenger=answered(silent)))
    assert refused_rules(found) == {"answers"}


def test_an_overconfident_model_is_refused_for_its_calibration():
    fresh = cases(2, champion=0.1, challenger=0.3)
    loud = np.where(fresh.challenger.value > 0.5, 0.999, 0.001)
    found = with_set(evidence(), "fresh", replace(fresh, challenger=answered(loud)))
    assert "calibration" in refused_rules(found)


def test_a_slow_model_is_refused_against_the_limit_and_against_the_champion():
    places = {one.place for one in decide(evidence(challenger_s=np.full(50, 4.0)), POLICY).refusals}
    assert places == {"95th percentile", "against the champion"}


def test_a_model_that_one_alteration_breaks_is_refused_for_that_cause():
    found = evidence()
    broken = replace(found.altered["crop"], challenger=1 - found.altered["crop"].label)
    decision = decide(replace(found, altered={**found.altered, "crop": broken}), POLICY)
    assert [(one.rule, one.place) for one in decision.refusals] == [("robustness", "crop")]


def test_a_model_whose_altered_pictures_were_not_measured_is_refused():
    assert refused_rules(evidence(altered={})) == {"robustness"}


def test_a_patient_learned_from_and_tested_on_refuses_the_model():
    assert refused_rules(evidence(learned_from=frozenset({"1-0", "somebody else"}))) == {"leakage"}


def test_a_model_whose_patients_nobody_kept_is_refused():
    assert refused_rules(evidence(learned_from=None)) == {"leakage"}


def test_intervals_that_miss_their_coverage_refuse_a_measure():
    rng = np.random.default_rng(0)
    label = rng.uniform(0, 200, 400)

    def given(error, half):
        value = label + rng.normal(0, error, 400)
        return Answered(value=value, low=value - half, high=value + half, promised=0.9)

    def found(half):
        one = replace(cases(1), label=label, champion=given(20, 33), challenger=given(8, half))
        altered = Altered(label=label, patient=one.patient, champion=label + 20, challenger=label + 8)
        return evidence(
            task=Task.BONE_AGE,
            sets={"frozen": one, "fresh": one},
            altered=dict.fromkeys(ALTERATIONS, altered),
        )

    assert refused_rules(found(14)) == set()
    assert refused_rules(found(6)) == {"calibration"}


def test_the_interval_of_a_difference_holds_the_truth_as_often_as_it_promises():
    held = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        own = np.repeat(rng.normal(0.1, 1.0, 60), 3)  # three pictures of each patient, much alike
        gain = own + rng.normal(0, 0.1, 180)
        patient = np.repeat(np.arange(60).astype(str), 3)
        found = paired_difference(gain, patient, rng, coverage=0.9, resamples=200)
        held += found.low <= 0.1 <= found.high
    assert 0.83 <= held / 150 <= 0.97


def test_an_unknown_key_of_the_gate_is_refused_with_its_name(tmp_path):
    text = yaml.safe_load(DEFAULT_GATE.read_text())
    path = tmp_path / "gate.yaml"
    path.write_text(yaml.safe_dump({**text, "levity": 1}))
    with pytest.raises(UsageError, match="levity"):
        load_gate(path)


def test_the_gate_knows_every_alteration():
    assert set(POLICY.robustness.causes) == set(ALTERATIONS)
