"""What was received, on the disk before it is acknowledged, for its owner alone to read.

The bytes are the hospital's own, with names in them, so the folder is 0700 and its files 0600, file names
are random, and a file leaves when its answer is recorded.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Collection
from pathlib import Path

_ORPHAN_AGE_S = 3600.0


class Spool:
    """A folder of files that survive a crash once `write` has returned."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, *parts: bytes) -> str:
        """The name under which the bytes lie, synced to the disk with their folder's entry."""
        name = secrets.token_hex(16)
        descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(self._folder)
        return name

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        return (self._folder / name).read_bytes()

    def delete(self, name: str) -> None:
        """Remove one file; nothing when it is gone already."""
        (self._folder / name).unlink(missing_ok=True)

    def hand_over(self, name: str, target: Path) -> None:
        """Move one file out of the spool; nothing when it was moved already."""
        for folder in (target.parent.parent, target.parent):  # with parents=True only the last has the mode
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        source = self._folder / name
        if source.exists():
            source.replace(target)
            sync_folder(target.parent)

    def sweep(self, known: Collection[str]) -> int:
        """Remove old files that no row names: their sender was never told that they arrived."""
        limit = time.time() - _ORPHAN_AGE_S
        orphans = [
            path for path in self._folder.iterdir() if path.name not in known and path.stat().st_mtime < limit
        ]
        for path in orphans:
            path.unlink(missing_ok=True)
        return len(orphans)


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
