"""Fine-tuning: a label table and an encoder in, a model package out, within a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from osteon.artefact import atomic_write, sha256_file
from osteon.domain import Manifest, Task, UsageError
from osteon.models.calibration_fit import require_method
from osteon.models.package import save_package
from osteon.models.preprocess import Preprocess
from osteon.models.task_config import Level
from osteon.models.task_model import TaskModel
from training.data import PreparedSet, prepare_rows, silent
from training.finetune_recipe import FinetuneRecipe, How
from training.fit import Fitted, fit
from training.label_table import (
    LabelRow,
    LabelTable,
    read_label_table,
    require_variety,
    split_validation,
    take_fraction,
)
from training.linear import fit_linear
from training.lora import add_low_rank, merge_low_rank
from training.packaging import BATCH, FAMILIAR_ROWS, answer_levels, packaged
from training.schedule import Budget
from training.start import RANDOM, Start, start_model
from training.studies import Studies, require_whole_studies, studies_of

Progress = Callable[[str, int, int], None]
_LEAST_ROWS = 8
_READING_PART = 0.4  # of the time limit at most: a slow disk must leave time to learn
_CLOSING_S = 4.0  # writing, hashing, the interpreter's exit
_TICKS = 1000


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
    how: How | None = None,
    level: Level | None = None,
    answer_views: int | None = None,
    patients: Path | None = None,
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
        how, level, answer_views: instead of the recipe's; see `FinetuneRecipe`.
        patients: file to write; one key a line of the patients that were really learned from or calibrated
            on. It lies beside the package, never in it.
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
    recipe = replace(
        recipe,
        how=how or recipe.how,
        level=level or recipe.level,
        answer_views=answer_views or recipe.answer_views,
    )
    require_method(task, recipe.calibration)
    if time_limit_min is not None and time_limit_min <= 0:
        raise UsageError("a time limit above 0 minutes", "less", "leave it out to train for all epochs")
    limit_s = None if time_limit_min is None else time_limit_min * 60
    table = read_label_table(Path(data), task)
    require_whole_studies(table.rows, recipe.level)
    training_rows, held_out_rows = _split(table, task, val, recipe, seed, label_fraction)
    start = start_model(task, init, recipe, seed)
    report = progress or silent
    learned, held_out = _read(training_rows, held_out_rows, start.preprocess, begun, limit_s, seed, report)
    deadline = None if limit_s is None else begun + limit_s - _closing_s(start.model, learned, held_out)
    studies = studies_of(learned.rows, task, recipe.level)
    fitted = _learn(start, learned, studies, recipe, deadline, seed, report)
    report("calibrating", 0, 1)
    package, figures = packaged(task, fitted, start, learned, held_out, recipe, init)
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
    if patients is not None:
        keys = {row.key for row in (*learned.rows, *held_out.rows)}
        atomic_write(patients, "".join(f"{key}\n" for key in sorted(keys)))
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
    sample = learned.levels[:BATCH]
    answer_levels(model, sample, learned.sex[:BATCH])
    before = time.monotonic()
    answer_levels(model, sample, learned.sex[:BATCH])
    each = (time.monotonic() - before) / max(1, len(sample))
    return _CLOSING_S + 1.3 * each * (len(held_out) + min(len(learned), FAMILIAR_ROWS) / 2)


def _learn(
    start: Start,
    learned: PreparedSet,
    studies: Studies,
    recipe: FinetuneRecipe,
    deadline: float | None,
    seed: int,
    report: Progress,
) -> Fitted:
    settings = recipe.fit
    if recipe.how == "linear":
        report("training", 0, _TICKS)
        return fit_linear(start.model, learned, studies, settings)
    if recipe.how == "lora":
        add_low_rank(start.model.image_encoder, recipe.low_rank)
        settings = replace(settings, encoder_rate=1.0)
    epochs = settings.epochs if deadline is None else settings.max_epochs
    samples = epochs * len(learned)
    if deadline is not None:
        samples = max(samples, settings.min_samples)
    fitted = fit(
        start.model,
        learned,
        settings,
        Budget(samples=samples, deadline=deadline),
        studies=studies if recipe.level == "study" else None,
        seed=seed,
        pretrained=start.parent is not None,
        progress=lambda done, loss: report(f"training, loss {loss:.3f}", round(done * _TICKS), _TICKS),
    )
    if recipe.how == "lora":
        merge_low_rank(fitted.model.image_encoder)
    return fitted


def _inputs(data: Path, val: Path | None, start: Start) -> dict[str, str]:
    inputs = {"labels": sha256_file(data)}
    if val is not None:
        inputs["validation_labels"] = sha256_file(Path(val))
    if start.parent is not None:
        inputs["init"] = start.parent
    return inputs
