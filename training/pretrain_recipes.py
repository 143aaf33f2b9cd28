"""Named pretraining runs; the command line takes the name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from osteon.domain import UsageError
from osteon.models.encoders import DEFAULT_IMAGE_ENCODER
from training.distortion import Distortion
from training.pair_data import TextSampling

# No mirror image (a report says droit or gauche), no inversion and no covered part (it may be the finding).
LATERALITY_SAFE = Distortion(
    rotation_degrees=12.0, flip=False, gamma=0.25, contrast=0.2, brightness=0.08, invert=0.0, erase=0.0
)


@dataclass(frozen=True, kw_only=True)
class PretrainRecipe:
    """Every setting of one pretraining run.

    Attributes:
        size: side of the prepared pictures.
        batch_studies: rows of a batch; one picture and one text of each study.
        epochs: each study once per epoch; a time limit ends the run earlier, on the same schedule.
        warmup_share: part of the run in which the learning rate rises.
        same_region_epochs: in every second epoch a batch holds one body region only.
        mask_repeated_reports: leave equal texts of a batch out of each other's negatives.
    """

    name: str
    image_encoder: str = DEFAULT_IMAGE_ENCODER
    size: int = 128
    embedding_dim: int = 128
    vocab_size: int = 2000
    context_length: int = 96
    text_width: int = 128
    text_heads: int = 4
    text_layers: int = 2
    batch_studies: int = 64
    epochs: int = 40
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_share: float = 0.05
    max_gradient_norm: float = 1.0
    same_region_epochs: bool = True
    mask_repeated_reports: bool = True
    sampling: TextSampling = field(default_factory=TextSampling)
    distortion: Distortion = LATERALITY_SAFE

    def __post_init__(self) -> None:
        if self.distortion.flip:
            raise UsageError(
                "pretraining without horizontal flips",
                "a recipe that mirrors pictures",
                "set flip=False: the reports say droit and gauche",
            )


def standard() -> PretrainRecipe:
    """For two cores and some thousand studies."""
    return PretrainRecipe(name="standard", size=160, epochs=40)


def quick() -> PretrainRecipe:
    """For two cores, some hundred studies and some minutes: the recipe of `make up`."""
    return PretrainRecipe(name="quick", epochs=24)


def tiny() -> PretrainRecipe:
    """For tests: seconds on a handful of studies."""
    return PretrainRecipe(
        name="tiny",
        image_encoder="resnet10t-tiny",
        size=32,
        embedding_dim=16,
        vocab_size=400,
        context_length=48,
        text_width=32,
        text_heads=2,
        text_layers=1,
        batch_studies=8,
        epochs=2,
    )


PRETRAIN_RECIPES: Mapping[str, Callable[[], PretrainRecipe]] = {
    "standard": standard,
    "quick": quick,
    "tiny": tiny,
}


def pretrain_recipe(name: str) -> PretrainRecipe:
    """The recipe of that name; UsageError otherwise."""
    if name not in PRETRAIN_RECIPES:
        raise UsageError(
            f"a pretraining recipe among {', '.join(PRETRAIN_RECIPES)}", "another name", "name one of them"
        )
    return PRETRAIN_RECIPES[name]()
