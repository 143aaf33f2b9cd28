"""Which fault reigns when, and which errors it excuses: everything else is a failure of the run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

CUT: Final = 0  # no whole answer: the connection was refused or broke off
# Routes that write before they answer.
RECORDING = frozenset({"predict", "search", "zeroshot", "report-draft"})

# Fault -> (status, routes) that it excuses; CUT has no status. 429 and 503 must carry Retry-After.
EXCUSES: Final[Mapping[str, Mapping[int, frozenset[str] | None]]] = {
    "champions_change": {},
    "challenger_in_shadow": {},
    "server_killed": {CUT: None, 503: None},
    "disk_full": {503: RECORDING},
    "server_killed_on_a_full_disk": {CUT: None, 503: None},
    "writer_stopped": {},
    "writer_killed": {},
    "rude_clients": {},
    "too_many_at_once": {429: None},
    "token_too_fast": {},
}
# Not of our making: every process of the run stood still, as in a virtual machine that is moved.
PAUSED: Final = "machine_paused"
_PAUSED_EXCUSES: Final[Mapping[int, frozenset[str] | None]] = {CUT: None, 408: None, 429: None, 503: None}
GRACE_S = 1.0  # a fault's end is seen by the server a little later
_BEAT_S, _MISSED_S, _AFTER_PAUSE_S = 0.25, 3.0, 10.0


@dataclass(frozen=True, slots=True)
class Window:
    """A fault that reigned."""

    fault: str
    began: float
    ended: float


@dataclass(slots=True)
class Timeline:
    """When each fault reigned; times are monotonic seconds."""

    windows: list[Window] = field(default_factory=list)
    _open: dict[str, float] = field(default_factory=dict)
    _beat: float = field(default_factory=time.monotonic)

    @asynccontextmanager
    async def reigns(self, fault: str) -> AsyncIterator[None]:
        """The fault reigns until the block ends, and a moment longer."""
        assert fault in EXCUSES, fault
        began = self._open[fault] = time.monotonic()
        try:
            yield
            await asyncio.sleep(GRACE_S)
        finally:
            self._open.pop(fault, None)
            self.windows.append(Window(fault, began, time.monotonic()))

    async def watch_pauses(self, stop: asyncio.Event) -> None:
        """Notice when the machine stood still: nobody may be blamed for that."""
        while not stop.is_set():
            self._notice_pause()
            await asyncio.sleep(_BEAT_S)

    def _notice_pause(self) -> None:
        now = time.monotonic()
        if now - self._beat > _MISSED_S:
            self.windows.append(Window(PAUSED, self._beat, now + _AFTER_PAUSE_S))
        self._beat = now

    def between(self, began: float, ended: float) -> frozenset[str]:
        """Faults that reigned at some moment of a span."""
        past = {each.fault for each in self.windows if each.began <= ended and each.ended >= began}
        return frozenset(past | {fault for fault, since in self._open.items() if since <= ended})

    def excuses(self, route: str, status: int, began: float, ended: float) -> bool:
        """Whether a fault of that span promises this error on this route."""
        self._notice_pause()
        for fault in self.between(began, ended):
            routes = EXCUSES.get(fault, _PAUSED_EXCUSES).get(status, frozenset())
            if routes is None or route in routes:
                return True
        return False

    @property
    def last_s(self) -> float:
        """How long the fault that ended last had reigned."""
        return self.windows[-1].ended - self.windows[-1].began

    def seconds(self) -> dict[str, float]:
        """How long each fault reigned in all."""
        return {
            fault: round(sum(one.ended - one.began for one in self.windows if one.fault == fault), 1)
            for fault in (*EXCUSES, PAUSED)
        }

    def times(self) -> dict[str, int]:
        """How often each fault reigned."""
        return {fault: sum(one.fault == fault for one in self.windows) for fault in (*EXCUSES, PAUSED)}
