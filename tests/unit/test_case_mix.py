"""Who comes and what is answered: each change by its name, and neither for the other."""

import numpy as np
import pytest

from monitoring.sequential import Case, MixModel, MixStream

BANDS = ("0-4", "5-9", "10-14")


def cases(count, rng, *, young=0.3, ill=0.2):
    """Children under five are ill three times as often as the others."""
    found = []
    for _ in range(count):
        band = "0-4" if rng.random() < young else str(rng.choice(BANDS[1:]))
        share = min(1.0, ill * (3.0 if band == "0-4" else 1.0))
        found.append(Case(who=("hand", band, str(rng.choice(["F", "M"]))), answer=str(rng.random() < share)))
    return found


@pytest.fixture(scope="module")
def model():
    return MixModel.fit(cases(500, np.random.default_rng(0)), run_length=5000, seed=0)


def told(model, rows):
    stream = MixStream(model)
    for row in rows:
        stream.update(row)
        if stream.run.alarm:
            return stream
    return stream


def test_a_mix_that_stays_alarms_no_more_often_than_promised(model):
    alarms = [bool(told(model, cases(500, np.random.default_rng([1, n]))).run.alarm) for n in range(20)]
    assert np.mean(alarms) <= 0.3  # 0.1 is promised


def test_younger_patients_are_a_population_though_they_are_ill_more_often(model):
    for seed in range(5):
        stream = told(model, cases(300, np.random.default_rng([2, seed]), young=0.9))
        assert stream.run.alarm
        assert stream.causes()[0].name == "population"


def test_more_ill_among_the_same_patients_are_a_prevalence(model):
    named = []
    for seed in range(10):
        stream = told(model, cases(400, np.random.default_rng([3, seed]), ill=0.32))
        named.append(stream.causes()[0].name if stream.run.alarm else "")
    assert named.count("prevalence") >= 8


def test_a_kind_of_patient_never_seen_is_no_change_once_and_one_when_it_stays(model):
    stream = told(model, [*cases(50, np.random.default_rng(4)), Case(who=("hip", "80+", "F"), answer="True")])
    assert not stream.run.alarm
    assert told(model, [Case(who=("hip", "80+", "F"), answer="True")] * 100).run.alarm
