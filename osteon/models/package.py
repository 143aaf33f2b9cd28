"""The model package: weights, settings, calibration, figures, card, manifest in a folder; never a pickle."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from osteon.artefact import MANIFEST_NAME, read_manifest, sha256_file, sha256_files, write_manifest
from osteon.domain import EmbeddingSpace, Manifest, RefusedError, UsageError
from osteon.models.abstention import Familiarity
from osteon.models.calibration import Calibration
from osteon.models.preprocess import PREPROCESS_NAME, Preprocess
from osteon.models.task_model import TaskModel, build_task_model, config_from_json

WEIGHTS_NAME = "model.safetensors"
CONFIG_NAME = "config.json"
CALIBRATION_NAME = "calibration.json"
METRICS_NAME = "metrics.json"
CARD_NAME = "MODEL_CARD.md"
FILE_NAMES = (WEIGHTS_NAME, CONFIG_NAME, PREPROCESS_NAME, CALIBRATION_NAME, METRICS_NAME, CARD_NAME)
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


@contextmanager
def package_folder(output: Path) -> Iterator[Path]:
    """A folder to fill that becomes `output` at the end, or leaves no trace on an error.

    An earlier package at `output` is replaced; any other folder that is not empty is refused.
    """
    output = Path(output)
    if output.exists() and (not output.is_dir() or (any(output.iterdir()) and not _is_package(output))):
        raise UsageError(
            "an output folder that is new or holds a model package",
            "one with other files",
            "name another folder",
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    try:
        yield building
        building.chmod(0o755)
        if output.exists():
            replaced = Path(tempfile.mkdtemp(prefix=f".{output.name}.old.", dir=output.parent))
            output.replace(replaced / "package")
            building.replace(output)
            shutil.rmtree(replaced)
        else:
            building.replace(output)
    finally:
        if building.exists():
            shutil.rmtree(building)


def save_package(output: Path, package: Package, manifest: Manifest) -> Manifest:
    """Writes the whole package at once; the manifest gets the hashes of all files."""
    with package_folder(output) as folder:
        tensors = {name: value.contiguous() for name, value in package.model.state_dict().items()}
        familiarity = {
            name: torch.from_numpy(value.copy()) for name, value in package.familiarity.tensors().items()
        }
        save_file({**tensors, **familiarity}, folder / WEIGHTS_NAME)
        config = {
            "kind": "task_model",
            "embedding_space": package.embedding_space.name,
            **package.model.config.to_json(),
        }
        _write_json(folder / CONFIG_NAME, config)
        package.preprocess.save(folder)
        _write_json(folder / CALIBRATION_NAME, package.calibration.to_json())
        _write_json(folder / METRICS_NAME, package.metrics)
        (folder / CARD_NAME).write_text(package.card, encoding="utf-8")
        for name in FILE_NAMES:
            (folder / name).chmod(0o644)
        write_manifest(folder, Manifest(**{**_fields(manifest), "outputs": sha256_files(folder, FILE_NAMES)}))
    return read_manifest(output)


def load_package(folder: Path) -> LoadedPackage:
    """The package of a folder, every byte checked against its manifest.

    Raises:
        RefusedError: not a package of a fine-tuned model, or one whose files were changed.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    for name in FILE_NAMES:
        path = folder / name
        if name not in manifest.outputs or not path.is_file() or sha256_file(path) != manifest.outputs[name]:
            raise RefusedError(
                "a model package as it was written",
                f"{name} missing or changed",
                "fetch the package again, or fine-tune the model again",
            )
    config_fields = _read_json(folder / CONFIG_NAME)
    if config_fields.pop("kind", None) != "task_model":
        raise RefusedError("a fine-tuned model package", "another package", "run finetune with it as --init")
    config_fields.pop("embedding_space", None)
    model = build_task_model(config_from_json(config_fields))
    tensors = read_tensors(folder)
    own = {name: value for name, value in tensors.items() if not name.startswith("familiarity.")}
    try:
        model.load_state_dict(own)
    except RuntimeError:
        raise RefusedError(
            "weights that fit config.json", "others", "fetch the package again, or fine-tune again"
        ) from None
    package = Package(
        model=model.eval(),
        preprocess=Preprocess.load(folder),
        calibration=Calibration.from_json(_read_json(folder / CALIBRATION_NAME)),
        familiarity=Familiarity.from_tensors(
            {name: value.numpy() for name, value in tensors.items() if name not in own}
        ),
        metrics=_read_json(folder / METRICS_NAME),
        card=(folder / CARD_NAME).read_text(encoding="utf-8"),
    )
    return LoadedPackage(
        package=package,
        manifest=manifest,
        version=f"{model.config.task}-{manifest.outputs[WEIGHTS_NAME][:12]}",
    )


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


def encoder_name(folder: Path) -> str:
    """Name of the image encoder of a package from pretraining or fine-tuning."""
    name = _read_json(folder / CONFIG_NAME).get("image_encoder")
    if not isinstance(name, str):
        raise RefusedError("a package with an image encoder", "one without", "name another package")
    return name


def embedding_space_name(encoder_weights: Mapping[str, Tensor], preprocess: Preprocess) -> str:
    """Digest of the encoder's weights and the preprocessing version: 16 hexadecimal digits."""
    digest = hashlib.sha256(preprocess.version.encode())
    for name in sorted(encoder_weights):
        digest.update(name.encode())
        digest.update(encoder_weights[name].detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _is_package(folder: Path) -> bool:
    return (folder / MANIFEST_NAME).is_file() and (folder / CONFIG_NAME).is_file()


def _fields(manifest: Manifest) -> dict[str, Any]:
    return {name: getattr(manifest, name) for name in manifest.__slots__}


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + os.linesep, encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RefusedError(
            "a model package", f"a folder without {path.name}", "name one that a training wrote"
        ) from None
    except ValueError:
        raise RefusedError(f"a {path.name}", "a file that is not JSON", "fetch the package again") from None
    if not isinstance(value, dict):
        raise RefusedError(f"a {path.name}", "JSON of another shape", "fetch the package again")
    return value
