"""The linear probe: exact, quick, and honest about what it did not see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from osteon.domain import Task
from osteon.models import TaskModel, TaskModelConfig, build_task_model
from osteon.models.calibration import softmax
from training.data import PreparedSet
from training.fit import FitSettings
from training.label_table import LabelRow
from training.linear import _logistic, _ridge, _solve, fit_linear
from training.studies import studies_of

RNG = np.random.default_rng(0)


def prepared(labels: list[float], task: Task) -> tuple[PreparedSet, TaskModel]:
    """Noise pictures whose brightness goes by the label, and an untrained model with a linear head."""
    rows = tuple(
        LabelRow(number=i, path=Path("x.png"), key=f"p{i // 2}", label=label, sex="MF"[i % 2])
        for i, label in enumerate(labels)
    )
    top = max(labels)
    levels = np.stack([RNG.integers(0, 60 + int(180 * label / top), (32, 32)) for label in labels])
    torch.manual_seed(0)
    config = TaskModelConfig(
        task=task.value, image_encoder="resnet10t-tiny", hidden_dim=0, sex_dim=1, flip_average=False
    )
    data = PreparedSet(
        levels=levels.astype(np.uint8),
        label=np.asarray(labels, dtype=np.float64),
        sex=np.asarray([1 + i % 2 for i in range(len(labels))]),
        rows=rows,
    )
    return data, build_task_model(config)


@pytest.mark.parametrize(
    ("task", "labels"), [(Task.FRACTURE, [0.0, 1.0]), (Task.BONE_AGE, [30.0, 90.0, 160.0])]
)
def test_the_encoder_stays_and_the_head_tells_the_answers_apart(task: Task, labels: list[float]) -> None:
    data, model = prepared(labels * 20, task)
    before = {name: value.clone() for name, value in model.image_encoder.state_dict().items()}
    fitted = fit_linear(model, data, studies_of(data.rows, task, "picture"), FitSettings(label_sigma=0.0))
    for name, value in fitted.model.image_encoder.state_dict().items():
        assert torch.equal(value, before[name])
    image = (torch.from_numpy(data.levels)[:, None].float() / 255 - 0.5) / 0.25
    with torch.no_grad():
        log_BK, _ = fitted.model.answer(image, torch.from_numpy(data.sex))
    belief = log_BK.double().exp().numpy() @ np.asarray(task.values)
    assert np.corrcoef(belief, data.label)[0, 1] > 0.95


def test_the_solution_is_the_minimum_of_the_penalised_loss() -> None:
    feature = RNG.normal(size=(80, 4))
    target = softmax(RNG.normal(size=(80, 3)) * 2)
    share = RNG.uniform(0.5, 1.0, 80)
    weight, bias = _solve(feature, target, share, 0.5)
    gradient = softmax(feature @ weight.T + bias) - target
    assert np.abs((share[:, None] * gradient).sum(axis=0)).max() < 1e-3
    slope = (share[:, None] * gradient).T @ feature + weight / 0.5
    assert np.abs(slope).max() < 1e-3


def test_a_grade_that_no_row_has_is_all_but_excluded() -> None:
    feature, target = RNG.normal(size=(40, 3)), np.eye(5)[RNG.integers(0, 3, 40)]
    weight, bias = _solve(feature, target, np.ones(40), 1.0)
    assert softmax(feature @ weight.T + bias)[:, 3:].max() < 1e-3


def test_one_patient_of_a_class_is_enough_to_fit() -> None:
    label = np.asarray([0.0] * 30 + [1.0] * 2)
    rows = [
        LabelRow(number=i, path=Path("x"), key=f"p{i // 2}", label=float(v), sex="")
        for i, v in enumerate(label)
    ]
    feature = RNG.normal(size=(32, 3)) + 3 * label[:, None]
    studies = studies_of(rows, Task.FRACTURE, "picture")
    weight, bias = _logistic(feature, np.eye(2)[label.astype(int)], np.ones(32), label, studies)
    positive = softmax(feature @ weight.T + bias)[:, 1]
    assert positive[-2:].min() > np.median(positive[:-2])


def test_the_belief_about_a_measure_is_normal_around_the_ridge_estimate() -> None:
    values = np.arange(0.0, 241.0, 3.0)
    feature = RNG.normal(size=(300, 5))
    truth = 120 + feature @ np.asarray([20.0, -10, 5, 0, 0]) + RNG.normal(0, 12, 300)
    weight, bias = _ridge(feature, truth, np.ones(300), values)
    belief = softmax(feature @ weight.T + bias)
    mean = belief @ values
    spread = np.sqrt(belief @ values**2 - mean**2)
    assert np.median(spread) == pytest.approx(12, rel=0.1)
    assert np.corrcoef(mean, truth)[0, 1] > 0.85
