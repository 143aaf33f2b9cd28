"""How far a run has come and the learning rate that belongs to it, by time or by pictures seen."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Budget:
    """A run ends when its time is up or its pictures are seen, whichever comes first.

    With a time limit the schedule follows the clock, so that the learning rate always reaches its end,
    however fast the machine is.

    Attributes:
        samples: pictures to see at most, counted again in each epoch.
        deadline: `time.monotonic()` at which to stop; None for no limit.
    """

    samples: int
    deadline: float | None = None
    seen: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def progress(self) -> float:
        """Part of the run that is over, 0 to 1."""
        by_samples = self.seen / max(1, self.samples)
        if self.deadline is None:
            return min(1.0, by_samples)
        by_time = (time.monotonic() - self.started) / max(1e-9, self.deadline - self.started)
        return min(1.0, max(by_samples, by_time))


def learning_rate(peak: float, progress: float, *, warmup: float, floor: float = 0.01) -> float:
    """Linear rise, then half a cosine down to `floor` of the peak (Loshchilov 2017, arXiv:1608.03983).

    >>> learning_rate(1.0, 0.1, warmup=0.1), round(learning_rate(1.0, 1.0, warmup=0.1), 6)
    (1.0, 0.01)
    """
    if progress < warmup:
        return peak * max(floor, progress / warmup)
    part = (progress - warmup) / (1 - warmup)
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * part)))
