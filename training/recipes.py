"""Runs by name: each function here is one, with every setting in sight."""

from __future__ import annotations

from dataclasses import replace

from osteon.domain import Task
from osteon.models.preprocess import Preprocess
from training.distortion import Distortion
from training.finetune_recipe import FinetuneRecipe
from training.fit import FitSettings


def bone_age() -> FinetuneRecipe:
    """Months from a hand; sex goes in beside the picture."""
    return FinetuneRecipe(
        name="bone_age",
        preprocess=Preprocess(size=112),
        sex_dim=16,
        fit=FitSettings(
            label_sigma=6.0,
            l1_weight=20.0,
            distortion=Distortion(erase=0.2, log_scale=0.1),
        ),
    )


def knee_oa() -> FinetuneRecipe:
    """Kellgren-Lawrence grade from a knee; a grade beside the true one is half right.

    Osteophytes and the joint space are small, so the picture is larger than a hand's; small pictures
    in the first half pay for it.
    """
    return FinetuneRecipe(
        name="knee_oa",
        preprocess=Preprocess(size=160),
        fit=FitSettings(
            label_sigma=0.6,
            l1_weight=4.0,
            start_size=112,
            distortion=Distortion(rotation_degrees=10.0, log_scale=0.1, invert=0.05, erase=0.2, mixup=0.4),
        ),
    )


def fracture() -> FinetuneRecipe:
    """Yes or no; small lines count, so little is erased and the picture is larger."""
    return FinetuneRecipe(
        name="fracture",
        preprocess=Preprocess(size=160),
        fit=FitSettings(distortion=Distortion(erase=0.1, log_scale=0.1)),
    )


def abnormality() -> FinetuneRecipe:
    """Yes or no, over any body part; MURA labels studies, not their views."""
    return replace(fracture(), name="abnormality", level="study")


def leg_alignment() -> FinetuneRecipe:
    """Degrees from one whole leg; pictures keep their aspect, since unequal scales change an angle."""
    return FinetuneRecipe(
        name="leg_alignment",
        preprocess=Preprocess(size=224),
        fit=FitSettings(
            label_sigma=1.5,
            l1_weight=20.0,
            distortion=Distortion(rotation_degrees=8.0, log_aspect=0.0, erase=0.1),
        ),
    )


def implant() -> FinetuneRecipe:
    """Yes or no; metal is bright, so that neither exposure nor small size hides it."""
    return replace(fracture(), name="implant")


def finetune_recipe(task: Task) -> FinetuneRecipe:
    """The recipe that a task is fine-tuned with unless another is named."""
    return {
        Task.BONE_AGE: bone_age,
        Task.KNEE_OA: knee_oa,
        Task.FRACTURE: fracture,
        Task.ABNORMALITY: abnormality,
        Task.LEG_ALIGNMENT: leg_alignment,
        Task.IMPLANT: implant,
    }[task]()
