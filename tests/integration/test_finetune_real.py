"""The short real form of the acceptance run: hands are learned from random weights in seconds."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from osteon.domain import Task, is_test_row
from osteon.models import Predictor, Preprocess
from tests.labelled_pictures import write_table
from training.evaluate import evaluate
from training.finetune import finetune
from training.recipes import bone_age

ROWS = 1000


def table_slice(shared_data: Path, folder: Path) -> Path:
    """The first rows of the real table, with paths that lead to the real pictures."""
    with (shared_data / "bone_age" / "manifest.csv").open(encoding="utf-8") as stream:
        rows: list[dict[str, object]] = list(csv.DictReader(stream))[:ROWS]
    for row in rows:
        row["file"] = str(shared_data / "bone_age" / str(row["file"]))
    return write_table(folder, rows)


@pytest.mark.slow
def test_bone_age_is_learned_beyond_the_mean_and_served_as_it_was_measured(
    shared_data: Path, tmp_path: Path
) -> None:
    table = table_slice(shared_data, tmp_path)
    recipe = bone_age()
    recipe = replace(
        recipe,
        preprocess=Preprocess(size=64),
        image_encoder="resnet10t-tiny",
        fit=replace(recipe.fit, epochs=16, learning_rate=4e-3),
    )
    finetune(Task.BONE_AGE, table, "random", tmp_path / "model", recipe=recipe, seed=1)

    result = evaluate(tmp_path / "model", table)
    with table.open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if is_test_row(row["file"])]
    months = np.asarray([float(row["bone_age_months"]) for row in rows])
    by_chance = float(np.abs(months - np.median(months)).mean())
    assert result["n"] == len(rows)
    assert result["metrics"]["mae_months"] < 0.9 * by_chance
    assert result["interval_coverage"] > 0.8

    predictor = Predictor.load(tmp_path / "model", hmac_key=bytes(32))
    few = [predictor.predict([row["file"]], sex=row["sex"])[0] for row in rows[:20]]
    assert sum(one.status == "answered" for one in few) >= 18
