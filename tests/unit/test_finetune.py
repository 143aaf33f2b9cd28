"""Fine-tuning on drawn pictures: what it writes, from what it starts, what it refuses."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from osteon.artefact import read_manifest
from osteon.domain import Manifest, RefusedError, Task, UsageError
from osteon.models import Preprocess, load_package
from tests.labelled_pictures import fracture_table, write_picture, write_table
from training.evaluate import evaluate
from training.finetune import finetune
from training.finetune_recipe import FinetuneRecipe
from training.fit import FitSettings
from training.recipes import finetune_recipe

SMALL = FinetuneRecipe(
    name="small",
    image_encoder="resnet10t-tiny",
    preprocess=Preprocess(size=32),
    hidden_dim=16,
    fit=FitSettings(epochs=4, batch_size=16),
)


def test_a_visible_difference_is_learned_and_measured_on_test_rows(tmp_path: Path) -> None:
    table = fracture_table(tmp_path, 120)
    recipe = replace(SMALL, fit=replace(SMALL.fit, epochs=20, learning_rate=4e-3))
    stages: list[str] = []
    manifest = finetune(
        "fracture",
        table,
        "random",
        tmp_path / "model",
        recipe=recipe,
        progress=lambda what, done, total: stages.append(what.split(",")[0]),
    )
    result = evaluate(tmp_path / "model", table)
    assert result["task"] == "fracture"
    assert result["rows"] == "test"
    assert result["metrics"]["auroc"] > 0.9
    assert dict.fromkeys(stages) == dict.fromkeys(["reading pictures", "training", "calibrating"])
    assert manifest.figures["loss_curve"][-1] < manifest.figures["loss_curve"][0]
    assert manifest == read_manifest(tmp_path / "model")


def test_one_seed_gives_one_model(tmp_path: Path) -> None:
    table = fracture_table(tmp_path)

    def version(name: str, seed: int) -> str:
        finetune("fracture", table, "random", tmp_path / name, recipe=SMALL, seed=seed)
        return load_package(tmp_path / name).version

    assert version("a", 1) == version("b", 1)
    assert version("c", 2) != version("a", 1)


def test_an_earlier_package_is_where_the_encoder_starts(tmp_path: Path) -> None:
    table = fracture_table(tmp_path)
    first = finetune("fracture", table, "random", tmp_path / "first", recipe=SMALL)
    second = finetune("fracture", table, tmp_path / "first", tmp_path / "second", recipe=SMALL)
    assert first.figures["encoder_tensors_loaded"] == 0
    assert second.figures["encoder_tensors_loaded"] == second.figures["encoder_tensors"]
    assert second.parents == (first.digest,)


def test_a_time_limit_is_kept(tmp_path: Path) -> None:
    before = time.monotonic()
    finetune(
        "fracture", fracture_table(tmp_path), "random", tmp_path / "m", recipe=SMALL, time_limit_min=0.12
    )
    assert time.monotonic() - before < 0.12 * 60 + 2


def test_a_table_for_validation_takes_its_patients_out_of_training(tmp_path: Path) -> None:
    table = fracture_table(tmp_path)
    whole = finetune("fracture", table, "random", tmp_path / "a", recipe=SMALL)
    manifest = finetune("fracture", table, "random", tmp_path / "b", val=_val(tmp_path), recipe=SMALL)
    assert "validation_labels" in manifest.inputs
    rows = manifest.figures["rows_learned"] + manifest.figures["rows_validation"]
    assert rows == whole.figures["rows_learned"] + whole.figures["rows_validation"]


def _val(folder: Path) -> Path:
    lines = (folder / "labels.csv").read_text().splitlines()
    path = folder / "val.csv"
    path.write_text("\n".join(lines[:21]) + "\n")
    return path


def test_a_fraction_of_the_labels_is_learned_from(tmp_path: Path) -> None:
    table = fracture_table(tmp_path, 200)
    manifest = finetune("fracture", table, "random", tmp_path / "m", recipe=SMALL, label_fraction=0.4)
    assert manifest.figures["rows_learned"] < 80


def test_one_class_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = []
    for index in range(30):
        write_picture(tmp_path / f"{index}.png", width=6, seed=index)
        rows.append({"file": f"{index}.png", "fracture": 0})
    with pytest.raises(RefusedError, match="single"):
        finetune("fracture", write_table(tmp_path, rows), "random", tmp_path / "m", recipe=SMALL)
    assert not (tmp_path / "m").exists()


def test_many_files_that_are_no_pictures_are_refused_by_row(tmp_path: Path) -> None:
    table = fracture_table(tmp_path)
    for index in range(0, 60, 3):
        (tmp_path / f"images/{index}.png").write_bytes(b"not a picture")
    with pytest.raises(RefusedError, match="row"):
        finetune("fracture", table, "random", tmp_path / "m", recipe=SMALL)


@pytest.mark.parametrize("init", ["pretrained", "no/such/folder"])
def test_an_init_that_is_neither_random_nor_a_folder_is_bad_usage(tmp_path: Path, init: str) -> None:
    with pytest.raises(UsageError, match="random"):
        finetune("fracture", fracture_table(tmp_path), init, tmp_path / "m", recipe=SMALL)


@pytest.mark.parametrize("task", list(Task))
def test_every_task_has_a_recipe_of_its_own(task: Task) -> None:
    assert finetune_recipe(task).name == task.value.replace("-", "_")


def test_the_card_and_manifest_name_no_row_of_the_table(tmp_path: Path) -> None:
    manifest: Manifest = finetune(
        "fracture", fracture_table(tmp_path), "random", tmp_path / "m", recipe=SMALL
    )
    text = (tmp_path / "m" / "MODEL_CARD.md").read_text()
    assert "Research use only" in text
    for written in (text, str(manifest)):
        assert ".png" not in written
        assert str(tmp_path) not in written
