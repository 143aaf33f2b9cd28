"""The loss curve of every recipe with the smallest networks of its kind, on a fixed set of pairs.

Write the file anew, after a change that is meant, with

    OSTEON_WRITE_GOLDEN=1 python -m pytest tests/golden/test_pretrain_curves.py
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from osteon.models.dual_package import load_dual_package
from osteon.pairs import build_pairs
from tests.deid_folder import write_deid_folder
from tests.text_encoder_folder import write_text_encoder
from training.pretrain import pretrain
from training.pretrain_recipes import PRETRAIN_RECIPES, PretrainRecipe, pretrain_recipe, tiny

GOLDEN = Path(__file__).with_name("pretrain_curves.json")

# What makes a recipe what it is, whatever its size.
KIND = (
    "text_pooling",
    "views",
    "view_pooling",
    "loss",
    "image_share",
    "temperature",
    "learn_temperature",
    "logit_bias",
    "local_temperatures",
    "optimizer",
    "betas",
    "same_region_share",
    "mask_repeated_reports",
    "sampling",
    "text_still_share",
    "full_size_from",
    "distortion",
)
SMALL = {"vit": "vit_tiny_patch16_224", "res": "resnet10t-tiny"}


def _shrunk(recipe: PretrainRecipe, text_model: Path) -> PretrainRecipe:
    """The recipe with the smallest networks of its kind, in float32: its first digits are any processor's."""
    small = replace(
        tiny(),
        name=recipe.name,
        image_encoder=SMALL[recipe.image_encoder[:3]],
        text_model=None if recipe.text_model is None else str(text_model),
        precision="float32",
        micro_batch=None if recipe.micro_batch is None else 4,
        start_size=24 if recipe.start_size else 0,
    )
    return replace(small, **{name: getattr(recipe, name) for name in KIND})


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("curves")
    build_pairs(write_deid_folder(folder / "deid", 80), folder / "pairs", size=64, workers=1)
    texts = ["radiographie de la main droite fracture nette", "pas de fracture du genou gauche"]
    return folder / "pairs", write_text_encoder(folder / "text", texts)


@pytest.mark.parametrize("name", sorted(PRETRAIN_RECIPES))
def test_a_recipe_learns_as_it_did(name: str, folders: tuple[Path, Path], tmp_path: Path) -> None:
    recipe = _shrunk(pretrain_recipe(name), folders[1])
    pretrain(recipe, folders[0], tmp_path / "package", seed=1)
    metrics = json.loads((tmp_path / "package" / "metrics.json").read_text(encoding="utf-8"))
    curve = [log["loss"] for log in metrics["curve"]]
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    if os.environ.get("OSTEON_WRITE_GOLDEN"):
        golden[name] = [round(loss, 4) for loss in curve]
        GOLDEN.write_text(json.dumps(golden, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    assert curve == pytest.approx(golden[name], rel=5e-3)
    assert (
        load_dual_package(tmp_path / "package").model.config.to_json()["image_encoder"]
        == recipe.image_encoder
    )
