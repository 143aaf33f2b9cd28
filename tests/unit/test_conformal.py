"""Conformal sets and intervals keep their promise; isotonic maps are chosen where they help.

Coverage is tried by simulation: 200 calibrations, each with fresh rows and one new row per class. With
a chance c of covering, the number of covered rows is binomial; its bounds below are crossed once in a
thousand runs.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binom

from osteon.domain import Task, UsageError
from osteon.models.calibration import Calibration, fit_calibration, softmax
from osteon.models.conformal import (
    class_quantiles,
    conformal_quantile,
    conformal_set,
    range_quantiles,
    rows_needed,
)
from osteon.models.isotonic import Knots, fit_isotonic

REPETITIONS = 200
PREVALENCE = np.asarray([0.7, 0.25, 0.05])


def rows(rng: np.random.Generator, truth: np.ndarray) -> np.ndarray:
    """Beliefs of a model that knows the frequent class best."""
    logits = rng.normal(size=(len(truth), 3)) + np.log(PREVALENCE)
    logits[np.arange(len(truth)), truth] += 1.5
    return softmax(logits)


def promised(covered: int, least: float, most: float) -> bool:
    return bool(binom.ppf(0.001, REPETITIONS, least) <= covered <= binom.ppf(0.999, REPETITIONS, most))


def test_each_class_is_held_with_its_own_coverage_also_the_rare_one() -> None:
    covered = np.zeros(3, dtype=int)
    by_one_quantile = 0
    for seed in range(REPETITIONS):
        rng = np.random.default_rng(seed)
        truth = np.concatenate([np.arange(3).repeat(25), rng.choice(3, 325, p=PREVALENCE)])
        belief = rows(rng, truth)
        quantiles = class_quantiles(belief, truth.astype(float))
        new = rows(rng, np.arange(3))
        covered += [number in conformal_set(new[number], quantiles).classes for number in range(3)]
        pooled = conformal_quantile(1 - belief[75 + np.arange(325), truth[75:]])
        by_one_quantile += pooled is not None and 1 - new[2, 2] <= pooled
    # The coverage lies between 0.9 and 0.9 + 1 / (n + 1) (Lei et al. 2018, theorem 2); n is 25 at least.
    for count in covered:
        assert promised(int(count), 0.9, 0.9 + 1 / 26), covered
    assert not promised(by_one_quantile, 0.9, 1.0)  # one quantile for all does not keep it for the rare class


def graded(rng: np.random.Generator, truth: np.ndarray) -> np.ndarray:
    """Log beliefs about grades 0 to 4 of a model that draws all towards the middle; rare ends err more."""
    centre = 2 + 0.7 * (truth - 2) + rng.normal(0, 0.5 + 0.2 * np.abs(truth - 2), len(truth))
    width = rng.uniform(0.4, 1.2, len(truth))
    return np.log(softmax(-(((np.arange(5)[None] - centre[:, None]) / width[:, None]) ** 2)) + 1e-12)


def test_the_range_of_grades_holds_each_grade_as_often_as_is_stated_and_no_more() -> None:
    rng = np.random.default_rng(0)
    truth, new = (rng.choice(5, 6000, p=[0.1, 0.2, 0.4, 0.2, 0.1]).astype(float) for _ in range(2))
    log_BK, new_BK = graded(rng, truth), graded(rng, new)
    calibration = fit_calibration(Task.KNEE_OA, log_BK, truth, np.eye(5)[truth.astype(int)])
    held = []
    for log_K, grade in zip(new_BK, new, strict=True):
        probability_K = calibration.probabilities(log_K[None])[0]
        value = float(probability_K @ np.arange(5.0))
        bounds = calibration.interval(value, 1.0, probability_K=probability_K)
        assert bounds is not None
        held.append(bounds.low <= grade <= bounds.high)
    by_grade = [float(np.asarray(held)[new == grade].mean()) for grade in range(5)]
    assert by_grade == pytest.approx([0.9] * 5, abs=0.03)


def test_single_quantiles_would_hold_the_middle_of_a_range_too_often() -> None:
    rng = np.random.default_rng(1)
    score_BK = rng.random((40_000, 3))
    truth = rng.integers(0, 3, 40_000).astype(float)
    quantiles = range_quantiles(score_BK, truth)
    ends, middle = (quantiles[0], quantiles[2]), quantiles[1]
    assert all(one == pytest.approx(0.9, abs=0.02) for one in ends)
    # Lower and higher grade both stand in 0.81 of the sets; half of the others must be held by their own.
    assert middle == pytest.approx((0.9 - 0.81) / 0.19, abs=0.06)


def test_an_interval_of_a_grade_is_never_empty() -> None:
    calibration = Calibration(
        task="knee-oa",
        class_quantiles=(0.1,) * 5,
        class_rows=(20,) * 5,
        class_score="distance",
        interval_quantile=1.0,
    )
    belief = np.asarray([0.0, 0.45, 0.55, 0.0, 0.0])
    assert calibration.classes(belief).classes == (2,)
    bounds = calibration.interval(1.55, 0.5, probability_K=belief)
    assert bounds is not None
    assert (bounds.low, bounds.high) == (2.0, 2.0)


def test_an_isotonic_map_moves_no_set() -> None:
    """Its steps would: many rows share one probability, and a set holds all of them or none."""
    rng = np.random.default_rng(2)
    log_BK, truth = beliefs(rng, 600, bent=True)
    target = np.eye(2)[truth.astype(int)]
    plain, mapped = (
        fit_calibration(Task.FRACTURE, log_BK, truth, target, method=method)
        for method in ("temperature", "isotonic")
    )
    assert mapped.isotonic_before
    assert mapped.class_quantiles == plain.class_quantiles
    new_log, new_truth = beliefs(rng, 6000, bent=True)
    tempered = mapped.tempered(new_log)
    held = np.asarray(
        [int(yes) in mapped.classes(one).classes for one, yes in zip(tempered, new_truth, strict=True)]
    )
    for answer in (0, 1):
        assert held[new_truth == answer].mean() == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("count", [9, 12, 40])
def test_split_intervals_hold_the_truth_as_promised_from_the_fewest_rows_on(count: int) -> None:
    covered = 0
    for seed in range(REPETITIONS):
        scores = np.abs(np.random.default_rng(seed).normal(size=count + 1))
        quantile = conformal_quantile(scores[:-1])
        assert quantile is not None
        covered += scores[-1] <= quantile
    exact = np.ceil((count + 1) * 0.9) / (count + 1)
    assert promised(covered, exact, exact)


def test_a_class_with_too_few_rows_is_never_ruled_out_and_the_reason_is_said() -> None:
    truth = np.asarray([0.0] * 30 + [1.0] * 30 + [4.0] * (rows_needed() - 1))
    belief = np.log(softmax(np.eye(5)[truth.astype(int)] * 4))
    calibration = fit_calibration(Task.KNEE_OA, belief, truth, np.eye(5)[truth.astype(int)])
    found = calibration.classes(np.asarray([1.0, 0.0, 0.0, 0.0, 0.0]))
    assert found.classes == (0, 1, 2, 3, 4)  # what lies between is in the range
    assert found.untested == (2, 3, 4)
    assert calibration.shortfalls() == [
        "class 2 has 0 rows of the 9 needed: it is never ruled out",
        "class 3 has 0 rows of the 9 needed: it is never ruled out",
        "class 4 has 8 rows of the 9 needed: it is never ruled out",
    ]
    flat = np.full((3, 81), 1 / 81)
    few = fit_calibration(Task.BONE_AGE, np.log(flat), np.asarray([3.0, 9, 12]), flat)
    assert few.shortfalls() == ["3 rows of the 9 needed: the interval is the whole range"]


def test_a_measure_has_no_classes_to_rule_out() -> None:
    with pytest.raises(UsageError):
        Calibration(task="bone-age").classes(np.ones(81) / 81)


def beliefs(rng: np.random.Generator, count: int, *, bent: bool) -> tuple[np.ndarray, np.ndarray]:
    """Log probabilities and truths; bent ones no temperature can straighten (yes is always overrated)."""
    honest = rng.uniform(0.02, 0.98, count)
    truth = (rng.random(count) < honest).astype(float)
    yes = honest**0.3 if bent else honest
    return np.log(np.stack([1 - yes, yes], axis=1)), truth


@pytest.mark.parametrize("bent", [False, True])
def test_an_isotonic_map_is_chosen_where_a_temperature_cannot_help(bent: bool) -> None:
    log_BK, truth = beliefs(np.random.default_rng(1), 1500, bent=bent)
    calibration = fit_calibration(Task.FRACTURE, log_BK, truth, np.eye(2)[truth.astype(int)])
    assert bool(calibration.isotonic_before) is bent
    new_log, new_truth = beliefs(np.random.default_rng(2), 4000, bent=bent)
    yes = calibration.probabilities(new_log)[:, 1]
    for low in np.arange(0.05, 0.95, 0.1):
        chosen = (yes >= low) & (yes < low + 0.1)
        assert yes[chosen].mean() == pytest.approx(new_truth[chosen].mean(), abs=0.08)


def test_few_rows_keep_the_temperature_alone() -> None:
    log_BK, truth = beliefs(np.random.default_rng(1), 90, bent=True)
    target = np.eye(2)[truth.astype(int)]
    assert fit_calibration(Task.FRACTURE, log_BK, truth, target).isotonic_before == ()
    assert fit_calibration(Task.FRACTURE, log_BK, truth, target, method="isotonic").isotonic_before


def test_the_knots_are_those_of_scikit_learn_and_survive_as_json() -> None:
    from sklearn.isotonic import IsotonicRegression

    rng = np.random.default_rng(3)
    before, truth = rng.random(400), (rng.random(400) < 0.4).astype(float)
    knots = fit_isotonic(before, truth)
    theirs = IsotonicRegression(y_min=1 / 402, y_max=1 - 1 / 402, out_of_bounds="clip").fit(before, truth)
    new = rng.random(200)
    assert np.allclose(knots(new), theirs.predict(new), atol=1e-12)
    assert (np.diff(knots.after) >= 0).all()
    log_BK, labels = beliefs(rng, 600, bent=True)
    calibration = fit_calibration(
        Task.FRACTURE, log_BK, labels, np.eye(2)[labels.astype(int)], method="isotonic"
    )
    again = Calibration.from_json(json.loads(json.dumps(calibration.to_json())))
    assert again == calibration
    assert np.array_equal(again.probabilities(log_BK), calibration.probabilities(log_BK))
    assert Knots(before=(0.2, 0.4), after=(0.1, 0.5))(np.asarray([0.0, 0.3, 1.0])).tolist() == pytest.approx(
        [0.1, 0.3, 0.5]
    )


def test_isotonic_for_grades_or_months_is_bad_usage() -> None:
    with pytest.raises(UsageError, match="yes/no"):
        fit_calibration(
            Task.BONE_AGE, np.zeros((3, 81)), np.zeros(3), np.full((3, 81), 1 / 81), method="isotonic"
        )
