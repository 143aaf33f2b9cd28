"""`make up` on a fresh clone, then again, then `make down`: seconds and peak memory.

    python -m benchmarks.accept_01_up --json accept/accept-01-up.json

Peak memory: the largest sum of proportional set sizes over all processes of the clone, twice a second.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks._record import write_record

INTERVAL_S = 0.5
LIMIT_S = 3600


class PeakMemory:
    """Samples the summed PSS of every process that works in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.peak_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            total = 0
            for process in psutil.process_iter():
                try:
                    if process.cwd().startswith(self.folder):
                        total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak_bytes = max(self.peak_bytes, total)


def timed(command: list[str], folder: Path) -> tuple[float, str]:
    """Seconds and output of a command that has to succeed."""
    start = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return time.monotonic() - start, done.stdout


def measure(clone: Path) -> dict[str, Any]:
    """Figures of a first and a second `make up` in a clone of this checkout."""
    root = Path(__file__).resolve().parents[1]
    subprocess.run(["git", "clone", "-q", str(root), str(clone)], check=True)
    with PeakMemory(clone) as memory:
        cold_s, output = timed(["make", "up"], clone)
        timed(["make", "down"], clone)
        warm_s, _ = timed(["make", "up"], clone)
        running_s, _ = timed(["make", "up"], clone)
        timed(["make", "down"], clone)
    return {
        "cold_s": round(cold_s, 1),
        "warm_restart_s": round(warm_s, 1),
        "already_running_s": round(running_s, 1),
        "peak_pss_gib": round(memory.peak_bytes / 2**30, 2),
        "printed": output.strip().splitlines()[-6:],
    }


def main() -> None:
    """Runs and records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("accept/accept-01-up.json"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="osteon-clone-") as scratch:
        figures = measure(Path(scratch) / "osteon")
    print(write_record(arguments.json, figures))


if __name__ == "__main__":
    main()
