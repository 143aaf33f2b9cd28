"""Lines of a file that only grows and whose writer may be killed at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def last_lines(stream: BinaryIO, size: int) -> bytes:
    """The last whole line with what follows it; all of the file when it is short."""
    step = 1 << 14
    while True:
        start = max(0, size - step)
        stream.seek(start)
        tail = stream.read(size - start)
        if start == 0 or tail[:-1].count(b"\n") >= 2:
            return tail
        step *= 4


def whole_lines(path: Path) -> Iterator[str]:
    """Each line that was written to its end, without its end."""
    if path.exists():
        with path.open(encoding="utf-8", errors="replace", newline="\n") as stream:
            for line in stream:
                if line.endswith("\n"):
                    yield line[:-1]
