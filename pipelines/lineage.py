"""Whom a model learned from: kept beside the models of a run, and handed to the registry with the version."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from osteon.artefact import read_manifest
from osteon.domain import Task, UsageError, canonical_json
from pipelines.storage import join, read_text, write_text

if TYPE_CHECKING:
    from osteon.registry import Registry


def keep_patients(workspace: str, task: str, model: Path, patients: Path) -> None:
    """The keys of the patients that the package at `model` learned from, at WORKSPACE/lineage/TASK.json."""
    keys = patients.read_text(encoding="utf-8").splitlines()
    kept = {"model": read_manifest(model).digest, "patients": sorted(set(keys))}
    write_text(join(workspace, "lineage", f"{task}.json"), canonical_json(kept))


def patients_of(workspace: str, task: str, digest: str) -> frozenset[str] | None:
    """What was kept for the package of that digest; None when nothing was, or of another package."""
    try:
        kept = json.loads(read_text(join(workspace, "lineage", f"{task}.json")))
    except (OSError, ValueError):
        return None
    return frozenset(kept["patients"]) if kept["model"] == digest else None


def open_registry(address: str, project: str) -> Registry:
    """The registry of a folder or of MLflow's address; empty: of the address in OSTEON_REGISTRY_URI."""
    from osteon.registry import Registry, tracking_address

    where = address or os.environ.get("OSTEON_REGISTRY_URI", "")
    if not where:
        raise UsageError("the registry's address", "none", "name it, or set OSTEON_REGISTRY_URI")
    return Registry(tracking_address(where), project)


def champion_package(registry: str, project: str, task: str) -> str:
    """The folder of the champion's package; `random` where the task has none."""
    store, wanted = open_registry(registry, project), Task.parse(task)
    return str(store.get(wanted).path) if wanted in store.in_production() else "random"
