"""What every acceptance program writes: command, commit, hardware, figures."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from osteon.artefact import atomic_write, code_version


def hardware() -> dict[str, Any]:
    """Processor, cores and memory of this machine."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown"
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "python": platform.python_version(),
    }


def write_record(path: Path, figures: dict[str, Any]) -> dict[str, Any]:
    """The record, written to `path` and returned."""
    record = {
        "command": " ".join([Path(sys.executable).name, "-m", *_module_and_arguments()]),
        "commit": code_version(),
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": hardware(),
        "figures": figures,
    }
    atomic_write(path, json.dumps(record, indent=2) + "\n")
    return record


def _module_and_arguments() -> list[str]:
    spec = sys.modules["__main__"].__spec__
    return [spec.name if spec else Path(sys.argv[0]).name, *sys.argv[1:]]
