"""How far a stage has come, as JSON lines in a file that whoever waits for the run can follow."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRESS_FILE = "OSTEON_PROGRESS_FILE"  # set by the local runner; unset on a cluster, where it is a log line
_SECONDS_BETWEEN_LINES = 0.5


@contextmanager
def stage_progress(stage: str) -> Iterator[Callable[[int, int], None]]:
    """Yields a function of (done, total) that records how far the stage is, its start and its end."""
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES or done >= total:
            last = now
            _record({"stage": stage, "done": done, "total": total})

    _record({"stage": stage, "done": 0, "total": 0})
    yield report
    _record({"stage": stage, "done": 1, "total": 1, "finished": True})


def _record(line: dict[str, object]) -> None:
    path = os.environ.get(PROGRESS_FILE)
    if path:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
