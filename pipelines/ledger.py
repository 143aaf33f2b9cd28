"""What each stage was last run on: a stage whose inputs and settings are unchanged has nothing to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osteon.artefact import read_manifest
from osteon.domain import Manifest, RefusedError, canonical_json, sha256_text
from pipelines.storage import join, read_text, reading, remove_file, write_text, writing


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """One stage's outcome: where its artefact lies, its manifest's digest, whether work was done."""

    stage: str
    uri: str
    digest: str
    reused: bool


def stage_key(stage: str, inputs: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """Equal when a rerun would make the same artefact again."""
    return sha256_text(canonical_json({"stage": stage, "inputs": dict(inputs), "settings": dict(settings)}))


def ledger_uri(uri: str) -> str:
    """Where the entry of an artefact lies: beside its folder, since a package lists each of its own files.

    >>> ledger_uri("s3://bucket/run/pairs")
    's3://bucket/run/.stages/pairs.json'
    """
    parent, _, name = uri.rstrip("/").rpartition("/")
    return join(parent, ".stages", f"{name}.json")


def current_digest(uri: str, key: str) -> str | None:
    """Digest of the artefact at the URI when it was made under that key and is whole; else None."""
    try:
        entry = json.loads(read_text(ledger_uri(uri)))
        with reading(uri) as folder:
            digest = read_manifest(folder).digest
    except (OSError, ValueError, RefusedError):
        return None
    return digest if entry == {"key": key, "digest": digest} else None


def run_stage(
    stage: str,
    uri: str,
    *,
    inputs: Mapping[str, str],
    settings: Mapping[str, Any],
    work: Callable[[Path], Manifest],
) -> StageRun:
    """The stage's artefact at `uri`, made by `work(folder)` unless it is there already."""
    key = stage_key(stage, inputs, settings)
    digest = current_digest(uri, key)
    if digest is not None:
        return StageRun(stage=stage, uri=uri, digest=digest, reused=True)
    remove_file(ledger_uri(uri))  # a stage that is killed half-way leaves no claim, not even an older one
    with writing(uri) as folder:
        work(folder)
        digest = read_manifest(folder).digest
    write_text(ledger_uri(uri), canonical_json({"key": key, "digest": digest}))
    return StageRun(stage=stage, uri=uri, digest=digest, reused=False)
