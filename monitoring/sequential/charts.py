"""Control charts that are updated event by event, many streams at once for their calibration.

Shapes: B independent streams, k coordinates, L memories, C causes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from monitoring.statistics.result import Floats

LEAST_SHIFT, MOST_SHIFT = (
    0.6,
    1.5,
)  # standard deviations; beyond, a chart hangs on the reference's rarest events
CAUSE_SIZES = (0.5, 1.0)  # of a cause's own shift: a change may be half of the one it was learned from


@dataclass(frozen=True, kw_only=True)
class ChartSettings:
    """What is charted.

    Attributes:
        memories: weights of the newest event in the moving means; 0.02 remembers about a hundred events.
        causes: shift of each known cause in the space's coordinates, (C, k), none smaller than `LEAST_SHIFT`:
            a chart that looks for less than its reference can tell would climb by the reference's own error.
    """

    memories: tuple[float, ...] = (0.2, 0.06, 0.02)
    causes: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        if len(self.causes) and np.linalg.norm(self.causes, axis=1).min() < LEAST_SHIFT:
            raise ValueError(
                f"a chart needs a cause that shifts by {LEAST_SHIFT} or more; smaller ones are for naming"
            )

    @property
    def count(self) -> int:
        """Number of charts."""
        return 2 * len(self.memories) + len(self.causes) * len(CAUSE_SIZES)


@dataclass
class ChartState:
    """Where the charts of B streams stand.

    Attributes:
        means: moving means, (B, L, k); squares: of squared coordinates less 1, the same shape.
        sums: cumulative sums of the causes, (B, C * sizes).
        seen: events so far.
    """

    means: Floats
    squares: Floats
    sums: Floats
    seen: int = 0

    @classmethod
    def start(cls, streams: int, width: int, settings: ChartSettings) -> ChartState:
        """Charts that have seen nothing."""
        shape = (streams, len(settings.memories), width)
        return cls(
            means=np.zeros(shape),
            squares=np.zeros(shape),
            sums=np.zeros((streams, len(settings.causes) * len(CAUSE_SIZES))),
        )

    def update(self, event_Bk: Floats, settings: ChartSettings) -> Floats:
        """The statistic of every chart after one event of each stream, (B, charts).

        Moving means: T^2 of Lowry et al. 1992 (Technometrics 34, equation 2.2, with the exact variance), and
        the same of the squares, which sees a change of spread. Causes: the CUSUM of the log likelihood ratio
        of a known shift (Page 1954, Biometrika 41; Lorden 1971).
        """
        self.seen += 1
        weight_L = np.asarray(settings.memories)
        gone_L = 1 - (1 - weight_L) ** (2 * self.seen)
        variance_L = weight_L / (2 - weight_L) * gone_L
        event_B1k = event_Bk[:, None, :]
        self.means += weight_L[:, None] * (event_B1k - self.means)
        self.squares += weight_L[:, None] * (event_B1k**2 - 1 - self.squares)
        spread_BL = np.einsum("blk,blk->bl", self.squares, self.squares) / (2 * variance_L)
        moved_BL = np.einsum("blk,blk->bl", self.means, self.means) / variance_L
        if not len(settings.causes):
            return np.concatenate([moved_BL, spread_BL], axis=1)
        along_BC = event_Bk @ settings.causes.T
        length_C = np.linalg.norm(settings.causes, axis=1)
        sizes = [np.clip(size * length_C, LEAST_SHIFT, size * MOST_SHIFT) / length_C for size in CAUSE_SIZES]
        gains = [size_C * along_BC - (size_C * length_C) ** 2 / 2 for size_C in sizes]
        self.sums = np.maximum(0.0, self.sums + np.concatenate(gains, axis=1))
        return np.concatenate([moved_BL, spread_BL, self.sums], axis=1)
