"""What is run: the pretrainings and the fine-tunings, by name, in the order in which they are worth most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from osteon.domain import Task
from training.image_only.recipes import ImageOnlyRecipe
from training.pair_data import TextSampling
from training.pretrain_recipes import PretrainRecipe

Arm = Literal["random", "images", "captions", "supervised"]
ARMS: tuple[Arm, ...] = ("random", "images", "captions", "supervised")
TABLES: Mapping[Task, str] = {Task.BONE_AGE: "bone_age", Task.KNEE_OA: "knee_kl"}
# The label that is fine-tuned is told of nobody; the other set's label is, with what is known of both.
TOLD: Mapping[Task, tuple[str, ...]] = {
    Task.BONE_AGE: ("region", "laterality", "sex", "kl_grade"),
    Task.KNEE_OA: ("region", "laterality", "sex", "bone_age_months"),
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Sizes of everything; the same plan and data give the same figures.

    Attributes:
        encoder: image encoder of every arm.
        pretrain_size, size: sides of pictures in pretraining and fine-tuning.
        pretrain_start_size: side of SimCLR's and the captions' pictures before the last 40 % of a run.
        image_epochs, caption_epochs: passes of SimCLR; of captions, and of supervised pretraining too.
        samples: pictures that a fine-tuning sees, by part of the labels.
        stages: part of the labels and the arms that are run there; what the bound is about comes first.
        learning_rate: peak of every fine-tuning.
        text_still_share: part of the caption run in which the text tower stays as it began.
        whole_share: of the captions, how often every sentence stands (`TextSampling`).
    """

    name: str
    tasks: tuple[Task, ...] = (Task.BONE_AGE, Task.KNEE_OA)
    encoder: str = "resnet10t-tiny"
    pretrain_size: int = 64
    size: Mapping[Task, int] = field(default_factory=lambda: {Task.BONE_AGE: 64, Task.KNEE_OA: 64})
    pretrain_start_size: int = 0
    image_epochs: int = 4
    caption_epochs: int = 4
    batch: int = 32
    seeds: int = 5
    samples: Mapping[float, int] = field(default_factory=lambda: {0.1: 3000, 1.0: 5000})
    stages: tuple[tuple[float, tuple[Arm, ...]], ...] = (
        (0.1, ("random", "captions")),
        (1.0, ("random", "captions")),
        (0.1, ("supervised",)),
        (0.1, ("images",)),
        (1.0, ("supervised",)),
    )
    learning_rate: float = 3e-3
    text_still_share: float = 0.85
    whole_share: float = 0.5

    def arms(self, part: float) -> tuple[Arm, ...]:
        """Every arm that is run at a part of the labels."""
        return tuple(arm for share, arms in self.stages if share == part for arm in arms)

    def image_recipe(self) -> ImageOnlyRecipe:
        """SimCLR: where captions and supervised pretraining begin."""
        return ImageOnlyRecipe(
            name=f"real-{self.name}",
            image_encoder=self.encoder,
            size=self.pretrain_size,
            start_size=self.pretrain_start_size,
            batch_pictures=2 * self.batch,
            epochs=self.image_epochs,
            learning_rate=2e-3,
        )

    def caption_recipe(self) -> PretrainRecipe:
        """The settings of `findings`, for sentences that are short."""
        return PretrainRecipe(
            name=f"real-{self.name}",
            image_encoder=self.encoder,
            size=self.pretrain_size,
            start_size=self.pretrain_start_size,
            embedding_dim=64,
            vocab_size=600,
            context_length=64,
            text_width=64,
            text_heads=2,
            text_layers=2,
            batch_studies=self.batch,
            epochs=self.caption_epochs,
            learning_rate=2e-3,
            text_still_share=self.text_still_share,
            same_region_share=0.75,
            precision="float32",
            sampling=TextSampling(whole_share=self.whole_share, indication_share=0.0),
        )


def short() -> Plan:
    """About 12 minutes of one core: as it turned out, too short for either task."""
    return Plan(name="short")


def standard() -> Plan:
    """About two and a half hours of one core; its settings were chosen on fold 1."""
    return Plan(
        name="standard",
        pretrain_size=96,
        pretrain_start_size=64,
        size={Task.BONE_AGE: 80, Task.KNEE_OA: 96},
        image_epochs=80,
        caption_epochs=24,
        text_still_share=0.5,
        whole_share=1.0,
        samples={0.1: 20_000, 1.0: 40_000},
    )


def tiny() -> Plan:
    """For tests: seconds on a handful of pictures; says nothing."""
    return Plan(
        name="tiny",
        pretrain_size=32,
        size={Task.BONE_AGE: 32, Task.KNEE_OA: 32},
        image_epochs=1,
        caption_epochs=1,
        batch=8,
        seeds=2,
        samples={0.5: 16, 1.0: 16},
        stages=((0.5, ARMS), (1.0, ("random", "captions"))),
    )


PLANS = {"short": short, "standard": standard, "tiny": tiny}
