"""Control charts that are updated event by event, many streams at once for their calibration.

Shapes: B independent streams, k coordinates, L memories, C causes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.sequential.likelihood import CauseLikelihood
from monitoring.statistics.result import Floats


@dataclass(frozen=True, kw_only=True)
class ChartSettings:
    """What is charted.

    Attributes:
        memories: weights of the newest event in the moving means; 0.02 remembers about a hundred events.
        causes: what the known causes look like; None for none.
    """

    memories: tuple[float, ...] = (0.2, 0.06, 0.02)
    causes: CauseLikelihood | None = None

    @property
    def count(self) -> int:
        """Number of charts."""
        return 2 * len(self.memories) + self.cause_charts

    @property
    def cause_charts(self) -> int:
        """Number of charts of known causes."""
        return 0 if self.causes is None else self.causes.count


@dataclass
class ChartState:
    """Where the charts of B streams stand.

    Attributes:
        means: moving means, (B, L, k); squares: of squared coordinates less 1, the same shape.
        sums: cumulative sums of the causes, (B, C * shares).
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
            sums=np.zeros((streams, settings.cause_charts)),
        )

    def update(self, event_Bk: Floats, settings: ChartSettings) -> Floats:
        """The statistic of every chart after one event of each stream, (B, charts).

        Moving means: T^2 of Lowry et al. 1992 (Technometrics 34, equation 2.2, with the exact variance), and
        the same of the squares, which sees a change of spread. Causes: the CUSUM of their log
        likelihood ratio (Page 1954, Biometrika 41; Lorden 1971).
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
        if settings.causes is None:
            return np.concatenate([moved_BL, spread_BL], axis=1)
        self.sums = np.maximum(0.0, self.sums + settings.causes.gains(event_Bk))
        return np.concatenate([moved_BL, spread_BL, self.sums], axis=1)
