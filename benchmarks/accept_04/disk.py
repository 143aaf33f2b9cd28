"""A small disk of its own for the outbox, which can be filled to the last byte."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from osteon.domain import FaultError


class SmallDisk:
    """A file system in memory: full means `ENOSPC` for whoever writes there."""

    kind = "tmpfs"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, _pid: int) -> None:
        """Take every free byte."""
        with self._ballast.open("ab") as stream:
            for size in (2**20, 2**12, 1):
                with suppress(_Full):
                    while True:
                        _write(stream.fileno(), b"\0" * size)

    def free(self, _pid: int) -> None:
        """Give them back."""
        self._ballast.unlink(missing_ok=True)


class _Full(Exception):  # noqa: N818  no error: what was wanted
    pass


def _write(descriptor: int, data: bytes) -> None:
    try:
        if os.write(descriptor, data) < len(data):
            raise _Full
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise _Full from error


class LimitedProcess:
    """Where nothing may be mounted: the server's process may write no byte beyond any file's first ones.

    The kernel answers `EFBIG` instead of `ENOSPC`; SQLite takes both as a write that failed.
    """

    kind = "RLIMIT_FSIZE"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        """No more writing."""
        self._limit(pid, 1)

    def free(self, pid: int) -> None:
        """Writing again."""
        self._limit(pid, psutil.RLIM_INFINITY)

    def _limit(self, pid: int, size: int) -> None:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (size, psutil.RLIM_INFINITY))


Disk = SmallDisk | LimitedProcess


@contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[Disk]:
    """A disk of that size mounted at the folder; a limited process where mounting is not allowed."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=700", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, timeout=30).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        yield LimitedProcess(folder)
        return
    try:
        yield SmallDisk(folder)
    finally:
        done = subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, text=True, timeout=30)
        if done.returncode:
            raise FaultError("to unmount the small disk", "an error of umount", f"run `umount {folder}`")
