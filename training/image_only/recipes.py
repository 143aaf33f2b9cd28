"""Named runs of image-only pretraining, each beside the vision-language run it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from osteon.domain import UsageError
from osteon.models.encoders import DEFAULT_IMAGE_ENCODER
from training.distortion import Distortion

# The crop decides most in SimCLR (Chen et al. 2020, figure 5). No mirror image: the encoder is compared with,
# and may start, one that reads droit and gauche; no inversion: serving never sees one.
SIMCLR_VIEWS = Distortion(
    rotation_degrees=20.0,
    log_scale=0.45,
    log_aspect=0.15,
    shift=0.2,
    flip=False,
    gamma=0.5,
    contrast=0.5,
    brightness=0.15,
    invert=0.0,
    erase=0.0,
)


@dataclass(frozen=True, kw_only=True)
class ImageOnlyRecipe:
    """Every setting of one image-only run.

    Attributes:
        size: side of the prepared pictures.
        start_size, full_size_from: side of the views before that part of the run, 0 for full size at once.
        batch_pictures: pictures of a batch; each gives two views.
        hidden_dim, projection_dim: the head that is thrown away after training (Chen et al. 2020, 4.2).
        temperature: of the loss.
        distortion: how the two views differ; never mirrored.
    """

    name: str
    image_encoder: str = DEFAULT_IMAGE_ENCODER
    size: int = 128
    start_size: int = 0
    full_size_from: float = 0.6
    batch_pictures: int = 64
    epochs: int = 40
    hidden_dim: int = 256
    projection_dim: int = 128
    temperature: float = 0.2
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_share: float = 0.05
    max_gradient_norm: float = 1.0
    distortion: Distortion = SIMCLR_VIEWS

    def __post_init__(self) -> None:
        if self.distortion.flip:
            raise UsageError(
                "image-only pretraining without horizontal flips",
                "a recipe that mirrors pictures",
                "set flip=False: a side is a finding here",
            )

    def size_at(self, share: float) -> int:
        """Side of the views of a batch at `share` of the run."""
        return self.start_size if self.start_size and share < self.full_size_from else self.size


def standard() -> ImageOnlyRecipe:
    """Beside the vision-language recipe of that name."""
    return ImageOnlyRecipe(name="standard", size=160)


def quick() -> ImageOnlyRecipe:
    """Two views cost two forward passes: half the epochs of the vision-language recipe of that name."""
    return ImageOnlyRecipe(name="quick", epochs=12)


def findings() -> ImageOnlyRecipe:
    """The vision-language recipe of that name: as many pictures go through the encoder, of the same size."""
    return ImageOnlyRecipe(name="findings", batch_pictures=32, epochs=10)


def tiny() -> ImageOnlyRecipe:
    """For tests: seconds on a handful of pictures."""
    return ImageOnlyRecipe(
        name="tiny",
        image_encoder="resnet10t-tiny",
        size=32,
        batch_pictures=16,
        epochs=2,
        hidden_dim=32,
        projection_dim=16,
    )


IMAGE_ONLY_RECIPES: Mapping[str, Callable[[], ImageOnlyRecipe]] = {
    "standard": standard,
    "quick": quick,
    "findings": findings,
    "tiny": tiny,
}


def image_only_recipe(name: str) -> ImageOnlyRecipe:
    """The recipe of that name; UsageError otherwise."""
    if name not in IMAGE_ONLY_RECIPES:
        raise UsageError(
            f"an image-only recipe among {', '.join(IMAGE_ONLY_RECIPES)}", "another name", "name one of them"
        )
    return IMAGE_ONLY_RECIPES[name]()
