"""Temperature, conformal intervals, cuts and thresholds."""

from __future__ import annotations

import numpy as np
import pytest

from osteon.domain import RefusedError, Task
from osteon.models.calibration import Calibration, expectation_and_spread, quadratic_kappa, softmax
from osteon.models.calibration_fit import fit_calibration, fit_cuts, fit_temperature, fit_threshold
from osteon.models.conformal import conformal_quantile

RNG = np.random.default_rng(0)


def test_an_overconfident_model_is_cooled() -> None:
    truth = RNG.integers(0, 2, 2000)
    honest = np.where(truth == 1, 1.0, -1.0) + RNG.normal(0, 1, 2000)
    logits = np.stack([np.zeros(2000), 2 * honest], axis=1)
    target = np.eye(2)[truth]
    right = fit_temperature(logits, target)
    assert fit_temperature(logits * 3, target) == pytest.approx(3 * right, rel=0.06)


def test_the_conformal_quantile_lies_at_its_rank_between_two_scores() -> None:
    assert conformal_quantile(np.arange(1.0, 101.0), 0.9) == pytest.approx(90.9)


def test_the_conformal_quantile_is_unknown_when_rows_are_too_few() -> None:
    assert conformal_quantile(np.arange(8.0)) is None


def test_intervals_hold_about_nine_truths_in_ten() -> None:
    values = np.arange(0.0, 241.0, 3.0)

    def rows(count: int) -> tuple[np.ndarray, np.ndarray]:
        truth = RNG.uniform(40, 200, count)
        centre = truth + RNG.normal(0, 10, count)
        return np.log(softmax(-0.5 * ((values - centre[:, None]) / 6) ** 2) + 1e-300), truth

    log_BK, truth = rows(600)
    target = softmax(-0.5 * ((values - truth[:, None]) / 6) ** 2)
    calibration = fit_calibration(Task.BONE_AGE, log_BK, truth, target)
    new_log, new_truth = rows(1500)
    mean, spread = expectation_and_spread(calibration.probabilities(new_log), values)
    bounds = [calibration.interval(float(m), float(s)) for m, s in zip(mean, spread, strict=True)]
    inside = [b is not None and b.low <= t <= b.high for b, t in zip(bounds, new_truth, strict=True)]
    assert 0.86 < np.mean(inside) < 0.94


def test_without_enough_rows_the_interval_is_the_whole_range() -> None:
    interval = Calibration(task="knee-oa").interval(2.0, 0.5)
    assert interval is not None
    assert (interval.low, interval.high) == (0.0, 4.0)


def test_a_yes_no_task_has_no_interval() -> None:
    assert Calibration(task="fracture").interval(0.5, 0.1) is None


def test_the_kappa_of_a_published_table() -> None:
    # Cohen 1968 with quadratic weights; 2 x 2: equals the unweighted kappa, here 0.4 by hand.
    truth = np.repeat([0.0, 0.0, 1.0, 1.0], [20, 5, 10, 15])
    graded = np.repeat([0.0, 1.0, 0.0, 1.0], [20, 5, 10, 15])
    assert quadratic_kappa(truth, graded) == pytest.approx(0.4)


def test_the_kappa_agrees_with_scikit_learn() -> None:
    from sklearn.metrics import cohen_kappa_score

    truth, graded = RNG.integers(0, 5, 300), RNG.integers(0, 5, 300)
    expected = cohen_kappa_score(truth, graded, weights="quadratic")
    assert quadratic_kappa(truth.astype(float), graded.astype(float)) == pytest.approx(expected)


def test_cuts_mend_a_shifted_expectation_in_part_and_stay_in_order() -> None:
    truth = RNG.integers(0, 5, 800).astype(float)
    expectation = 0.8 * truth + 0.2 + RNG.normal(0, 0.25, 800)
    cuts = fit_cuts(expectation, truth, 5)
    plain = quadratic_kappa(truth, np.clip(np.rint(expectation), 0, 4))
    tuned = quadratic_kappa(truth, np.searchsorted(np.asarray(cuts), expectation, side="right").astype(float))
    assert list(cuts) == sorted(cuts)
    assert tuned > plain


def test_few_rows_leave_the_midpoints() -> None:
    assert fit_cuts(np.array([0.1, 3.9]), np.array([0.0, 4.0]), 5) == (0.5, 1.5, 2.5, 3.5)


def test_the_threshold_separates_what_can_be_separated() -> None:
    probability = np.array([0.1, 0.2, 0.3, 0.7, 0.8])
    assert 0.3 < fit_threshold(probability, np.array([0.0, 0.0, 0.0, 1.0, 1.0])) < 0.7
    assert fit_threshold(probability, np.ones(5)) == 0.5


def test_the_file_form_comes_back_and_other_fields_are_refused() -> None:
    calibration = Calibration(task="knee-oa", cuts=(0.4, 1.5, 2.5, 3.5), interval_quantile=1.2)
    assert Calibration.from_json({**calibration.to_json(), "cuts": list(calibration.cuts)}) == calibration
    with pytest.raises(RefusedError):
        Calibration.from_json({"task": "knee-oa", "surprise": 1})
