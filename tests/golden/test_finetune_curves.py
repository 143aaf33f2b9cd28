"""The loss curve of each fine-tuning recipe on drawn pictures: what changes training shows here.

A curve that must change is written again from the figures that the failing test prints.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from osteon.domain import Kind, Task
from osteon.models import Preprocess
from tests.labelled_pictures import write_picture, write_table
from training.finetune import finetune
from training.pace import BFLOAT16_PAYS
from training.recipes import finetune_recipe

CURVES: dict[str, list[float]] = json.loads(
    Path(__file__).with_name("finetune_curves.json").read_text(encoding="utf-8")
)


def table_of(folder: Path, task: Task) -> Path:
    """Sixty pictures of five widths, the answer going by the width."""
    rows: list[dict[str, object]] = []
    for index in range(60):
        step = index % 5
        write_picture(folder / f"images/{index}.png", width=6 + 3 * step, seed=index)
        label = {Kind.BINARY: int(step > 2), Kind.ORDINAL: step, Kind.REGRESSION: 40 + 30 * step}[task.kind]
        row = {"file": f"images/{index}.png", task.label_column: label, "sex": "MF"[index % 2]}
        rows.append({**row, "patient": f"p{index // 2}"})
    return write_table(folder, rows)


@pytest.mark.skipif(
    BFLOAT16_PAYS, reason="the curves are those of float32; this processor trains in bfloat16"
)
@pytest.mark.parametrize("name", list(CURVES))
def test_a_recipe_learns_along_its_golden_curve(name: str, tmp_path: Path) -> None:
    task = Task(name)
    recipe = finetune_recipe(task)
    fit = replace(recipe.fit, epochs=4, batch_size=16, start_size=32 if recipe.fit.start_size else 0)
    recipe = replace(recipe, image_encoder="resnet10t-tiny", preprocess=Preprocess(size=48), fit=fit)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        manifest = finetune(task, table_of(tmp_path, task), "random", tmp_path / "m", recipe=recipe, seed=3)
    finally:
        torch.set_num_threads(threads)
    curve = manifest.figures["loss_curve"]
    assert curve == pytest.approx(CURVES[name], rel=5e-3), curve
