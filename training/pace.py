"""How a training step is computed: with the threads and the number format that are fastest here and now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch

# Where nothing is timed. Without AMX the conversions may cost what the shorter numbers save: 0.7 to 0.96
# times float32's pictures/s on one processor, 1.8 times on another.
BFLOAT16_PAYS = torch.cpu._is_amx_tile_supported()
BFLOAT16_RUNS = torch.cpu._is_avx512_bf16_supported()
_WARM_STEPS = 2
_TRIES = 2


class Way(NamedTuple):
    """Threads, and whether the network computes in bfloat16."""

    threads: int
    bfloat16: bool


class Pace:
    """Tries the ways to compute a step now and then, on real steps, and stays with the fastest.

    Every layer ends in a barrier, so that a second thread which has to share its core with another
    program delays each of some thousand barriers in a step: 12 pictures/s with two threads against 155
    with one on a loaded machine, about 1.7 times faster with two on an idle one.
    """

    def __init__(
        self,
        most: int,
        *,
        bfloat16: bool = BFLOAT16_RUNS,
        every_s: float = 90.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        formats = (False, True) if bfloat16 else (False,)
        self._ways = [Way(threads, short) for threads in sorted({1, most}) for short in formats]
        self.way = self._ways[0]
        self._every_s, self._clock = every_s, clock
        self._plan = [self.way] * _WARM_STEPS + self._trials()
        self._fastest: dict[Way, float] = {}
        self._steps, self._next, self._begun = 0, 0.0, 0.0

    def begin(self) -> Way:
        """The way of the step that starts now."""
        if not self._plan and self._clock() >= self._next and len(self._ways) > 1:
            self._plan, self._fastest = self._trials(), {}
        if self._plan:
            self.way = self._plan[0]
        self._begun = self._clock()
        return self.way

    def end(self) -> None:
        """Notes the step that `begin` started."""
        self._steps += 1
        if not self._plan:
            return
        taken = self._clock() - self._begun
        way = self._plan.pop(0)
        if self._steps > _WARM_STEPS:
            best = min(self._fastest.values(), default=taken)
            if way.threads > 1 and taken > 2 * best:  # no further such step on a loaded machine
                self._plan = [other for other in self._plan if other.threads == 1]
            self._fastest[way] = min(taken, self._fastest.get(way, taken))
        if not self._plan and self._fastest:
            self.way = min(self._fastest, key=lambda one: self._fastest[one])
            self._next = self._clock() + self._every_s

    def _trials(self) -> list[Way]:
        return [way for way in self._ways for _ in range(_TRIES)]


@contextmanager
def kept_threads() -> Iterator[int]:
    """Gives the number of threads in use and sets it again afterwards."""
    threads = torch.get_num_threads()
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)
