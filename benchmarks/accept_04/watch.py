"""Memory, descriptors and threads of the server while it lives."""

from __future__ import annotations

import asyncio
import csv
import time
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.accept_04.processes import Supervised

_WARM_UP = 1 / 3  # of the last life: caches, allocator and pools fill


@dataclass(frozen=True, slots=True)
class Sample:
    """The process at one moment; `files` are its descriptors that are no sockets."""

    time_s: float
    pid: int
    rss_mib: float
    files: int
    sockets: int
    threads: int


@dataclass(slots=True)
class Watch:
    """Samples of the server, whatever process it is at the time."""

    server: Supervised
    samples: list[Sample] = field(default_factory=list)

    async def go_on(self, stop: asyncio.Event, pause_s: float = 1.0) -> None:
        """Look once a second until told to stop."""
        while not stop.is_set():
            self.look()
            await asyncio.sleep(pause_s)

    def look(self) -> None:
        """One sample, where there is a process."""
        pid = self.server.pid
        if pid is None:
            return
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                sockets = len(process.net_connections("all"))
                sample = Sample(
                    time_s=time.monotonic(),
                    pid=pid,
                    rss_mib=process.memory_info().rss / 2**20,
                    files=process.num_fds() - sockets,
                    sockets=sockets,
                    threads=process.num_threads(),
                )
        except psutil.Error:
            return
        self.samples.append(sample)

    def last_life(self) -> list[Sample]:
        """Samples of the process that lived last, its warm-up left out."""
        pid = self.samples[-1].pid
        own = [each for each in self.samples if each.pid == pid]
        first, last = own[0].time_s, own[-1].time_s
        return [each for each in own if each.time_s >= first + _WARM_UP * (last - first)]

    def write(self, file: Path) -> None:
        """Every sample as a row, for who wants to draw it."""
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow([each.name for each in fields(Sample)])
            writer.writerows(astuple(each) for each in self.samples)

    def figures(self) -> dict[str, Any]:
        """What the last life shows: the slope of memory with its interval of 95 % (Theil and Sen)."""
        from scipy.stats import theilslopes

        life = self.last_life()
        times = np.asarray([each.time_s for each in life])
        rss = np.asarray([each.rss_mib for each in life])
        slope, _, low, high = theilslopes(rss, times)
        span_s = float(times[-1] - times[0])
        third = max(1, len(life) // 3)
        return {
            "watched_s": round(span_s),
            "rss_mib": round(float(np.median(rss))),
            "rss_max_mib": round(float(rss.max())),
            "rss_slope_mib_per_hour": [round(3600 * float(each), 1) for each in (slope, low, high)],
            "rss_growth_mib": round(float(slope) * span_s, 1),
            "files": _ends([each.files for each in life], third),
            "sockets_max": max(each.sockets for each in life),
            "threads": _ends([each.threads for each in life], third),
        }


def _ends(values: list[int], third: int) -> dict[str, int]:
    """Median of the first and of the last third, and the most."""
    return {
        "first": int(np.median(values[:third])),
        "last": int(np.median(values[-third:])),
        "max": max(values),
    }
