"""The grade that is answered lies in its own interval, and the interval keeps its coverage with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.domain import Task
from osteon.models.calibration import Calibration, expectation_and_spread, softmax
from osteon.models.calibration_fit import fit_calibration
from osteon.models.site_quantiles import SiteQuantiles

GRADES = np.arange(5.0)
quantile = st.none() | st.floats(0, 3)
quantiles = st.just(()) | st.lists(quantile, min_size=5, max_size=5).map(tuple)
ends = st.tuples(st.floats(0, 4), st.floats(0, 4)).map(lambda two: (min(two), max(two)))
bounds = st.just(()) | st.lists(st.none() | ends, min_size=5, max_size=5).map(tuple)
# Cuts may be far from the midpoints: what is answered is then far from the expectation.
cuts = st.just(()) | st.lists(st.floats(0, 4), min_size=4, max_size=4).map(sorted).map(tuple)


@st.composite
def calibrations(draw: st.DrawFn) -> Calibration:
    own = SiteQuantiles(
        interval_quantile=draw(quantile),
        class_quantiles=draw(quantiles),
        class_bounds=draw(bounds),
        rows=60,
    )
    return Calibration(
        task="knee-oa",
        temperature=draw(st.floats(0.25, 6)),
        interval_quantile=draw(quantile),
        spread_floor=draw(st.floats(1e-6, 1)),
        cuts=draw(cuts),
        class_quantiles=draw(quantiles),
        class_bounds=draw(bounds),
        class_score=draw(st.sampled_from(["distance", "probability"])),
        sites={"sud": own},
    )


@settings(max_examples=300, deadline=None)
@given(
    calibration=calibrations(),
    logits=st.lists(st.floats(-30, 30), min_size=5, max_size=5),
    site=st.sampled_from([None, "sud", "nord"]),
    with_belief=st.booleans(),
)
def test_the_answered_grade_lies_in_its_interval(
    calibration: Calibration, logits: list[float], site: str | None, with_belief: bool
) -> None:
    probability_BK = calibration.probabilities(np.log(softmax(np.asarray([logits])) + 1e-30))
    mean_B, spread_B = expectation_and_spread(probability_BK, GRADES)
    bounds = calibration.interval(
        float(mean_B[0]),
        float(spread_B[0]),
        probability_K=probability_BK[0] if with_belief else None,
        site=site,
    )
    assert bounds is not None
    assert 0 <= bounds.low <= calibration.grade(float(mean_B[0])) <= bounds.high <= 4


def beliefs(random: np.random.Generator, truth_B: np.ndarray, noise: float) -> np.ndarray:
    """Log beliefs of a model that draws the grades towards the middle: its cuts move away from there."""
    centre_B = 2 + 0.6 * (truth_B - 2) + random.normal(0, noise, len(truth_B))
    width_B = random.uniform(0.3, 1.2, len(truth_B))
    return np.log(softmax(-(((GRADES[None] - centre_B[:, None]) / width_B[:, None]) ** 2)) + 1e-12)


@pytest.mark.parametrize("noise", [0.5, 0.8])
def test_with_the_answered_grade_inside_each_grade_is_held_as_often_as_is_stated(noise: float) -> None:
    random = np.random.default_rng(3)
    truth_B, new_B = (random.choice(5, 8000, p=[0.2, 0.15, 0.3, 0.2, 0.15]).astype(float) for _ in range(2))
    log_BK, new_BK = beliefs(random, truth_B, noise), beliefs(random, new_B, noise)
    calibration = fit_calibration(Task.KNEE_OA, log_BK, truth_B, np.eye(5)[truth_B.astype(int)])
    mean_B, spread_B = expectation_and_spread(calibration.probabilities(new_BK), GRADES)
    held, answered_out = np.zeros(len(new_B), dtype=bool), 0
    for row, probability_K in enumerate(calibration.probabilities(new_BK)):
        bounds = calibration.interval(float(mean_B[row]), float(spread_B[row]), probability_K=probability_K)
        assert bounds is not None
        held[row] = bounds.low <= new_B[row] <= bounds.high
        answered_out += not bounds.low <= calibration.grade(float(mean_B[row])) <= bounds.high
    assert answered_out == 0
    by_grade = [float(held[new_B == grade].mean()) for grade in range(5)]
    assert by_grade == pytest.approx([0.9] * 5, abs=0.025)
