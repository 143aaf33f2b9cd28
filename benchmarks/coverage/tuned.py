"""The packages that are measured, and the pictures that neither their weights nor calibrations saw."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.accept_01_synthetic import shown
from benchmarks.coverage.drawn import draw_table
from osteon.artefact import atomic_write, sha256_file
from osteon.domain import Manifest, Task, fold
from pipelines.ledger import run_stage
from training.finetune import finetune
from training.finetune_recipe import FinetuneRecipe
from training.label_table import LabelRow, read_label_table
from training.recipes import finetune_recipe
from training.start import RANDOM

TASKS = (Task.FRACTURE, Task.BONE_AGE, Task.KNEE_OA)
REAL = {Task.BONE_AGE: "bone_age/manifest.csv", Task.KNEE_OA: "knee_kl/manifest.csv"}
LEARNING_SITES, SITES = ("nord", "sud"), ("nord", "sud", "ouest")
_LEARNED_FOLDS = (1, 2)  # of a real table; 0 is what no training takes
_LEARNING_SEED, _POOL_SEED = 31, 32


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many pictures of each site are drawn, and how often a model sees its own."""

    learned: Mapping[Task, int]
    pool: Mapping[Task, int]
    epochs: Mapping[str, int]


FULL = Size(
    learned={Task.FRACTURE: 400, Task.BONE_AGE: 360, Task.KNEE_OA: 300},
    pool={Task.FRACTURE: 260, Task.BONE_AGE: 260, Task.KNEE_OA: 400},
    epochs={
        "synthetic fracture": 12,
        "synthetic bone-age": 14,
        "synthetic knee-oa": 12,
        "real bone-age": 5,
        "real knee-oa": 30,
    },
)
SHORT = Size(
    learned=dict.fromkeys(TASKS, 12),
    pool=dict.fromkeys(TASKS, 20),
    epochs=dict.fromkeys(FULL.epochs, 1),
)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One package and the rows to measure it on, none of which it learned or was calibrated from."""

    name: str
    task: Task
    package: Path
    rows: tuple[LabelRow, ...]


def synthetic(task: Task, size: Size, work: Path, *, package: Path | None) -> Subject:
    """A model of two hospitals, and fresh patients of all three.

    Args:
        package: taken instead of one learned here; it must not have seen the drawing's seed.
    """
    name = f"synthetic {task.value}"
    with shown(f"{name}: pictures to measure on") as progress:
        pool = draw_table(
            work / "drawn" / f"{task.value}-pool",
            task,
            per_site=dict.fromkeys(SITES, size.pool[task]),
            seed=_POOL_SEED,
            learned=False,
            progress=progress,
        )
    if package is None:
        with shown(f"{name}: pictures to learn from") as progress:
            table = draw_table(
                work / "drawn" / f"{task.value}-learned",
                task,
                per_site=dict.fromkeys(LEARNING_SITES, size.learned[task]),
                seed=_LEARNING_SEED,
                learned=True,
                progress=progress,
            )
        package = _learned(name, task, table, size, work)
    return Subject(name=name, task=task, package=package, rows=read_label_table(pool, task).rows)


def real(task: Task, size: Size, data: Path, work: Path) -> Subject:
    """A model of two fifths of a real table's patients, and the others."""
    name = f"real {task.value}"
    source = data / REAL[task]
    with source.open(encoding="utf-8", newline="") as stream:
        records = list(csv.DictReader(stream))
    table = work / f"real-{task.value}.csv"
    kept = [
        record | {"file": os.path.relpath(source.parent / record["file"], work)}
        for record in records
        if fold(record.get("patient") or record["file"]) in _LEARNED_FOLDS
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(kept)
    atomic_write(table, text.getvalue())
    package = _learned(name, task, table, size, work)
    rows = read_label_table(source, task).rows
    return Subject(
        name=name,
        task=task,
        package=package,
        rows=tuple(row for row in rows if fold(row.key) not in _LEARNED_FOLDS),
    )


def _learned(name: str, task: Task, table: Path, size: Size, work: Path) -> Path:
    recipe = _recipe(task, size.epochs[name])
    settings: dict[str, Any] = {"task": task.value, "recipe": asdict(recipe), "seed": 0}
    output = work / "models" / name.replace(" ", "-")

    def learn(folder: Path) -> Manifest:
        return finetune(task, table, RANDOM, folder, seed=0, recipe=recipe)

    with shown(f"{name}: learning"):
        inputs = {"table": sha256_file(table)}
        run_stage("finetune", str(output), inputs=inputs, settings=settings, work=learn)
    return output


def _recipe(task: Task, epochs: int) -> FinetuneRecipe:
    """The task's own, over a few epochs and at 112 pixels: minutes of one core."""
    recipe = finetune_recipe(task)
    return replace(
        recipe,
        name=f"{recipe.name}_few",
        preprocess=replace(recipe.preprocess, size=112),
        fit=replace(recipe.fit, epochs=epochs, start_size=0),
    )
