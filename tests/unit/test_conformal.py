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
from osteon.models.calibration import Calibration, softmax
from osteon.models.calibration_fit import fit_calibration
from osteon.models.conformal import (
    class_quantiles,
    conformal_quantile,
    conformal_set,
    rows_needed,
)
from osteon.models.grade_bounds import grade_bounds, grade_range
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


@pytest.mark.parametrize("noise", [1.0, 3.0])
def test_a_model_that_never_names_the_ends_holds_the_grades_beside_them_no_more_often(noise: float) -> None:
    """Weak beliefs are drawn to the middle: nothing of grades 1 and 3 can be left out towards the ends."""
    rng = np.random.default_rng(1)
    truth, new = (rng.integers(0, 5, 40_000) for _ in range(2))
    mean, new_mean = (
        2 + 0.3 * (one - 2 + rng.normal(0, noise, len(one))).clip(-6, 6) for one in (truth, new)
    )
    named, new_named = ((1 + (one > 1.5) + (one > 2.5)).astype(int) for one in (mean, new_mean))
    values = np.arange(5.0)
    bounds = grade_bounds(mean, truth.astype(float), named, values)
    ranges = [
        grade_range(one, bounds, values, named=int(name)).classes
        for one, name in zip(new_mean, new_named, strict=True)
    ]
    held = np.asarray([grade in found for grade, found in zip(new, ranges, strict=True)])
    assert [held[new == grade].mean() for grade in range(5)] == pytest.approx([0.9] * 5, abs=0.015)


def test_a_grade_that_is_answered_rightly_more_often_is_held_as_often_as_that() -> None:
    truth = np.repeat(np.arange(3), 400)
    mistaken = np.random.default_rng(5).random((2, 1200)) < 0.04
    mean, new_mean = np.where(mistaken, 1 + (truth + 1) % 3 / 3, truth) * 0.9
    mean, new_mean = (one + np.random.default_rng(6).normal(0, 0.02, 1200) for one in (mean, new_mean))
    named, new_named = (np.searchsorted([0.45, 1.5], one) for one in (mean, new_mean))
    bounds = grade_bounds(mean, truth.astype(float), named, np.arange(3.0))
    held = np.asarray(
        [
            grade in grade_range(one, bounds, np.arange(3.0), named=int(name)).classes
            for one, grade, name in zip(new_mean, truth, new_named, strict=True)
        ]
    )
    right = new_named == truth
    assert held[right].all()
    assert held.mean() == pytest.approx(right.mean(), abs=0.015)


def test_a_model_that_is_nearly_always_right_answers_with_one_grade() -> None:
    """What is never answered too high needs no bound there, but must not stand in every higher range."""
    rng = np.random.default_rng(8)
    truth = np.tile(np.arange(5), 100)
    mean = (truth + rng.normal(0, 0.2, 500)).clip(0, 4)
    named = np.rint(mean).astype(int)
    bounds = grade_bounds(mean, truth.astype(float), named, np.arange(5.0))
    ranges = [
        grade_range(m, bounds, np.arange(5.0), named=int(k)).classes for m, k in zip(mean, named, strict=True)
    ]
    assert np.mean([len(one) for one in ranges]) < 1.1


def test_a_model_that_turns_two_grades_round_still_holds_both() -> None:
    rng = np.random.default_rng(0)
    looks = np.asarray([2.0, 1.0, 1.5, 3.0, 3.5])  # its grade 0 looks worse than its grade 1
    truth = np.tile(np.arange(5), 12_000)
    mean, new = ((looks[truth] + rng.normal(0, 0.8, len(truth))).clip(0, 4) for _ in range(2))
    named, new_named = (np.rint(one).astype(int) for one in (mean, new))
    bounds = grade_bounds(mean, truth.astype(float), named, np.arange(5.0))
    held = np.asarray(
        [
            grade in grade_range(m, bounds, np.arange(5.0), named=int(k)).classes
            for m, grade, k in zip(new, truth, new_named, strict=True)
        ]
    )
    assert min(held[truth == grade].mean() for grade in range(5)) > 0.885 - 0.01


def test_an_expectation_at_the_very_end_leaves_a_grade_whatever_the_last_bits_of_its_sum() -> None:
    bounds = ((0.0, 1.0), (0.5, 2.0))
    assert grade_range(1.0 + 1e-15, bounds, np.arange(2.0), named=1).classes == (0, 1)


@pytest.mark.parametrize("count", [9, 10, 14, 18, 40])
def test_between_two_ranks_a_new_score_is_held_as_often_as_is_stated(count: int) -> None:
    """The rank above would hold it in 94.7 % with 18 rows."""
    rng = np.random.default_rng(count)
    even, thinning = rng.random((4000, count)), rng.exponential(size=(4000, count))
    exact = float(np.mean([conformal_quantile(one) for one in even]))  # of even scores the chance itself
    chance = float(np.mean([1 - np.exp(-(conformal_quantile(one) or 0.0)) for one in thinning]))
    assert exact == pytest.approx(0.9, abs=0.005)
    assert 0.895 < chance < 0.9 + 0.4 / (count + 1)


def test_an_interval_of_a_grade_of_an_earlier_package_is_never_empty() -> None:
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
