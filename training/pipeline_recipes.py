"""How long the pipeline fine-tunes: a fixed number of epochs by name, so that a rerun is the same."""

from __future__ import annotations

from dataclasses import replace

from osteon.domain import Task, UsageError
from training.finetune_recipe import FinetuneRecipe
from training.recipes import finetune_recipe

_BRIEF_SIZE = 96  # pixels; `brief` is the recipe of `make demo-drift`
# Passes over the rows. `quick` is the recipe of `make up`: minutes on two cores and some hundred studies.
_EPOCHS = {
    "standard": {Task.FRACTURE: 40, Task.BONE_AGE: 150, Task.KNEE_OA: 80, Task.ABNORMALITY: 40},
    "quick": {Task.FRACTURE: 20, Task.BONE_AGE: 70, Task.KNEE_OA: 50, Task.ABNORMALITY: 20},
    "brief": {Task.FRACTURE: 16, Task.BONE_AGE: 40, Task.KNEE_OA: 30, Task.ABNORMALITY: 16},
    "tiny": {Task.FRACTURE: 2, Task.BONE_AGE: 2, Task.KNEE_OA: 2, Task.ABNORMALITY: 2},
}


def pipeline_recipe(name: str, task: Task) -> FinetuneRecipe:
    """The task's own recipe with the epochs of the named run; UsageError for an unknown name."""
    if name not in _EPOCHS:
        raise UsageError(f"a recipe among {', '.join(_EPOCHS)}", "another name", "name one of them")
    recipe = finetune_recipe(task)
    if name == "brief":
        recipe = replace(recipe, preprocess=replace(recipe.preprocess, size=_BRIEF_SIZE))
    return replace(recipe, name=f"{recipe.name}_{name}", fit=replace(recipe.fit, epochs=_EPOCHS[name][task]))
