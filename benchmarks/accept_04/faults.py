"""What is done to the processes while clients ask: promotions, kills, a full disk, a stopped writer."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from benchmarks.accept_04.checks import Reigns
from benchmarks.accept_04.disk import Disk
from benchmarks.accept_04.load import Asking, burst
from benchmarks.accept_04.models import Served, Version
from benchmarks.accept_04.plan import Timeline
from benchmarks.accept_04.processes import PLACES, TOKENS, Processes
from benchmarks.accept_04.rude import Rude
from osteon.domain import FaultError, Task

PROMOTION_PAUSE_S = 4.0
_FAILED_START_S = 60.0
_MOST_WAIT_S = 20.0


@dataclass(slots=True)
class Promotions:
    """Champions change all the time: two promotions of a task, then a rollback, task after task."""

    served: Served
    reigns: Reigns
    done: int = 0
    rolled_back: int = 0
    _next: dict[str, int] = field(default_factory=dict)

    async def go_on(self, stop: asyncio.Event) -> None:
        """Change one champion after another until told to stop."""
        while not stop.is_set():
            for task in self.served.champions:
                await asyncio.to_thread(self._change, task)
                await _sleep(PROMOTION_PAUSE_S, stop)
                if stop.is_set():
                    return

    def _change(self, task: str) -> None:
        turn = self._next[task] = self._next.get(task, 0) + 1
        versions = self.served.champions[task]
        if turn % 3 == 0:
            new = self.served.registry.rollback(Task(task), actor="soak", reason="the third turn")
            self.rolled_back += 1
        else:
            wanted = versions[turn % len(versions)]
            new = self.served.registry.promote(Task(task), wanted.number, actor="soak", reason="its turn")
        self.done += 1
        self.reigns.begin(task, _named(versions, new.to_version).name)

    def challenge(self) -> None:
        """The challenger is asked in shadow from now on."""
        challenger = self.served.challenger
        self.served.registry.promote(
            Task(challenger.task), challenger.number, "challenger", actor="soak", reason="to compare"
        )

    def withdraw(self) -> None:
        """The challenger is asked no more."""
        task = Task(self.served.challenger.task)
        self.served.registry.withdraw(task, "challenger", actor="soak", reason="compared")


def _named(versions: tuple[Version, ...], number: str) -> Version:
    return next(each for each in versions if each.number == number)


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


@dataclass(slots=True)
class Faults:
    """One round of every fault, each for a share of the round's time.

    Attributes:
        told_to_come_back: how often a flood was answered 429, by its kind.
        told_apart: how often a kill hit where it was meant to.
    """

    processes: Processes
    disk: Disk
    timeline: Timeline
    promotions: Promotions
    asking: Asking
    rude: Rude
    chance: random.Random
    told_to_come_back: Counter[str] = field(default_factory=Counter)
    told_apart: Counter[str] = field(default_factory=Counter)

    async def round(self, seconds: float, *, kill_server: bool, thorough: bool) -> None:
        """Every fault in turn; without `kill_server` the server's process lives through it."""
        kills = [(self.server_killed, 2.0)] if kill_server else []
        if kill_server and thorough and self.disk.kind == "tmpfs":  # a limit ends with the process it is of
            kills.append((self.server_killed_on_a_full_disk, 1.5))
        shares: list[tuple[Callable[[float], Awaitable[None]], float]] = [
            *kills,
            (self.calm, 1.0),
            (self.writer_stopped, 1.5),
            (self.too_many, 0.5),
            (self.disk_full, 1.0),
            (self.writer_killed, 1.0),
            (self.shadow, 1.5),
            (self.token_too_fast, 0.5),
        ]
        unit_s = seconds / sum(share for _, share in shares)
        for fault, share in shares:
            await fault(share * unit_s)

    async def calm(self, seconds: float) -> None:
        """Nothing is done."""
        await asyncio.sleep(seconds)

    async def server_killed(self, seconds: float) -> None:
        """kill -9 in the middle of whatever it does; the supervisor starts it again."""
        async with self.timeline.reigns("server_killed"):
            self.processes.server.kill()
            await asyncio.sleep(0.05)
            await self.processes.ready()
        await asyncio.sleep(max(0.0, seconds - self.timeline.last_s))

    async def server_killed_on_a_full_disk(self, seconds: float) -> None:
        """It may not be able to start until there is room; then it does."""
        server = self.processes.server
        async with self.timeline.reigns("server_killed_on_a_full_disk"):
            self.disk.fill(0)
            before = server.starts
            server.kill()
            with suppress(FaultError):
                await self.processes.ready(_FAILED_START_S, unless=lambda: server.starts > before + 1)
            self.disk.free(0)
            await self.processes.ready()
        await asyncio.sleep(max(0.0, seconds - self.timeline.last_s))

    async def disk_full(self, seconds: float) -> None:
        """Not a byte more for the outbox; then room again."""
        pid = self.processes.server.pid or 0
        async with self.timeline.reigns("disk_full"):
            self.disk.fill(pid)
            await asyncio.sleep(seconds * 0.6)
            self.disk.free(pid)
        await asyncio.sleep(seconds * 0.4)

    async def writer_stopped(self, seconds: float) -> None:
        """Nothing reaches the feature store for a while."""
        async with self.timeline.reigns("writer_stopped"):
            await self.processes.writer.stop()
            await asyncio.sleep(seconds)
            self.processes.writer.start()

    async def writer_killed(self, seconds: float) -> None:
        """kill -9 of the writer while it holds events that the feature store may have or not."""
        async with self.timeline.reigns("writer_killed"):
            for _ in range(2):
                if await self._holds_events(_MOST_WAIT_S):
                    self.told_apart["writer_killed_holding_events"] += 1
                self.processes.writer.kill()
                await asyncio.sleep(seconds / 2)

    async def _holds_events(self, limit_s: float) -> bool:
        """Whether the writer came to hold events, at the moment that it does."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if self.processes.held_events():
                await asyncio.sleep(0.1 * self.chance.random())
                return True
            await asyncio.sleep(0.005)
        return False

    async def too_many(self, seconds: float) -> None:
        """More at once than there are places."""
        async with self.timeline.reigns("too_many_at_once"):
            self.told_to_come_back["too_many"] += await burst(self.asking, 3 * PLACES, TOKENS, self.chance)
        await asyncio.sleep(max(0.0, seconds - self.timeline.last_s))

    async def token_too_fast(self, seconds: float) -> None:
        """One token asks more than its rate."""
        async with self.timeline.reigns("token_too_fast"):
            self.told_to_come_back["too_fast"] += await self.rude.asks_too_fast()
        await asyncio.sleep(max(0.0, seconds - self.timeline.last_s))

    async def shadow(self, seconds: float) -> None:
        """A challenger is asked in shadow, and withdrawn."""
        async with self.timeline.reigns("challenger_in_shadow"):
            await asyncio.to_thread(self.promotions.challenge)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.promotions.withdraw)
