"""Fine-tuning: a label table and an encoder in, a model package out, within a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.artefact import folder_hash, sha256_file
from osteon.domain import Manifest, Task, UsageError
from osteon.models.abstention import fit_familiarity
from osteon.models.calibration import Calibration, expectation_and_spread, fit_calibration
from osteon.models.encoders import DEFAULT_IMAGE_ENCODER, DEFAULT_INPUT_SIZE, load_matching_weights
from osteon.models.package import ENCODER_PREFIX, Package, encoder_name, read_tensors, save_package
from osteon.models.preprocess import PREPROCESS_NAME, Preprocess, normalise
from osteon.models.task_model import TaskModel, TaskModelConfig, build_task_model, task_values
from training.data import PreparedSet, prepare_rows, silent
from training.fit import FitSettings, Fitted, fit
from training.label_table import (
    LabelRow,
    LabelTable,
    read_label_table,
    require_variety,
    split_validation,
    take_fraction,
)
from training.metrics import task_metrics
from training.model_card import model_card
from training.pace import kept_threads
from training.schedule import Budget
from training.targets import soft_targets

RANDOM = "random"
Progress = Callable[[str, int, int], None]
_LEAST_ROWS = 8
_READING_PART = 0.4  # of the time limit at most: a slow disk must leave time to learn
_FAMILIAR_ROWS = 800
_CLOSING_S = 4.0  # writing, hashing, the interpreter's exit
_TICKS = 1000
_BATCH = 32


@dataclass(frozen=True, kw_only=True)
class FinetuneRecipe:
    """A named way to fine-tune; everything that changes the result.

    Attributes:
        image_encoder: used from random weights; a package given as `init` brings its own.
        validation_part: of the training rows, cut by patient, for calibration alone.
    """

    name: str
    image_encoder: str = DEFAULT_IMAGE_ENCODER
    preprocess: Preprocess = field(default_factory=lambda: Preprocess(size=DEFAULT_INPUT_SIZE))
    sex_dim: int = 0
    hidden_dim: int = 256
    dropout: float = 0.2
    drop_path: float = 0.0
    validation_part: float = 0.1
    fit: FitSettings = field(default_factory=FitSettings)


@dataclass(frozen=True, kw_only=True)
class _Start:
    """The model before its first step, and where its encoder's weights came from."""

    model: TaskModel
    preprocess: Preprocess
    tensors_loaded: int
    parent: str | None


def finetune(
    task: Task | str,
    data: Path,
    init: str | Path,
    output: Path,
    *,
    val: Path | None = None,
    seed: int = 0,
    time_limit_min: float | None = None,
    recipe: FinetuneRecipe | None = None,
    label_fraction: float = 1.0,
    progress: Progress | None = None,
    started: float | None = None,
) -> Manifest:
    """Learns one task from the non-test rows of a label table and writes a model package.

    Args:
        init: `random`, or the folder of a package from pretraining or fine-tuning.
        val: another label table for calibration; without it a part of the patients is kept aside.
        time_limit_min: for everything: reading, learning, calibrating, writing. None trains for the
            recipe's epochs.
        label_fraction: part of the training patients whose labels are used, by `seed`.
        progress: called with what is being done, done and total.
        started: `time.monotonic()` from which the limit counts; now when None.
    Returns:
        The package's manifest; its `figures` say what was read, learned and reached on validation rows.
    Raises:
        UsageError, RefusedError: see `label_table`; nothing is written then.
    """
    from training.recipes import finetune_recipe

    begun = time.monotonic() if started is None else started
    task = Task.parse(task)
    recipe = recipe or finetune_recipe(task)
    if time_limit_min is not None and time_limit_min <= 0:
        raise UsageError("a time limit above 0 minutes", "less", "leave it out to train for all epochs")
    limit_s = None if time_limit_min is None else time_limit_min * 60
    table = read_label_table(Path(data), task)
    training_rows, held_out_rows = _split(table, task, val, recipe, seed, label_fraction)
    start = _start(task, init, recipe, seed)
    report = progress or silent
    learned, held_out = _read(training_rows, held_out_rows, start.preprocess, begun, limit_s, seed, report)
    deadline = None if limit_s is None else begun + limit_s - _closing_s(start.model, learned, held_out)
    fitted = _learn(start, learned, recipe, deadline, seed, report)
    report("calibrating", 0, 1)
    package, figures = _packaged(task, fitted, start, learned, held_out, recipe, init)
    report("calibrating", 1, 1)
    figures["minutes"] = round((time.monotonic() - begun) / 60, 2)
    manifest = Manifest(
        stage="finetune",
        inputs=_inputs(Path(data), val, start),
        settings={
            "task": task.value,
            "recipe": asdict(recipe),
            "label_fraction": label_fraction,
            "time_limit_min": time_limit_min,
            "init": RANDOM if start.parent is None else "package",
        },
        parents=() if start.parent is None else (start.parent,),
        figures=figures,
        seed=seed,
    )
    return save_package(Path(output), package, manifest)


def _split(
    table: LabelTable,
    task: Task,
    val: Path | None,
    recipe: FinetuneRecipe,
    seed: int,
    label_fraction: float,
) -> tuple[list[LabelRow], list[LabelRow]]:
    """Rows to learn from and rows to calibrate on; no patient on both sides, no test row in either."""
    rows = take_fraction(table.training_rows(), label_fraction, seed=seed)
    require_variety(rows, task, least=_LEAST_ROWS)
    if val is None:
        part = max(recipe.validation_part, min(0.25, 30 / len(rows)))
        learned, held_out = split_validation(rows, part=part, seed=seed)
    else:
        other = read_label_table(Path(val), task)
        held_out = other.training_rows() or list(other.rows)
        if other.has_patients == table.has_patients:
            keys = {row.key for row in held_out}
            rows = [row for row in rows if row.key not in keys]
        learned = rows
    require_variety(learned, task, least=_LEAST_ROWS - 2)
    return learned, held_out


def _start(task: Task, init: str | Path, recipe: FinetuneRecipe, seed: int) -> _Start:
    folder = None if str(init) == RANDOM else Path(init)
    if folder is not None and not folder.is_dir():
        raise UsageError(
            "random or the folder of a model package as init", "neither", "check the path of the package"
        )
    config = TaskModelConfig(
        task=task.value,
        image_encoder=recipe.image_encoder if folder is None else encoder_name(folder),
        sex_dim=recipe.sex_dim,
        hidden_dim=recipe.hidden_dim,
        dropout=recipe.dropout,
        drop_path=recipe.drop_path,
        flip_average=recipe.fit.distortion.flip,
    )
    torch.manual_seed(seed)
    model = build_task_model(config)
    preprocess, loaded = recipe.preprocess, 0
    if folder is not None:
        loaded = load_matching_weights(model.image_encoder, read_tensors(folder), prefix=ENCODER_PREFIX)
        if (folder / PREPROCESS_NAME).is_file():
            preprocess = replace(Preprocess.load(folder), size=recipe.preprocess.size)
    return _Start(
        model=model,
        preprocess=preprocess,
        tensors_loaded=loaded,
        parent=None if folder is None else folder_hash(folder),
    )


def _read(
    training_rows: Sequence[LabelRow],
    held_out_rows: Sequence[LabelRow],
    preprocess: Preprocess,
    begun: float,
    limit_s: float | None,
    seed: int,
    report: Progress,
) -> tuple[PreparedSet, PreparedSet]:
    """Both sets, training rows in a seeded order so that a deadline leaves a fair part."""
    total = len(training_rows) + len(held_out_rows)
    rng = np.random.default_rng(seed)
    deadline = None if limit_s is None else begun + _READING_PART * limit_s
    first = None if deadline is None else time.monotonic() + 0.25 * max(0.0, deadline - time.monotonic())
    mixed = [held_out_rows[index] for index in rng.permutation(len(held_out_rows))]
    held_out = prepare_rows(
        mixed, preprocess, deadline=first, progress=lambda done, _: report("reading pictures", done, total)
    )
    shuffled = [training_rows[index] for index in rng.permutation(len(training_rows))]
    learned = prepare_rows(
        shuffled,
        preprocess,
        deadline=deadline,
        progress=lambda done, _: report("reading pictures", len(mixed) + done, total),
    )
    return learned, held_out


def _closing_s(model: TaskModel, learned: PreparedSet, held_out: PreparedSet) -> float:
    """Seconds to keep for calibration and writing, from a timed pass over one batch."""
    sample = learned.levels[:_BATCH]
    _answer(model, sample, learned.sex[:_BATCH])
    before = time.monotonic()
    _answer(model, sample, learned.sex[:_BATCH])
    each = (time.monotonic() - before) / max(1, len(sample))
    return _CLOSING_S + 1.3 * each * (len(held_out) + min(len(learned), _FAMILIAR_ROWS) / 2)


def _learn(
    start: _Start,
    learned: PreparedSet,
    recipe: FinetuneRecipe,
    deadline: float | None,
    seed: int,
    report: Progress,
) -> Fitted:
    settings = recipe.fit
    epochs = settings.epochs if deadline is None else settings.max_epochs
    samples = epochs * len(learned)
    if deadline is not None:
        samples = max(samples, settings.min_samples)
    return fit(
        start.model,
        learned,
        settings,
        Budget(samples=samples, deadline=deadline),
        seed=seed,
        pretrained=start.parent is not None,
        progress=lambda done, loss: report(f"training, loss {loss:.3f}", round(done * _TICKS), _TICKS),
    )


def _packaged(
    task: Task,
    fitted: Fitted,
    start: _Start,
    learned: PreparedSet,
    held_out: PreparedSet,
    recipe: FinetuneRecipe,
    init: str | Path,
) -> tuple[Package, dict[str, Any]]:
    model = fitted.model
    learned_features = _features(model, learned.levels[:_FAMILIAR_ROWS])
    log_BK, held_features = _answer(model, held_out.levels, held_out.sex)
    target_BK = soft_targets(
        torch.from_numpy(held_out.label.astype(np.float32)), model.head.values, recipe.fit.label_sigma
    )
    calibration = fit_calibration(task, log_BK, held_out.label, target_BK.double().numpy())
    metrics = {"rows": len(held_out), **_held_out_metrics(task, calibration, log_BK, held_out)}
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
        "validation": {name: value for name, value in metrics.items() if name != "intervals"},
    }
    package = Package(
        model=model,
        preprocess=start.preprocess,
        calibration=calibration,
        familiarity=fit_familiarity(learned_features, held_features),
        metrics=metrics,
        card=model_card(task, recipe.name, figures, metrics, from_random=str(init) == RANDOM),
    )
    return package, figures


def _held_out_metrics(
    task: Task, calibration: Calibration, log_BK: NDArray[np.float64], held_out: PreparedSet
) -> Mapping[str, Any]:
    if not len(held_out):
        return {}
    probability = calibration.probabilities(log_BK)
    expectation, _ = expectation_and_spread(probability, np.asarray(task_values(task)))
    value = expectation
    if calibration.cuts:
        value = np.asarray([float(calibration.grade(one)) for one in expectation])
    return task_metrics(
        task,
        held_out.label,
        value,
        expectation=expectation,
        threshold=calibration.threshold,
        groups=[row.key for row in held_out.rows],
    )


@torch.inference_mode()
def _answer(
    model: TaskModel, levels: NDArray[np.uint8], sex: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Log probabilities (N, K) and features (N, F) of prepared bytes.

    On one thread: as long on a loaded machine as on an idle one, so that its time can be foreseen.
    """
    model.eval()
    logs, features = [], []
    with kept_threads():
        torch.set_num_threads(1)
        for first in range(0, len(levels), _BATCH):
            image = normalise(torch.from_numpy(levels[first : first + _BATCH])[:, None].float() / 255)
            log_part, feature_part = model.answer(image, torch.from_numpy(sex[first : first + _BATCH]))
            logs.append(log_part.double().numpy())
            features.append(feature_part.numpy())
    if not logs:
        shape = (0, len(model.head.values))
        return np.zeros(shape), np.zeros((0, model.image_encoder.feature_dim), dtype=np.float32)
    return np.concatenate(logs), np.concatenate(features)


@torch.inference_mode()
def _features(model: TaskModel, levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Features (N, F) alone: half the work of `_answer`, which looks at the mirror image too."""
    parts = []
    with kept_threads():
        torch.set_num_threads(1)
        for first in range(0, len(levels), _BATCH):
            image = normalise(torch.from_numpy(levels[first : first + _BATCH])[:, None].float() / 255)
            parts.append(model.image_encoder.encode(image).numpy())
    return np.concatenate(parts)


def _inputs(data: Path, val: Path | None, start: _Start) -> dict[str, str]:
    inputs = {"labels": sha256_file(data)}
    if val is not None:
        inputs["validation_labels"] = sha256_file(Path(val))
    if start.parent is not None:
        inputs["init"] = start.parent
    return inputs
