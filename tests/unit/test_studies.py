"""Studies of several views: grouped, pooled, learned and measured as one; classes drawn alike stay honest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from osteon.domain import Kind, RefusedError, Task, UsageError
from osteon.models import Preprocess, load_package
from osteon.models.calibration import softmax
from osteon.models.pooling import pool_studies, pool_views
from tests.labelled_pictures import abnormal_studies
from training.batches import PictureBatches, StudyBatches, balanced_weights
from training.data import PreparedSet
from training.evaluate import evaluate
from training.finetune import finetune
from training.finetune_recipe import FinetuneRecipe
from training.fit import FitSettings, fit
from training.label_table import LabelRow
from training.schedule import Budget
from training.studies import studies_of
from training.targets import pool_logits

RNG = np.random.default_rng(5)
SMALL = FinetuneRecipe(
    name="small",
    image_encoder="resnet10t-tiny",
    preprocess=Preprocess(size=32),
    hidden_dim=16,
    level="study",
    fit=FitSettings(epochs=4, batch_size=16),
)


def rows_of(studies: list[tuple[str, float]]) -> tuple[LabelRow, ...]:
    return tuple(
        LabelRow(number=i, path=Path("x.png"), key=name, label=label, sex="", study=name)
        for i, (name, label) in enumerate(studies, start=1)
    )


def noise(rows: tuple[LabelRow, ...]) -> PreparedSet:
    count = len(rows)
    return PreparedSet(
        levels=RNG.integers(0, 255, (count, 16, 16)).astype(np.uint8),
        label=np.asarray([row.label for row in rows]),
        sex=np.zeros(count, dtype=np.int64),
        rows=rows,
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_one_view_is_its_study_and_equal_views_change_nothing(kind: Kind) -> None:
    log = np.log(softmax(RNG.normal(size=(1, 2 if kind is Kind.BINARY else 5))))
    assert np.allclose(pool_views(log, kind), log[0])
    assert np.allclose(pool_views(np.repeat(log, 3, axis=0), kind), log[0])


def test_one_view_that_shows_it_outweighs_several_that_do_not() -> None:
    log = np.log(np.asarray([[0.03, 0.97], [0.9, 0.1], [0.9, 0.1]]))
    assert np.exp(pool_views(log, Kind.BINARY))[1] > 0.9  # the mean of the probabilities is 0.39


@pytest.mark.parametrize("kind", list(Kind))
def test_training_and_serving_pool_alike(kind: Kind) -> None:
    logits = RNG.normal(size=(7, 2 if kind is Kind.BINARY else 5)) * 4
    study = np.asarray([0, 1, 1, 0, 2, 2, 2])
    served = pool_studies(np.log(softmax(logits)), study, kind)
    learned = pool_logits(torch.from_numpy(logits), torch.from_numpy(study), kind)
    assert np.allclose(learned.numpy(), served, atol=1e-5)


def test_pooled_logits_have_the_gradient_of_finite_differences() -> None:
    logits = torch.randn(4, 2, requires_grad=True)
    study = torch.tensor([0, 0, 1, 0])
    pool_logits(logits, study, Kind.BINARY)[:, 1].sum().backward()
    assert logits.grad is not None
    step = torch.zeros(4, 2)
    step[1, 1] = 1e-2
    with torch.no_grad():
        up, down = (pool_logits(logits + s * step, study, Kind.BINARY)[:, 1].sum() for s in (1, -1))
    assert float(logits.grad[1, 1]) == pytest.approx(float(up - down) / 2e-2, abs=2e-3)


def test_a_study_is_positive_when_a_view_is_and_grades_may_not_differ() -> None:
    rows = rows_of([("a", 0.0), ("b", 0.0), ("a", 1.0)])
    studies = studies_of(rows, Task.FRACTURE, "study")
    assert studies.index.tolist() == [0, 1, 0]
    assert studies.label.tolist() == [1.0, 0.0]
    assert len(studies_of(rows, Task.FRACTURE, "picture")) == 3
    with pytest.raises(RefusedError, match="row 3"):
        studies_of(rows, Task.KNEE_OA, "study")


def test_batches_hold_whole_studies_with_four_views_at_most() -> None:
    rows = rows_of([(f"s{i}", float(i % 2)) for i in range(20) for _ in range(1 + i % 6)])
    data = noise(rows)
    studies = studies_of(rows, Task.FRACTURE, "study")
    batches = StudyBatches(data, studies, 16, torch.Generator().manual_seed(0))
    for _ in range(20):
        batch = batches.take()
        assert batch.study is not None
        views = torch.bincount(batch.study)
        assert len(views) == len(batch.label)
        assert views.max() <= 4
        assert len(batch.levels) == len(batch.sex) == len(batch.study)


def test_balanced_batches_draw_classes_alike_and_a_measure_has_none() -> None:
    labels = torch.tensor([0.0] * 95 + [1.0] * 5)
    data = noise(rows_of([(str(i), float(v)) for i, v in enumerate(labels)]))
    batches = PictureBatches(
        data, 50, torch.Generator().manual_seed(0), balanced_weights(labels, Task.FRACTURE)
    )
    drawn = torch.cat([batches.take().label for _ in range(40)])
    assert 0.45 < float(drawn.mean()) < 0.55
    with pytest.raises(UsageError):
        balanced_weights(labels, Task.BONE_AGE)


def test_probabilities_after_balanced_draws_are_those_of_the_table() -> None:
    from osteon.models import TaskModelConfig, build_task_model
    from osteon.models.preprocess import normalise

    data = noise(rows_of([(str(i), float(i < 10)) for i in range(100)]))  # nothing to see: one in ten
    torch.manual_seed(0)
    model = build_task_model(
        TaskModelConfig(task="fracture", image_encoder="resnet10t-tiny", hidden_dim=0, dropout=0.0)
    )
    model.image_encoder.requires_grad_(False)
    settings = FitSettings(balance="sampling", learning_rate=0.02, weight_decay=0.5, batch_size=50)
    fitted = fit(model, data, settings, Budget(samples=8000), seed=0)
    with torch.no_grad():
        image = normalise(torch.from_numpy(data.levels)[:, None].float() / 255)
        log_BK, _ = fitted.model.answer(image, torch.zeros(100, dtype=torch.long))
    assert float(log_BK.exp()[:, 1].mean()) == pytest.approx(0.1, abs=0.04)


@pytest.mark.parametrize("how", ["full", "linear", "lora"])
def test_each_way_of_tuning_learns_studies_and_counts_them(tmp_path: Path, how: str) -> None:
    table = abnormal_studies(tmp_path)
    recipe = replace(SMALL, fit=replace(SMALL.fit, epochs=2))
    manifest = finetune("abnormality", table, "random", tmp_path / "m", recipe=recipe, how=how)
    assert manifest.settings["recipe"]["how"] == how
    assert manifest.figures["rows_validation"] == 3 * manifest.figures["validation"]["rows"]
    loaded = load_package(tmp_path / "m")
    assert loaded.package.model.config.level == "study"
    assert loaded.package.calibration.rows == manifest.figures["validation"]["rows"]
    result = evaluate(tmp_path / "m", table, rows="all")
    assert result["n"] == 40
    assert set(result["class_coverage"]) == {"0", "1"}


def test_another_way_of_tuning_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="linear"):
        finetune("abnormality", abnormal_studies(tmp_path, 4), "random", tmp_path / "m", how="magic")
