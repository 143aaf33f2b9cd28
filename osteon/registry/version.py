"""What the registry tells about one version of a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from osteon.domain import Manifest, Task
from osteon.registry.promotions import now_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredModel:
    """One version of a task's model, verified, with its package on this machine."""

    task: Task
    version: str
    alias: str
    path: Path
    manifest: Manifest
    digest: str
    since_utc: str
    promotion_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One registered version as `osteon registry list` shows it."""

    task: Task
    version: str
    aliases: tuple[str, ...]
    digest: str
    registered_utc: str
    tags: Mapping[str, str]


def lineage_tags(manifest: Manifest, task: Task, project: str, parents: Sequence[str]) -> dict[str, str]:
    """What MLflow keeps beside a version: where it came from."""
    return {
        "project": project,
        "task": task.value,
        "digest": manifest.digest,
        "parents": json.dumps([*manifest.parents, *parents]),
        "inputs": json.dumps(dict(manifest.inputs)),
        "code_version": manifest.code_version,
        "stage": manifest.stage,
        "registered_utc": now_utc(),
    }
