"""The model before its first step: random weights, or those of a package."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from osteon.artefact import folder_hash
from osteon.domain import Task, UsageError
from osteon.models.encoders import load_matching_weights
from osteon.models.package import ENCODER_PREFIX, encoder_name, read_tensors
from osteon.models.preprocess import PREPROCESS_NAME, Preprocess
from osteon.models.task_model import TaskModel, TaskModelConfig, build_task_model
from training.finetune_recipe import FinetuneRecipe

RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class Start:
    """The model before its first step, and where its encoder's weights came from."""

    model: TaskModel
    preprocess: Preprocess
    tensors_loaded: int
    parent: str | None


def start_model(task: Task, init: str | Path, recipe: FinetuneRecipe, seed: int) -> Start:
    """The model that learns first: the recipe's from random weights, or a package's encoder with a new head.

    Args:
        init: `random`, or the folder of a package.
    """
    folder = None if str(init) == RANDOM else Path(init)
    if folder is not None and not folder.is_dir():
        raise UsageError(
            "random or the folder of a model package as init", "neither", "check the path of the package"
        )
    linear = recipe.how == "linear"
    config = TaskModelConfig(
        task=task.value,
        image_encoder=recipe.image_encoder if folder is None else encoder_name(folder),
        sex_dim=recipe.sex_dim if not linear else min(1, recipe.sex_dim),
        hidden_dim=recipe.hidden_dim if not linear else 0,
        dropout=recipe.dropout if not linear else 0.0,
        drop_path=recipe.drop_path if not linear else 0.0,
        # A probe's features are those of the picture alone.
        flip_average=recipe.fit.distortion.flip and not linear,
        level=recipe.level,
        answer_views=recipe.answer_views,
    )
    torch.manual_seed(seed)
    model = build_task_model(config)
    preprocess, loaded = recipe.preprocess, 0
    if folder is not None:
        loaded = load_matching_weights(model.image_encoder, read_tensors(folder), prefix=ENCODER_PREFIX)
        if (folder / PREPROCESS_NAME).is_file():
            preprocess = replace(Preprocess.load(folder), size=recipe.preprocess.size)
    return Start(
        model=model,
        preprocess=preprocess,
        tensors_loaded=loaded,
        parent=None if folder is None else folder_hash(folder),
    )
