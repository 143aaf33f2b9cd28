"""Figures of merit against published or independent numbers."""

from __future__ import annotations

import numpy as np
import pytest

from osteon.domain import Task
from training.metrics import auroc, average_precision, task_metrics

RNG = np.random.default_rng(0)


def test_auroc_and_average_precision_agree_with_scikit_learn_also_with_ties() -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    truth = RNG.integers(0, 2, 200).astype(float)
    score = np.round(truth * 0.3 + RNG.random(200), 1)
    assert auroc(truth, score) == pytest.approx(roc_auc_score(truth, score))
    assert average_precision(truth, score) == pytest.approx(average_precision_score(truth, score))


def test_one_class_has_no_auroc_and_says_so() -> None:
    metrics = task_metrics(Task.FRACTURE, np.ones(10), RNG.random(10))
    assert metrics["auroc"] is None
    assert metrics["intervals"]["auroc"]["low"] is None


def test_bone_age_figures() -> None:
    metrics = task_metrics(Task.BONE_AGE, np.array([100.0, 120.0]), np.array([110.0, 100.0]))
    assert metrics["mae_months"] == 15.0
    assert metrics["within_12_months"] == 0.5


def test_the_interval_holds_the_figure_and_shrinks_with_rows() -> None:
    def width(count: int) -> float:
        truth = RNG.uniform(0, 200, count)
        metrics = task_metrics(Task.BONE_AGE, truth, truth + RNG.normal(0, 10, count))
        bounds = metrics["intervals"]["mae_months"]
        assert bounds["low"] < metrics["mae_months"] < bounds["high"]
        return float(bounds["high"] - bounds["low"])

    assert width(2000) < width(100)


def test_pictures_of_one_patient_do_not_count_as_independent() -> None:
    truth = np.repeat(RNG.uniform(0, 200, 40), 10)
    value = truth + np.repeat(RNG.normal(0, 10, 40), 10)
    alone = task_metrics(Task.BONE_AGE, truth, value)["intervals"]["mae_months"]
    patients = [str(index // 10) for index in range(400)]
    grouped = task_metrics(Task.BONE_AGE, truth, value, groups=patients)["intervals"]["mae_months"]
    assert grouped["high"] - grouped["low"] > 1.5 * (alone["high"] - alone["low"])
