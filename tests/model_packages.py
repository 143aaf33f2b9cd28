"""Small model packages with random weights: what serving tests need, quick to make and to run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from osteon.registry import Registry

HMAC_KEY = bytes(range(32))


def make_model_package(folder: Path, task: str, seed: int = 0) -> Path:
    """A whole package for `task`; its answers depend on `seed` alone. Nothing is out of its distribution."""
    import torch

    from osteon.domain import Manifest
    from osteon.models import Package, Preprocess, TaskModelConfig, build_task_model, save_package
    from osteon.models.calibration import Calibration
    from osteon.models.familiarity import Familiarity

    torch.manual_seed(seed)
    cuts = (0.5, 1.5, 2.5, 3.5) if task == "knee-oa" else ()
    sex_dim = 4 if task == "bone-age" else 0
    model = build_task_model(
        TaskModelConfig(task=task, image_encoder="resnet10t-tiny", hidden_dim=16, sex_dim=sex_dim)
    )
    size = model.image_encoder.feature_dim
    package = Package(
        model=model.eval(),
        preprocess=Preprocess(size=64),
        calibration=Calibration(task=task, interval_quantile=1.5, cuts=cuts, rows=10),
        familiarity=Familiarity(mean=np.zeros(size), precision=np.eye(size), limit=1e9),
        metrics={},
        card="# Random weights\n\nFor tests.\n",
    )
    save_package(folder, package, Manifest(stage="finetune", seed=seed))
    return folder


def promote_package(registry: Registry, folder: Path, task: str) -> str:
    """Register a package and make it champion; its version."""
    from osteon.domain import Task

    version = registry.register(folder, Task(task))
    registry.promote(Task(task), version, actor="tests", reason="a test")
    return version
