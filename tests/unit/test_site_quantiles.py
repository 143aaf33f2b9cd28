"""Intervals and sets of one site, and grades that each keep their coverage."""

from __future__ import annotations

import json

import numpy as np
import pytest

from osteon.domain import RefusedError, Task
from osteon.models.calibration import Calibration, expectation_and_spread, softmax
from osteon.models.calibration_fit import fit_calibration
from osteon.models.site_quantiles import LEAST_ROWS


def ages(rng: np.random.Generator, count: int, error: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Beliefs of one spread about ages whose true error differs by site; targets are not used."""
    values = np.asarray(Task.BONE_AGE.values)
    truth = rng.uniform(60, 180, count)
    mean = truth + rng.normal(0, error, count)
    log_BK = -((values[None] - mean[:, None]) ** 2) / (2 * 10.0**2)
    log_BK = np.log(softmax(log_BK))
    return log_BK, truth, np.exp(log_BK)


def two_sites(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    parts = [ages(rng, count, error) for error in (6.0, 18.0)]
    log_BK, truth, target = (np.concatenate(each) for each in zip(*parts, strict=True))
    return log_BK, truth, target, ["nord"] * count + ["sud"] * count


def covered(calibration: Calibration, log_BK: np.ndarray, truth: np.ndarray, site: str | None) -> float:
    probability = calibration.probabilities(log_BK)
    mean, spread = expectation_and_spread(probability, np.asarray(Task.BONE_AGE.values))
    bounds = [calibration.interval(float(m), float(s), site=site) for m, s in zip(mean, spread, strict=True)]
    inside = [b is not None and b.low <= t <= b.high for b, t in zip(bounds, truth, strict=True)]
    return float(np.mean(inside))


def test_each_site_keeps_the_coverage_that_one_quantile_for_all_does_not_give_it() -> None:
    rng = np.random.default_rng(0)
    log_BK, truth, target, sites = two_sites(rng, 600)
    calibration = fit_calibration(Task.BONE_AGE, log_BK, truth, target, sites=sites)
    for site, error in (("nord", 6.0), ("sud", 18.0)):
        new_log, new_truth, _ = ages(rng, 1500, error)
        assert covered(calibration, new_log, new_truth, site) == pytest.approx(0.9, abs=0.03)
    assert covered(calibration, *ages(rng, 1500, 18.0)[:2], None) < 0.87
    assert covered(calibration, *ages(rng, 1500, 18.0)[:2], "a site that is not known") < 0.87


def test_a_site_with_few_rows_or_the_only_one_has_no_quantiles_of_its_own() -> None:
    rng = np.random.default_rng(1)
    log_BK, truth, target, _ = two_sites(rng, 100)
    sites = ["nord"] * (LEAST_ROWS - 1) + ["sud"] * (200 - LEAST_ROWS + 1)
    assert set(fit_calibration(Task.BONE_AGE, log_BK, truth, target, sites=sites).sites) == {"sud"}
    assert fit_calibration(Task.BONE_AGE, log_BK, truth, target, sites=["nord"] * 200).sites == {}
    assert fit_calibration(Task.BONE_AGE, log_BK, truth, target, sites=[""] * 200).sites == {}
    assert fit_calibration(Task.BONE_AGE, log_BK, truth, target).sites == {}


def test_a_class_that_a_site_lacks_is_held_by_the_quantile_of_all_sites() -> None:
    rng = np.random.default_rng(2)
    truth = np.concatenate([np.zeros(100), np.ones(40), np.zeros(96), np.ones(4)])
    log_BK = np.log(softmax(np.eye(2)[truth.astype(int)] * 2 + rng.normal(size=(240, 2))))
    sites = ["nord"] * 140 + ["sud"] * 100
    calibration = fit_calibration(Task.FRACTURE, log_BK, truth, np.eye(2)[truth.astype(int)], sites=sites)
    assert calibration.sites["sud"].class_quantiles[1] is None
    every = calibration.class_quantiles[1]
    assert every is not None
    just_held = np.asarray([every - 1e-9, 1 - every + 1e-9])
    assert 1 in calibration.classes(just_held, site="sud").classes


def test_sites_come_back_from_json_and_other_fields_are_refused() -> None:
    log_BK, truth, target, sites = two_sites(np.random.default_rng(3), 100)
    calibration = fit_calibration(Task.BONE_AGE, log_BK, truth, target, sites=sites)
    fields = json.loads(json.dumps(calibration.to_json()))
    assert Calibration.from_json(fields) == calibration
    fields["sites"]["nord"] = {"rows": 3}
    with pytest.raises(RefusedError):
        Calibration.from_json(fields)


def test_grades_of_a_site_have_its_own_bounds_which_come_back_from_json() -> None:
    rng = np.random.default_rng(4)
    truth = np.tile(np.arange(5.0), 60)
    centre = truth + np.where(np.arange(300) < 150, 0.0, 1.2) + rng.normal(0, 0.7, 300)
    log_BK = np.log(softmax(-((np.arange(5.0)[None] - centre[:, None]) ** 2)) + 1e-12)
    target = np.eye(5)[truth.astype(int)]
    sites = ["nord"] * 150 + ["sud"] * 150
    calibration = fit_calibration(Task.KNEE_OA, log_BK, truth, target, sites=sites)
    assert Calibration.from_json(json.loads(json.dumps(calibration.to_json()))) == calibration
    belief = softmax(-((np.arange(5.0)[None] - 2.0) ** 2))[0]
    highest = {name: calibration.classes(belief, site=name).classes[-1] for name in ("nord", "sud")}
    assert highest["sud"] < highest["nord"]  # all grades look worse there than they are


def test_a_grade_is_bounded_by_its_class_conditional_set() -> None:
    quantiles = (0.9, 0.9, 0.5, 0.9, 0.9)
    calibration = Calibration(
        task="knee-oa", interval_quantile=1.0, class_quantiles=quantiles, class_rows=(20,) * 5
    )
    belief = np.asarray([0.02, 0.3, 0.35, 0.25, 0.08])
    bounds = calibration.interval(2.07, 1.0, probability_K=belief)
    assert bounds is not None
    assert (bounds.low, bounds.high) == (1.0, 3.0)  # grade 2 alone is ruled out, and lies within
    around = calibration.interval(2.07, 1.0)
    assert around is not None
    assert (around.low, around.high) == (pytest.approx(1.07), pytest.approx(3.07))


def test_a_grade_with_an_untested_class_keeps_the_interval_around_its_expectation() -> None:
    calibration = Calibration(
        task="knee-oa", interval_quantile=1.0, class_quantiles=(0.9, 0.9, 0.9, 0.9, None), class_rows=(9,) * 5
    )
    bounds = calibration.interval(2.0, 1.0, probability_K=np.full(5, 0.2))
    assert bounds is not None
    assert (bounds.low, bounds.high) == (1.0, 3.0)
