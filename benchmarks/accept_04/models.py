"""What is served: several versions of each task's model, a challenger, a dual encoder and its index."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accept_04.material import TASKS, Material, file_of
from osteon.domain import FaultError, Task
from osteon.models import Predictor
from osteon.models.export import export_package
from osteon.pairs import build_pairs
from osteon.registry import Registry
from tests.deid_folder import write_deid_folder
from tests.model_packages import HMAC_KEY, make_model_package
from tests.registries import new_registry
from training.pretrain import pretrain

VERSIONS = 3
CHALLENGED = "bone-age"
_EXPORTED = "fracture"  # its versions answer through onnxruntime, the others through torch


@dataclass(frozen=True, slots=True)
class Version:
    """A registered model; `name` is the `model_version` that answers carry."""

    task: str
    number: str
    folder: Path
    name: str


@dataclass(frozen=True, slots=True)
class Served:
    """Everything that the server reads.

    Attributes:
        champions: task -> versions that take turns in production; the first is there at the start.
        challenger: a version that only ever answers in shadow.
    """

    home: Path
    registry: Registry
    champions: Mapping[str, tuple[Version, ...]]
    challenger: Version
    dual: Path
    index: Path

    @property
    def versions(self) -> list[Version]:
        """All of them."""
        return [*(each for own in self.champions.values() for each in own), self.challenger]


def make_served(home: Path, material: Material) -> Served:
    """Packages with random weights that answer every picture, the first version of each in production."""
    registry = new_registry(home / "registry")
    pictures = [home / "example.dcm"]
    pictures[0].write_bytes(file_of(material, "hand-0"))
    champions = {
        task: tuple(_registered(registry, home, task, seed, pictures) for seed in range(VERSIONS))
        for task in TASKS
    }
    for task, versions in champions.items():
        registry.promote(Task(task), versions[0].number, actor="soak", reason="the first")
    challenger = _registered(registry, home, CHALLENGED, VERSIONS, pictures)
    dual, index = _dual_encoder(home)
    return Served(home, registry, champions, challenger, dual, index)


def _registered(registry: Registry, home: Path, task: str, seed: int, pictures: list[Path]) -> Version:
    folder = make_model_package(home / "packages" / f"{task}-{seed}", task, seed=seed)
    if task == _EXPORTED:
        export_package(folder, "onnx", pictures)
    name = Predictor.load(folder, hmac_key=HMAC_KEY).model_version
    return Version(task, registry.register(folder, Task(task)), folder, name)


def _dual_encoder(home: Path) -> tuple[Path, Path]:
    """A dual encoder trained for a moment, and the index of its pairs, built as an operator does."""
    pairs, model, index = home / "pairs", home / "dual", home / "index"
    build_pairs(write_deid_folder(home / "deid", 60), pairs, size=64, workers=1)
    pretrain("tiny", pairs, model, seed=3)
    command = [
        *(sys.executable, "-m", "osteon.cli", "index", "build", "--model", str(model), "--json"),
        *("--index", str(index), "--pairs", str(pairs), "--outbox", f"sqlite:///{home}/index-outbox.db"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise FaultError("an index", "an error of `osteon index build`", done.stderr[-500:])
    return model, index
