"""Preprocessing, encoders, heads, packages and the Predictor: all that training and serving share.

Names load on first use: importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from osteon.models.dual_encoder import DualEncoder as DualEncoder
    from osteon.models.dual_encoder import DualEncoderConfig as DualEncoderConfig
    from osteon.models.encoders import DEFAULT_IMAGE_ENCODER as DEFAULT_IMAGE_ENCODER
    from osteon.models.encoders import DEFAULT_INPUT_SIZE as DEFAULT_INPUT_SIZE
    from osteon.models.encoders import build_image_encoder as build_image_encoder
    from osteon.models.package import LoadedPackage as LoadedPackage
    from osteon.models.package import Package as Package
    from osteon.models.package import load_package as load_package
    from osteon.models.package import save_package as save_package
    from osteon.models.predictor import Predictor as Predictor
    from osteon.models.preprocess import Preprocess as Preprocess
    from osteon.models.task_model import TaskModel as TaskModel
    from osteon.models.task_model import TaskModelConfig as TaskModelConfig
    from osteon.models.task_model import build_task_model as build_task_model

_HOMES = {
    "DEFAULT_IMAGE_ENCODER": "encoders",
    "DEFAULT_INPUT_SIZE": "encoders",
    "DualEncoder": "dual_encoder",
    "DualEncoderConfig": "dual_encoder",
    "LoadedPackage": "package",
    "Package": "package",
    "Predictor": "predictor",
    "Preprocess": "preprocess",
    "TaskModel": "task_model",
    "TaskModelConfig": "task_model",
    "build_image_encoder": "encoders",
    "build_task_model": "task_model",
    "load_package": "package",
    "save_package": "package",
}
__all__ = [
    "DEFAULT_IMAGE_ENCODER",
    "DEFAULT_INPUT_SIZE",
    "DualEncoder",
    "DualEncoderConfig",
    "LoadedPackage",
    "Package",
    "Predictor",
    "Preprocess",
    "TaskModel",
    "TaskModelConfig",
    "build_image_encoder",
    "build_task_model",
    "load_package",
    "save_package",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
