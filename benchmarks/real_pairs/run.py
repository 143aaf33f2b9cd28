"""One pretraining, one fine-tuning: each a file in the work folder, so that a stopped run goes on.

Folds of the key (SHA-256 modulo 5): 0 is measured on, 1 is in nothing, 2 to 4 are learned from.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.real_pairs.plan import TABLES, TOLD, Arm, Plan
from benchmarks.real_pairs.supervised import pretrain_supervised
from osteon.artefact import MANIFEST_NAME, atomic_write
from osteon.domain import Task, fold
from osteon.models.calibration import expectation_and_spread
from osteon.models.calibration_fit import fit_calibration
from osteon.models.preprocess import Preprocess
from osteon.models.task_config import task_values
from training.data import PreparedSet, prepare_rows
from training.datasets import PublicSet, label_captions, read_set, write_caption_pairs
from training.finetune_recipe import FinetuneRecipe
from training.fit import fit
from training.image_only.run import pretrain_images
from training.label_table import LabelRow, read_label_table, split_validation, take_fraction
from training.metrics import task_metrics
from training.packaging import answer_levels
from training.pretrain import pretrain
from training.recipes import finetune_recipe
from training.schedule import Budget
from training.start import RANDOM, start_model
from training.targets import soft_targets

TEST_FOLD, UNUSED_FOLD = 0, 1
_PAIRS_SIZE = 128


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the sets are, and where everything that is made goes."""

    data: Path
    work: Path

    def encoder(self, task: Task, arm: Arm) -> Path:
        """Package that a fine-tuning of this arm starts from."""
        return self.work / "encoders" / ("images" if arm == "images" else f"{task.value}-{arm}")

    def result(self, task: Task, part: float, arm: Arm, seed: int) -> Path:
        """File of one fine-tuning."""
        return self.work / "runs" / f"{task.value}-{part:g}-{arm}-{seed}.json"


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """The rows of one task that are learned from and those that are measured on, with prepared pictures."""

    learned: PreparedSet
    test: PreparedSet

    def learned_part(self, rows: list[LabelRow]) -> PreparedSet:
        """The learned set cut to these rows."""
        wanted = {row.number for row in rows}
        places = [place for place, row in enumerate(self.learned.rows) if row.number in wanted]
        return replace(
            self.learned,
            levels=self.learned.levels[places],
            label=self.learned.label[places],
            sex=self.learned.sex[places],
            rows=tuple(self.learned.rows[place] for place in places),
        )


def labelled(place: Place, task: Task, plan: Plan) -> Labelled:
    """The pictures of one task as bytes, in memory."""
    table = read_label_table(place.data / TABLES[task] / "manifest.csv", task)
    preprocess = Preprocess(size=plan.size[task])
    learned = [row for row in table.rows if fold(row.key) not in (TEST_FOLD, UNUSED_FOLD)]
    test = [row for row in table.rows if fold(row.key) == TEST_FOLD]
    return Labelled(
        learned=prepare_rows(learned, preprocess, workers=1), test=prepare_rows(test, preprocess, workers=1)
    )


def captions_of(place: Place, task: Task) -> PublicSet:
    """Both sets' pictures with captions that say nothing of the task's own label."""
    sets = [read_set(place.data / folder, name="table") for folder in TABLES.values()]
    return label_captions(sets, tell=TOLD[task])


def encoder_package(place: Place, plan: Plan, task: Task, arm: Arm) -> Path:
    """The package that an arm starts from, made when it is not there.

    SimCLR once for both tasks, whose pairs have the same pictures; captions and supervision go on from it.
    """
    output = place.encoder(task, arm)
    if (output / MANIFEST_NAME).is_file():
        return output
    pairs = place.work / "pairs" / task.value
    captioned = captions_of(place, task)
    if not (pairs / MANIFEST_NAME).is_file():
        write_caption_pairs(captioned, pairs, size=_PAIRS_SIZE, workers=1)
    images = output if arm == "images" else encoder_package(place, plan, task, "images")
    before = time.process_time()
    if arm == "images":
        pretrain_images(plan.image_recipe(), pairs, output)
    elif arm == "captions":
        pretrain(plan.caption_recipe(), pairs, output, image_init=images)
    else:
        recipe = plan.caption_recipe()
        pretrain_supervised(recipe, pairs, captioned.rows, TOLD[task], output, image_init=images, seed=0)
    atomic_write(output.with_suffix(".seconds"), f"{time.process_time() - before:.1f}\n")
    return output


def finetune_one(
    place: Place, plan: Plan, data: Labelled, task: Task, part: float, arm: Arm, seed: int
) -> None:
    """Learns the task on a part of the labels, as `osteon finetune` does, and writes its answers on fold 0.

    The rows that set the cuts between grades are of the part too: no other label is used.
    """
    rows = take_fraction(data.learned.rows, part, seed=seed)
    learn_rows, held_rows = split_validation(rows, part=max(0.1, min(0.25, 30 / len(rows))), seed=seed)
    learned, held_out = data.learned_part(learn_rows), data.learned_part(held_rows)
    recipe = _recipe(plan, task)
    init = RANDOM if arm == "random" else encoder_package(place, plan, task, arm)
    start = start_model(task, init, recipe, seed)
    before = time.process_time()
    samples = plan.samples[part]
    fitted = fit(
        start.model, learned, recipe.fit, Budget(samples=samples), seed=seed, pretrained=arm != "random"
    )
    seconds = time.process_time() - before
    values = np.asarray(task_values(task))
    log_BK, _ = answer_levels(fitted.model, held_out.levels, held_out.sex)
    label_B = torch.from_numpy(held_out.label.astype(np.float32))
    target_BK = soft_targets(label_B, fitted.model.head.values, recipe.fit.label_sigma).double().numpy()
    calibration = fit_calibration(task, log_BK, held_out.label, target_BK)
    log_BK, _ = answer_levels(fitted.model, data.test.levels, data.test.sex)
    expectation, _ = expectation_and_spread(calibration.probabilities(log_BK), values)
    answer = expectation
    if calibration.cuts:
        answer = np.asarray([float(calibration.grade(one)) for one in expectation])
    metrics = task_metrics(
        task, data.test.label, answer, expectation=expectation, groups=[row.key for row in data.test.rows]
    )
    record = {
        "task": task.value, "part": part, "arm": arm, "seed": seed, "samples": fitted.samples,
        "rows": len(learned), "rows_calibrated": len(held_out), "seconds": round(seconds, 1),
        "metrics": metrics, "answer": answer.tolist(), "expectation": expectation.tolist(),
    }  # fmt: skip
    atomic_write(place.result(task, part, arm, seed), json.dumps(record))


def _recipe(plan: Plan, task: Task) -> FinetuneRecipe:
    recipe = finetune_recipe(task)
    size = plan.size[task]
    return replace(
        recipe,
        image_encoder=plan.encoder,
        preprocess=replace(recipe.preprocess, size=size),
        fit=replace(
            recipe.fit,
            batch_size=plan.batch,
            start_size=0,
            learning_rate=plan.learning_rate,
        ),
    )


def pretrain_seconds(place: Place) -> Mapping[str, float]:
    """Processor seconds of each pretraining that was timed."""
    files = sorted((place.work / "encoders").glob("*.seconds"))
    return {path.stem: float(path.read_text(encoding="utf-8")) for path in files}


def settings(plan: Plan) -> dict[str, Any]:
    """The plan as JSON takes it."""
    fields = asdict(plan)
    fields["tasks"] = [task.value for task in plan.tasks]
    fields["size"] = {task.value: size for task, size in plan.size.items()}
    return fields
