"""One run: set up, load and faults for the time given, drain, reconcile, judge."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.accept_04.checks import Checks, Reigns
from benchmarks.accept_04.disk import small_disk
from benchmarks.accept_04.faults import Faults, Promotions
from benchmarks.accept_04.ledger import Ledger
from benchmarks.accept_04.load import Asking, proper_client
from benchmarks.accept_04.material import Subjects, make_material
from benchmarks.accept_04.models import make_served
from benchmarks.accept_04.plan import EXCUSES, PAUSED, Timeline
from benchmarks.accept_04.processes import TOKENS, Processes
from benchmarks.accept_04.reconcile import drained, reconcile
from benchmarks.accept_04.references import make_references
from benchmarks.accept_04.rude import Rude
from benchmarks.accept_04.verdict import bounds
from benchmarks.accept_04.watch import Watch

_ROUND_S = 150.0
_KILLING = 0.4  # of the rounds: afterwards one process lives on, and its memory is watched
_DISK_MIB = 64
_TELL_S = 20.0


async def soak(home: Path, minutes: float, clients: int, seed: int) -> dict[str, Any]:
    """Every figure of one run, with its bounds."""
    material = make_material()
    served = make_served(home, material)
    references = make_references(served, material)
    with small_disk(home / "disk", _DISK_MIB) as disk:
        checks = Checks(references, served, Reigns(), Ledger(Timeline()))
        for task, versions in served.champions.items():
            checks.reigns.begin(task, versions[0].name)
        processes = Processes(served, disk.folder)
        asking = Asking(processes.url, material, checks, Subjects())
        faults = Faults(
            processes=processes,
            disk=disk,
            timeline=checks.ledger.timeline,
            promotions=Promotions(served, checks.reigns),
            asking=asking,
            rude=Rude(asking, processes.host, processes.port, seed),
            chance=random.Random(f"faults-{seed}"),
        )
        watch = Watch(processes.server)
        try:
            lasted_s = await _under_load(faults, watch, minutes * 60, clients, seed)
            end = await _at_the_end(processes)
        finally:
            await processes.server.end()
            await processes.writer.end()
        records = reconcile(processes.features, checks)
        watch.write(home / "samples.csv")
    figures = _figures(faults, watch, lasted_s) | {"records": records | end.pop("records"), "at_the_end": end}
    return figures | {"bounds": bounds(figures)}


async def _under_load(faults: Faults, watch: Watch, seconds: float, clients: int, seed: int) -> float:
    """Clients ask and faults reign for so long; the seconds that it took in the end."""
    processes, timeline = faults.processes, faults.timeline
    processes.server.start()
    processes.writer.start()
    await processes.ready()
    stop, began = asyncio.Event(), time.monotonic()
    rounds = max(1, round(seconds / _ROUND_S))
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(proper_client(faults.asking, number, TOKENS[number], seed, stop))
        for each in (faults.rude.go_on, faults.promotions.go_on, watch.go_on, timeline.watch_pauses):
            group.create_task(each(stop))
        group.create_task(_tell(faults.asking.checks.ledger, stop))
        try:
            async with timeline.reigns("champions_change"), timeline.reigns("rude_clients"):
                for number in range(rounds):
                    kill = number < max(1, rounds * _KILLING)
                    left_s = began + seconds - time.monotonic()
                    if number and left_s < _ROUND_S / 3:  # a slow machine took the time of the rest
                        break
                    await faults.round(left_s / (rounds - number), kill_server=kill, thorough=rounds > 1)
        finally:
            stop.set()
    return time.monotonic() - began


async def _tell(ledger: Ledger, stop: asyncio.Event) -> None:
    """How the run goes, now and then: who waits for half an hour wants to know."""
    while not stop.is_set():
        await asyncio.sleep(_TELL_S)
        line = {"compared": ledger.compared, "failures": dict(ledger.failures), "examples": ledger.examples}
        print(json.dumps(line), file=sys.stderr, flush=True)


async def _at_the_end(processes: Processes) -> dict[str, Any]:
    """What the server holds when nobody asks any more, how it ends, and what is left in the outbox."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        metrics = (await client.get(f"{processes.url}/metrics")).text
    waiting = re.search(r"^osteon_server_waiting_requests\S* (\S+)$", metrics, re.MULTILINE)
    status = await processes.server.stop()
    log = (processes.home / "server.log").read_text(encoding="utf-8", errors="replace")
    still_waiting = await drained(processes)
    await processes.writer.stop()
    return {
        "waiting_requests": float(waiting[1]) if waiting else None,
        "exit_status": status,
        "faults_in_log": len(re.findall(r"osteon\.server fault |never retrieved|ASGI", log)),
        "records": {"still_waiting": still_waiting},
    }


def _figures(faults: Faults, watch: Watch, lasted_s: float) -> dict[str, Any]:
    ledger, timeline, processes = faults.asking.checks.ledger, faults.timeline, faults.processes
    times, seconds = timeline.times(), timeline.seconds()
    answer_ms = 1000 * np.asarray([each for _, each in ledger.seconds] or [0.0])
    quantiles = {f"p{q}": round(float(np.percentile(answer_ms, q))) for q in (50, 95, 99, 100)}
    return {
        "minutes": round(lasted_s / 60, 1),
        "disk": faults.disk.kind,
        "answers_compared": ledger.compared,
        "statuses": _counted(ledger.statuses),
        "excused": _counted(ledger.excused),
        "rude_clients": _counted(ledger.rude),
        "failures": dict(ledger.failures),
        "examples": ledger.examples,
        "faults": {
            fault: {"times": times[fault], "seconds": seconds[fault], "excuses": _in_words(excuses)}
            for fault, excuses in EXCUSES.items()
            if times[fault] or fault != "server_killed_on_a_full_disk"
        },
        "machine_paused": {"times": times[PAUSED], "seconds": seconds[PAUSED]},
        "told_to_come_back": dict(faults.told_to_come_back),
        "writer_killed_holding_events": faults.told_apart["writer_killed_holding_events"],
        "reloads": {"done": faults.promotions.done, "rolled_back": faults.promotions.rolled_back},
        "starts": {"server": processes.server.starts, "writer": processes.writer.starts},
        "server": watch.figures(),
        "answer_ms": quantiles,
    }


def _counted(counter: Counter[tuple[str, int]]) -> dict[str, int]:
    return {f"{name} {status}": count for (name, status), count in sorted(counter.items())}


def _in_words(excuses: Mapping[int, frozenset[str] | None]) -> str:
    return (
        "; ".join(
            f"{status or 'cut off'} on {'every route' if routes is None else ', '.join(sorted(routes))}"
            for status, routes in excuses.items()
        )
        or "none"
    )
