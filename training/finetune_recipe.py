"""What a fine-tuning run is told: a named recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from osteon.domain import UsageError
from osteon.models.calibration_fit import Method
from osteon.models.encoders import DEFAULT_IMAGE_ENCODER, DEFAULT_INPUT_SIZE
from osteon.models.preprocess import Preprocess
from osteon.models.task_config import Level
from training.fit import FitSettings
from training.lora import LowRankSettings

How = Literal["full", "linear", "lora"]


@dataclass(frozen=True, kw_only=True)
class FinetuneRecipe:
    """A named way to fine-tune; everything that changes the result.

    Attributes:
        image_encoder: used from random weights; a package given as `init` brings its own.
        validation_part: of the training rows, cut by patient, for calibration alone.
        how: `full` tunes every weight, `linear` a linear head on the encoder as it is, `lora` the head and
            differences of low rank, which are merged into the weights at the end.
        level: what is answered for: single pictures, or studies where the table has them.
        calibration: of probabilities; `auto` chooses by the validation rows (`fit_calibration`).
        answer_views: slightly changed pictures that an answer is averaged over; 1 for none.
    """

    name: str
    image_encoder: str = DEFAULT_IMAGE_ENCODER
    preprocess: Preprocess = field(default_factory=lambda: Preprocess(size=DEFAULT_INPUT_SIZE))
    sex_dim: int = 0
    hidden_dim: int = 256
    dropout: float = 0.2
    drop_path: float = 0.0
    validation_part: float = 0.1
    fit: FitSettings = field(default_factory=FitSettings)
    how: How = "full"
    low_rank: LowRankSettings = field(default_factory=LowRankSettings)
    level: Level = "picture"
    answer_views: int = 1
    calibration: Method = "auto"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("how", self.how, How),
            ("level", self.level, Level),
            ("calibration", self.calibration, Method),
        ):
            if value not in get_args(known):
                raise UsageError(
                    f"{name} as one of {', '.join(get_args(known))}", "another word", "name one of them"
                )
