"""The model package: weights, settings, calibration, figures, card, manifest in a folder; never a pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from osteon.artefact import read_manifest, sha256_files, write_manifest
from osteon.domain import EmbeddingSpace, Manifest, RefusedError
from osteon.models.calibration import Calibration
from osteon.models.engine import TorchEngine
from osteon.models.familiarity import Familiarity
from osteon.models.package_files import (
    CALIBRATION_NAME,
    CARD_NAME,
    CONFIG_NAME,
    FAMILIARITY_PREFIX,
    FILE_NAMES,
    KIND,
    METRICS_NAME,
    WEIGHTS_NAME,
    AnswerSettings,
    checked_manifest,
    encoder_name,
    package_folder,
    read_json,
    read_task_config,
    version_of,
    write_json,
)
from osteon.models.preprocess import Preprocess
from osteon.models.task_model import TaskModel, build_task_model, config_from_json

__all__ = [
    "CALIBRATION_NAME",
    "CARD_NAME",
    "CONFIG_NAME",
    "ENCODER_PREFIX",
    "FILE_NAMES",
    "METRICS_NAME",
    "WEIGHTS_NAME",
    "LoadedPackage",
    "Package",
    "embedding_space_name",
    "encoder_name",
    "load_package",
    "package_folder",
    "read_tensors",
    "save_package",
]
ENCODER_PREFIX = "image_encoder."


@dataclass(frozen=True, kw_only=True)
class Package:
    """A fine-tuned model with all that it needs to answer."""

    model: TaskModel
    preprocess: Preprocess
    calibration: Calibration
    familiarity: Familiarity
    metrics: Mapping[str, Any]
    card: str

    @property
    def embedding_space(self) -> EmbeddingSpace:
        """The space that the encoder's weights and the preprocessing fix."""
        encoder = self.model.image_encoder
        return EmbeddingSpace(
            name=embedding_space_name(encoder.state_dict(), self.preprocess),
            dimensions=encoder.feature_dim,
        )


@dataclass(frozen=True, kw_only=True)
class LoadedPackage:
    """A package read from a folder, with the version that its bytes give it."""

    package: Package
    manifest: Manifest
    version: str

    @cached_property
    def settings(self) -> AnswerSettings:
        """What turns the model's output into an answer."""
        package = self.package
        return AnswerSettings(
            config=package.model.config,
            preprocess=package.preprocess,
            calibration=package.calibration,
            familiarity=package.familiarity,
            metrics=package.metrics,
            embedding_space=package.embedding_space,
            version=self.version,
        )

    @cached_property
    def engine(self) -> TorchEngine:
        """The model itself, as an engine."""
        return TorchEngine(self.package.model)


def save_package(output: Path, package: Package, manifest: Manifest) -> Manifest:
    """Writes the whole package at once; the manifest gets the hashes of all files."""
    with package_folder(output) as folder:
        tensors = {name: value.contiguous() for name, value in package.model.state_dict().items()}
        familiarity = {
            name: torch.from_numpy(value.copy()) for name, value in package.familiarity.tensors().items()
        }
        save_file({**tensors, **familiarity}, folder / WEIGHTS_NAME)
        config = {
            "kind": KIND,
            "embedding_space": package.embedding_space.name,
            **package.model.config.to_json(),
        }
        write_json(folder / CONFIG_NAME, config)
        package.preprocess.save(folder)
        write_json(folder / CALIBRATION_NAME, package.calibration.to_json())
        write_json(folder / METRICS_NAME, package.metrics)
        (folder / CARD_NAME).write_text(package.card, encoding="utf-8")
        for name in FILE_NAMES:
            (folder / name).chmod(0o644)
        write_manifest(folder, replace(manifest, outputs=sha256_files(folder, FILE_NAMES)))
    return read_manifest(output)


def load_package(folder: Path) -> LoadedPackage:
    """The package of a folder, every byte checked against its manifest.

    Raises:
        RefusedError: not a package of a fine-tuned model, or one whose files were changed.
    """
    folder = Path(folder)
    manifest = checked_manifest(folder)
    config_fields = read_task_config(folder)
    config_fields.pop("embedding_space", None)
    model = build_task_model(config_from_json(config_fields))
    tensors = read_tensors(folder)
    own = {name: value for name, value in tensors.items() if not name.startswith(FAMILIARITY_PREFIX)}
    try:
        model.load_state_dict(own)
    except RuntimeError:
        raise RefusedError(
            "weights that fit config.json", "others", "fetch the package again, or fine-tune again"
        ) from None
    package = Package(
        model=model.eval(),
        preprocess=Preprocess.load(folder),
        calibration=Calibration.from_json(read_json(folder / CALIBRATION_NAME)),
        familiarity=Familiarity.from_tensors(
            {name: value.numpy() for name, value in tensors.items() if name not in own}
        ),
        metrics=read_json(folder / METRICS_NAME),
        card=(folder / CARD_NAME).read_text(encoding="utf-8"),
    )
    return LoadedPackage(package=package, manifest=manifest, version=version_of(model.config.task, manifest))


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """All tensors of a package from pretraining or fine-tuning; RefusedError when there are none."""
    try:
        return load_file(folder / WEIGHTS_NAME)
    except FileNotFoundError:
        raise RefusedError(
            "a model package", "a folder without model.safetensors", "name one that a training wrote"
        ) from None
    except SafetensorError:
        raise RefusedError(
            "a model.safetensors", "a file that is not one", "fetch the package again"
        ) from None


def embedding_space_name(encoder_weights: Mapping[str, Tensor], preprocess: Preprocess) -> str:
    """Digest of the encoder's weights and the preprocessing version: 16 hexadecimal digits."""
    digest = hashlib.sha256(preprocess.version.encode())
    for name in sorted(encoder_weights):
        digest.update(name.encode())
        digest.update(encoder_weights[name].detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
