"""Real hands and knees, learned from random weights in twenty minutes each and measured on their test rows.

    python -m benchmarks.accept_01_real --json accept/accept-01-real.json

Runs `osteon finetune` and `osteon evaluate` as a person would. About 41 minutes on two cores. The test rows
are opened here, at the end of each run, and nowhere else; settings were chosen on validation rows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks._record import write_record

BOUNDS = {"bone-age": ("mae_months", 12.0, "at most"), "knee-oa": ("qwk", 0.72, "at least")}
TABLES = {"bone-age": "bone_age/manifest.csv", "knee-oa": "knee_kl/manifest.csv"}


def osteon(*arguments: str) -> Any:
    """The JSON that an osteon command prints; its progress goes to this program's standard error."""
    command = [sys.executable, "-m", "osteon.cli", *arguments, "--json"]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)


def measure(task: str, table: Path, minutes: float, seed: int, folder: Path) -> dict[str, Any]:
    """Seconds, validation and test figures of one task."""
    model = folder / task
    before = time.monotonic()
    manifest = osteon(
        "finetune", "--task", task, "--data", str(table), "--init", "random", "--output", str(model),
        "--seed", str(seed), "--time-limit", str(minutes),
    )  # fmt: skip
    seconds = time.monotonic() - before
    result = osteon("evaluate", "--model", str(model), "--data", str(table))
    name, bound, side = BOUNDS[task]
    value = result["metrics"][name]
    return {
        "test": result,
        "validation": manifest["figures"]["validation"],
        "rows_learned": manifest["figures"]["rows_learned"],
        "samples": manifest["figures"]["samples"],
        "seconds": round(seconds, 1),
        "time_limit_min": minutes,
        "seed": seed,
        "bound": f"{name} {side} {bound:g}",
        "met": bool(value <= bound if side == "at most" else value >= bound),
    }


def main() -> None:
    """Runs both tasks and writes the record; exits 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tasks", nargs="+", choices=sorted(BOUNDS), default=sorted(BOUNDS))
    parser.add_argument("--keep", type=Path, help="folder in which the models stay")
    arguments = parser.parse_args()
    data = Path(os.environ.get("OSTEON_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        figures = {
            task: measure(task, data / TABLES[task], arguments.minutes, arguments.seed, folder)
            for task in arguments.tasks
        }
    print(json.dumps(write_record(arguments.json, figures)))
    sys.exit(0 if all(one["met"] for one in figures.values()) else 1)


if __name__ == "__main__":
    main()
