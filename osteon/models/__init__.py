"""Preprocessing, encoders, heads, packages and the Predictor: all that training and serving share.

Names load on first use: importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from osteon.models.encoders import DEFAULT_IMAGE_ENCODER as DEFAULT_IMAGE_ENCODER
    from osteon.models.encoders import DEFAULT_INPUT_SIZE as DEFAULT_INPUT_SIZE
    from osteon.models.encoders import build_image_encoder as build_image_encoder
    from osteon.models.preprocess import Preprocess as Preprocess

_HOMES = {
    "DEFAULT_IMAGE_ENCODER": "encoders",
    "DEFAULT_INPUT_SIZE": "encoders",
    "Preprocess": "preprocess",
    "build_image_encoder": "encoders",
}
__all__ = [
    "DEFAULT_IMAGE_ENCODER",
    "DEFAULT_INPUT_SIZE",
    "Preprocess",
    "build_image_encoder",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
