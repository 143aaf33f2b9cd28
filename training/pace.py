"""How many threads a training step takes: the count that is fastest while the machine is as it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

_WARM_STEPS = 2
_TRIES = 2


class Pace:
    """Tries all threads and one thread now and then, on real steps, and stays with the faster.

    Every layer ends in a barrier, so that a second thread which has to share its core with another
    program delays each of some thousand barriers in a step: 12 pictures/s with two threads against 155
    with one on a loaded machine, about 1.7 times faster with two on an idle one.
    """

    def __init__(
        self, most: int, *, every_s: float = 90.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.threads = most
        self._counts = sorted({most, 1})
        self._every_s, self._clock = every_s, clock
        self._plan = [1] * _WARM_STEPS + self._trials()
        self._fastest: dict[int, float] = {}
        self._steps, self._next, self._begun = 0, 0.0, 0.0

    def begin(self) -> int:
        """Number of threads for the step that starts now."""
        if not self._plan and self._clock() >= self._next and len(self._counts) > 1:
            self._plan, self._fastest = self._trials(), {}
        if self._plan:
            self.threads = self._plan[0]
        self._begun = self._clock()
        return self.threads

    def end(self) -> None:
        """Notes the step that `begin` started."""
        self._steps += 1
        if not self._plan:
            return
        taken = self._clock() - self._begun
        threads = self._plan.pop(0)
        if self._steps > _WARM_STEPS:
            if taken > 2 * min(self._fastest.values(), default=taken):
                self._plan = [count for count in self._plan if count != threads]
            self._fastest[threads] = min(taken, self._fastest.get(threads, taken))
        if not self._plan and self._fastest:
            self.threads = min(self._fastest, key=lambda count: self._fastest[count])
            self._next = self._clock() + self._every_s

    def _trials(self) -> list[int]:
        return [count for count in self._counts for _ in range(_TRIES)]


@contextmanager
def kept_threads() -> Iterator[int]:
    """Gives the number of threads in use and sets it again afterwards."""
    threads = torch.get_num_threads()
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)
