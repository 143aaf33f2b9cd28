"""The model that is served: the shipped convolutional encoder with random weights, exported to ONNX."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from osteon.domain import Manifest, Task
from osteon.models import Package, Preprocess, TaskModelConfig, build_task_model, save_package
from osteon.models.calibration import Calibration
from osteon.models.export import export_package
from osteon.models.familiarity import Familiarity
from osteon.registry import Registry, registry_uri

HMAC_KEY = bytes(range(32))
ENCODER = "resnet18d-narrow"


def served_picture(side: int) -> bytes:
    """A made radiograph as an uncompressed 8-bit picture of the model's own size: decoding costs little."""
    y, x = np.mgrid[0:side, 0:side]
    shaft = np.exp(-(((x - side / 2) / (side / 8)) ** 2)) * (0.6 + 0.4 * np.sin(y / 40))
    noisy = 40 + 180 * shaft + np.random.default_rng(0).normal(0, 6, (side, side))
    buffer = BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(buffer, format="PNG", compress_level=0)
    return buffer.getvalue()


def make_served_package(home: Path, size: int) -> Path:
    """A fracture package with `model.onnx`, which answers every picture."""
    torch.manual_seed(0)
    model = build_task_model(TaskModelConfig(task="fracture", image_encoder=ENCODER)).eval()
    width = model.image_encoder.feature_dim
    package = Package(
        model=model,
        preprocess=Preprocess(size=size),
        calibration=Calibration(task="fracture", interval_quantile=1.5, cuts=(), rows=10),
        familiarity=Familiarity(mean=np.zeros(width), precision=np.eye(width), limit=1e12),
        metrics={},
        card="# Random weights\n\nFor benchmarks.\n",
    )
    folder = home / "package"
    save_package(folder, package, Manifest(stage="finetune", seed=0))
    picture = home / "picture.png"
    picture.write_bytes(served_picture(size))
    export_package(folder, "onnx", [picture])
    return folder


def promote(home: Path, package: Path) -> None:
    """The package as champion of a registry in `home`."""
    (home / "registry").mkdir()
    registry = Registry(registry_uri(home / "registry"))
    version = registry.register(package, Task.FRACTURE)
    registry.promote(Task.FRACTURE, version, actor="benchmark", reason="to measure")
