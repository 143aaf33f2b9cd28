"""How sure a measured share is."""

from __future__ import annotations

from dataclasses import dataclass

from osteon.domain.errors import RefusedError

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """Found of all, with the interval that holds the true share at 95 %.

    Source: Clopper and Pearson 1934, Biometrika 26:404: exact, never narrower than promised.

    >>> share = Share(300, 300)
    >>> share.value, round(share.low, 4), share.high
    (1.0, 0.9878, 1.0)
    """

    found: int
    all: int

    def __post_init__(self) -> None:
        if not 0 <= self.found <= self.all:
            raise RefusedError("a count between 0 and its total", "another", "correct the figures given")

    @property
    def value(self) -> float:
        """The share; 1 of nothing."""
        return self.found / self.all if self.all else 1.0

    @property
    def low(self) -> float:
        """The lower bound; 0 of nothing."""
        return self._interval()[0]

    @property
    def high(self) -> float:
        """The upper bound; 1 of nothing."""
        return self._interval()[1]

    def _interval(self) -> tuple[float, float]:
        if not self.all:
            return 0.0, 1.0
        from scipy.stats import binomtest

        interval = binomtest(self.found, self.all).proportion_ci(CONFIDENCE, method="exact")
        return float(interval.low), float(interval.high)
