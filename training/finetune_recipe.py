"""What a fine-tuning run is told: a named recipe."""

from __future__ import annotations

from dataclasses import dataclass, field

from osteon.models.encoders import DEFAULT_IMAGE_ENCODER, DEFAULT_INPUT_SIZE
from osteon.models.preprocess import Preprocess
from training.fit import FitSettings


@dataclass(frozen=True, kw_only=True)
class FinetuneRecipe:
    """A named way to fine-tune; everything that changes the result.

    Attributes:
        image_encoder: used from random weights; a package given as `init` brings its own.
        validation_part: of the training rows, cut by patient, for calibration alone.
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
