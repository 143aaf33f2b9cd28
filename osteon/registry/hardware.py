"""What a run was computed on: processors, memory, threads, accelerators, versions."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

_CPU_INFO = Path("/proc/cpuinfo")


def hardware() -> dict[str, str]:
    """Flat facts as text; no host name and no address, which would tell of a hospital's network."""
    facts = {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cpu": _cpu_name(),
        "cpu_cores": str(os.cpu_count() or 0),
        "cpu_cores_usable": str(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else "",
        "memory_gb": _memory_gb(),
    }
    torch: Any = sys.modules.get("torch")  # only where the run has used it: importing it takes seconds
    if torch is not None:
        facts |= {"torch": str(torch.__version__), "torch_threads": str(torch.get_num_threads())}
        if torch.cuda.is_available():
            facts["accelerator"] = f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}"
    return {name: value for name, value in facts.items() if value}


def _cpu_name() -> str:
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")


def _memory_gb() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f}"
    except (ValueError, OSError, AttributeError):
        return ""
