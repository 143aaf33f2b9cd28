"""Reading and writing artefacts: whole or not at all, each with its manifest."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from osteon.domain.errors import RefusedError
from osteon.domain.manifest import Manifest

MANIFEST_NAME = "manifest.json"
_CHUNK = 1 << 20


def sha256_file(path: Path) -> str:
    """SHA-256 of the file's bytes, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_files(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Name -> SHA-256 for files of one folder, in sorted order."""
    return {name: sha256_file(folder / name) for name in sorted(names)}


def atomic_write(path: Path, content: str | bytes) -> None:
    """The file has all of `content` or does not change: written beside, synced, renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    # A name of its own: threads of one process, and containers with equal process numbers, write at once.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:  # a full disk, Ctrl-C: nothing is left beside; it is raised again
        temporary.unlink(missing_ok=True)
        raise


def write_manifest(folder: Path, manifest: Manifest) -> Path:
    """The folder's manifest.json, written last and atomically: its presence says the artefact is whole."""
    path = folder / MANIFEST_NAME
    written = replace(
        manifest,
        code_version=manifest.code_version or code_version(),
        time_utc=manifest.time_utc or datetime.now(UTC).isoformat(timespec="seconds"),
    )
    atomic_write(path, json.dumps(asdict(written), indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    return path


def read_manifest(folder: Path) -> Manifest:
    """The manifest beside an artefact; RefusedError when it is missing or not one of ours."""
    path = folder / MANIFEST_NAME
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        fields["parents"] = tuple(fields.get("parents", ()))
        return Manifest(**fields)
    except FileNotFoundError:
        raise RefusedError(
            "a folder with a manifest.json", "a folder without one", "run the stage that makes it first"
        ) from None
    except (TypeError, ValueError, AttributeError):
        raise RefusedError(
            "a manifest.json of schema version 1", "a file that is not one", "make the artefact again"
        ) from None


def folder_hash(folder: Path) -> str:
    """Digest of the folder's manifest: what a later stage writes under `inputs`."""
    return read_manifest(folder).digest


@cache
def code_version() -> str:
    """Commit of the checkout this code runs from (`+dirty` when changed), else the package version."""
    root = Path(__file__).resolve().parents[1]
    if (root / ".git").exists():
        try:
            described = subprocess.run(
                ["git", "-C", str(root), "describe", "--always", "--dirty=+dirty", "--abbrev=12"],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
            return described.stdout.strip()
        except (OSError, subprocess.SubprocessError):
            pass
    from importlib.metadata import version

    return version("osteon")
