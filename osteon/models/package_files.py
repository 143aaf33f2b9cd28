"""The files of a model package: their names, writing them at once, what serving reads without torch."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osteon.artefact import MANIFEST_NAME, read_manifest, sha256_file
from osteon.domain import EmbeddingSpace, Manifest, RefusedError, Task, UsageError
from osteon.models.calibration import Calibration
from osteon.models.familiarity import Familiarity
from osteon.models.preprocess import PREPROCESS_NAME, Preprocess
from osteon.models.task_config import TaskModelConfig, config_from_json

WEIGHTS_NAME = "model.safetensors"
CONFIG_NAME = "config.json"
CALIBRATION_NAME = "calibration.json"
METRICS_NAME = "metrics.json"
CARD_NAME = "MODEL_CARD.md"
FILE_NAMES = (WEIGHTS_NAME, CONFIG_NAME, PREPROCESS_NAME, CALIBRATION_NAME, METRICS_NAME, CARD_NAME)
KIND = "task_model"
FAMILIARITY_PREFIX = "familiarity."


@dataclass(frozen=True, kw_only=True)
class AnswerSettings:
    """All that turns a network's output into an answer, whichever engine computes it."""

    config: TaskModelConfig
    preprocess: Preprocess
    calibration: Calibration
    familiarity: Familiarity
    metrics: Mapping[str, Any]
    embedding_space: EmbeddingSpace
    version: str

    @property
    def task(self) -> Task:
        """The task that is answered."""
        return Task.parse(self.config.task)


def read_answer_settings(folder: Path) -> AnswerSettings:
    """The settings of a package whose every byte was checked against its manifest; no torch is imported."""
    from safetensors import SafetensorError, safe_open

    manifest = checked_manifest(folder)
    fields = read_task_config(folder)
    space = str(fields.pop("embedding_space", ""))
    try:
        with safe_open(folder / WEIGHTS_NAME, framework="np") as weights:
            names = [name for name in list(weights.keys()) if name.startswith(FAMILIARITY_PREFIX)]
            tensors = {name: weights.get_tensor(name) for name in names}
    except SafetensorError:
        raise RefusedError(
            "a model.safetensors", "a file that is not one", "fetch the package again"
        ) from None
    familiarity = Familiarity.from_tensors(tensors)
    config = config_from_json(fields)
    return AnswerSettings(
        config=config,
        preprocess=Preprocess.load(folder),
        calibration=Calibration.from_json(read_json(folder / CALIBRATION_NAME)),
        familiarity=familiarity,
        metrics=read_json(folder / METRICS_NAME),
        embedding_space=EmbeddingSpace(name=space, dimensions=len(familiarity.mean)),
        version=version_of(config.task, manifest),
    )


def version_of(task: str, manifest: Manifest) -> str:
    """The version that a package's weights give it, whatever engines it was exported to."""
    return f"{task}-{manifest.outputs[WEIGHTS_NAME][:12]}"


def read_task_config(folder: Path) -> dict[str, Any]:
    """config.json of a fine-tuned model, less its kind; RefusedError for another package's."""
    fields = read_json(folder / CONFIG_NAME)
    if fields.pop("kind", None) != KIND:
        raise RefusedError("a fine-tuned model package", "another package", "run finetune with it as --init")
    return fields


def checked_manifest(folder: Path, names: tuple[str, ...] = FILE_NAMES) -> Manifest:
    """The manifest of a folder in which the named files are as they were written; RefusedError otherwise."""
    manifest = read_manifest(folder)
    for name in names:
        path = folder / name
        if name not in manifest.outputs or not path.is_file() or sha256_file(path) != manifest.outputs[name]:
            raise RefusedError(
                "a model package as it was written",
                f"{name} missing or changed",
                "fetch the package again, or fine-tune the model again",
            )
    return manifest


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


def encoder_name(folder: Path) -> str:
    """Name of the image encoder of a package from pretraining or fine-tuning."""
    name = read_json(folder / CONFIG_NAME).get("image_encoder")
    if not isinstance(name, str):
        raise RefusedError("a package with an image encoder", "one without", "name another package")
    return name


def write_json(path: Path, value: Any) -> None:
    """The value as sorted, indented JSON."""
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + os.linesep, encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file of a package; RefusedError when there is none."""
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


def _is_package(folder: Path) -> bool:
    return (folder / MANIFEST_NAME).is_file() and (folder / CONFIG_NAME).is_file()
