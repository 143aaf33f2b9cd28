"""From learned weights to a package: calibration on rows that were kept aside, familiarity, figures, card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.domain import Task
from osteon.models.calibration import Calibration, expectation_and_spread
from osteon.models.calibration_fit import fit_calibration
from osteon.models.engine import TorchEngine, infer_squares
from osteon.models.familiarity import fit_familiarity
from osteon.models.looks import Looks, fit_looks
from osteon.models.package import Package
from osteon.models.pooling import pool_studies
from osteon.models.preprocess import Preprocess, normalise
from osteon.models.recogniser import recognisable, recognise
from osteon.models.task_model import TaskModel, task_values
from training.data import PreparedSet
from training.finetune_recipe import FinetuneRecipe
from training.fit import Fitted
from training.metrics import task_metrics
from training.model_card import model_card
from training.pace import kept_threads
from training.start import RANDOM, Start
from training.studies import Studies, studies_of
from training.targets import soft_targets

FAMILIAR_ROWS = 800
_LOOKED_AT = 600  # pictures that set the recogniser's limits: a second or two
BATCH = 32


def packaged(
    task: Task,
    fitted: Fitted,
    start: Start,
    learned: PreparedSet,
    held_out: PreparedSet,
    recipe: FinetuneRecipe,
    init: str | Path,
) -> tuple[Package, dict[str, Any]]:
    """The calibrated package of a model that has learned, and the run's figures."""
    model = fitted.model
    learned_features = features_of(model, learned.levels[:FAMILIAR_ROWS])
    log_BK, held_features = answer_levels(model, held_out.levels, held_out.sex)
    studies = studies_of(held_out.rows, task, recipe.level)
    if recipe.level == "study":
        log_BK = pool_studies(log_BK, studies.index, task.kind)
    target_BK = soft_targets(
        torch.from_numpy(studies.label.astype(np.float32)), model.head.values, recipe.fit.label_sigma
    )
    calibration = fit_calibration(
        task,
        log_BK,
        studies.label,
        target_BK.double().numpy(),
        method=recipe.calibration,
        sites=studies.sites,
    )
    metrics = {"rows": len(studies), **_held_out_metrics(task, calibration, log_BK, studies)}
    figures: dict[str, Any] = {
        "rows_learned": len(learned),
        "rows_validation": len(held_out),
        "rows_unreadable": learned.unreadable + held_out.unreadable,
        "rows_left_out_for_time": learned.unread + held_out.unread,
        "steps": fitted.steps,
        "samples": fitted.samples,
        "encoder_tensors_loaded": start.tensors_loaded,
        "encoder_tensors": len(model.image_encoder.state_dict()),
        "loss_curve": [round(value, 5) for value in fitted.loss_curve],
        "calibration_shortfalls": calibration.shortfalls(),
        "validation": {name: value for name, value in metrics.items() if name != "intervals"},
    }
    package = Package(
        model=model,
        preprocess=start.preprocess,
        calibration=calibration,
        familiarity=fit_familiarity(
            learned_features, held_features, looks=looks_of(start.preprocess, learned, held_out)
        ),
        metrics=metrics,
        card=model_card(task, recipe.name, figures, metrics, from_random=str(init) == RANDOM),
    )
    return package, figures


def _held_out_metrics(
    task: Task, calibration: Calibration, log_BK: NDArray[np.float64], studies: Studies
) -> Mapping[str, Any]:
    if not len(studies):
        return {}
    probability = calibration.probabilities(log_BK)
    expectation, _ = expectation_and_spread(probability, np.asarray(task_values(task)))
    value = expectation
    if calibration.cuts:
        value = np.asarray([float(calibration.grade(one)) for one in expectation])
    return task_metrics(
        task,
        studies.label,
        value,
        expectation=expectation,
        threshold=calibration.threshold,
        groups=studies.keys,
    )


def answer_levels(
    model: TaskModel, levels: NDArray[np.uint8], sex: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Log probabilities (N, K) and features (N, F) of prepared bytes, computed as serving does.

    On one thread: as long on a loaded machine as on an idle one, so that its time can be foreseen.
    """
    if not len(levels):
        shape = (0, len(model.head.values))
        return np.zeros(shape), np.zeros((0, model.image_encoder.feature_dim), dtype=np.float32)
    with kept_threads():
        torch.set_num_threads(1)
        return infer_squares(
            TorchEngine(model),
            levels.astype(np.float32) / np.float32(255),
            sex,
            answer_views=model.config.answer_views,
            batch_size=BATCH,
        )


@torch.inference_mode()
def features_of(model: TaskModel, levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Features (N, F) alone: half the work of `_answer`, which looks at the mirror image too."""
    parts = []
    with kept_threads():
        torch.set_num_threads(1)
        for first in range(0, len(levels), BATCH):
            image = normalise(torch.from_numpy(levels[first : first + BATCH])[:, None].float() / 255)
            parts.append(model.image_encoder.encode(image).numpy())
    return np.concatenate(parts)


def looks_of(preprocess: Preprocess, learned: PreparedSet, held_out: PreparedSet) -> Looks | None:
    """What the shipped recogniser sees in some of the rows; None where it cannot be asked.

    Rows are taken as they were prepared. Local contrast leaves nothing that the recogniser knows: such
    packages go without it.
    """
    if preprocess.contrast != "percentile":
        return None
    part = _LOOKED_AT - min(len(held_out), _LOOKED_AT // 2)
    levels = np.concatenate([learned.levels[:part], held_out.levels[: _LOOKED_AT // 2]])
    squares = [recognisable(one.astype(np.float32) / np.float32(255)) for one in levels]
    return fit_looks(recognise(np.stack(squares)))
