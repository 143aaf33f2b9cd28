"""One monitored stream: event by event, an alarm with a promised run length, and what it looks like."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from monitoring.sequential.attribution import LikelyCause, ranked_causes
from monitoring.sequential.calibration import Calibration, calibrate
from monitoring.sequential.charts import LEAST_SHIFT, ChartSettings, ChartState
from monitoring.sequential.detectability import Detectability, detectability
from monitoring.sequential.space import MonitoredSpace
from monitoring.statistics.result import Floats

_REMEMBERED = 256  # newest events among which a change's beginning is looked for


@dataclass(frozen=True, kw_only=True)
class StreamModel:
    """What a stream is compared with; made once from a reference, the same for the same seed.

    Attributes:
        signatures: change that each known cause makes, (k,) each.
        run_length: events between two false alarms that are promised on average.
    """

    space: MonitoredSpace
    settings: ChartSettings
    calibration: Calibration
    signatures: Mapping[str, Floats]
    height: float
    run_length: float
    detectability: Detectability

    @classmethod
    def fit(
        cls,
        reference: ArrayLike,
        *,
        run_length: float,
        seed: int,
        cells: Sequence[str] | None = None,
        altered: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
        components: int = 12,
        memories: tuple[float, ...] = (0.2, 0.06, 0.02),
    ) -> StreamModel:
        """The model of a reference.

        Args:
            reference: embeddings of one embedding space, (n, D).
            cells: case-mix cell of each row, see `MonitoredSpace.fit`.
            altered: name of a cause -> embeddings of pictures without and with it, (m, D) each, in one order.
        """
        rng = np.random.default_rng([seed, 7])
        space, coordinates = MonitoredSpace.fit(reference, cells, components=components, rng=rng)
        signatures = {
            name: (space.project(after) - space.project(before)).mean(axis=0)
            for name, (before, after) in (altered or {}).items()
        }
        charted = [shift for shift in signatures.values() if np.linalg.norm(shift) >= LEAST_SHIFT]
        causes = np.stack(charted) if charted else np.zeros((0, space.width))
        settings = ChartSettings(memories=memories, causes=causes)
        calibration = calibrate(coordinates, settings, rng)
        height = calibration.height(run_length)
        return cls(
            space=space,
            settings=settings,
            calibration=calibration,
            signatures=signatures,
            height=height,
            run_length=run_length,
            detectability=detectability(coordinates, settings, calibration, height, rng),
        )


@dataclass
class Stream:
    """A stream that runs: its charts, and since when they stand high.

    Attributes:
        level: height of the joint chart over that of the alarm; 1 and more alarms.
        since: number of the last event before the change, as the alarm saw it; 0 without one.
        alarm: number of the event that raised the alarm that still holds; None without one.
    """

    model: StreamModel
    level: float = 0.0
    since: int = 0
    alarm: int | None = None
    _state: ChartState = field(init=False)
    _statistics: Floats = field(init=False)
    _recent: deque[Floats] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def __post_init__(self) -> None:
        self._state = ChartState.start(1, self.model.space.width, self.model.settings)
        self._statistics = self.model.calibration.level.copy()

    @property
    def events(self) -> int:
        """Events seen."""
        return self._state.seen

    def update(self, embedding: ArrayLike, cell: str | None = None) -> float:
        """Takes one event (D,) and gives `level`; an alarm holds until nothing is unusual any more."""
        cells = None if cell is None else [cell]
        event_1k = self.model.space.project(embedding, cells)
        self._statistics = self._state.update(event_1k, self.model.settings)[0]
        joint = float(self.model.calibration.joint(self._statistics))
        self.level = joint / self.model.height
        self._recent.append(event_1k[0])
        if joint <= 0:
            self.since, self.alarm = 0, None
        elif joint >= self.model.height and self.alarm is None:
            self.since, self.alarm = self.events - changed_for(np.array(self._recent)), self.events
        return self.level

    @property
    def smallest_detectable(self) -> float | None:
        """Standard deviations: a silent stream shows that no larger change is there; None: nothing yet."""
        return self.model.detectability.smallest(self.events)

    def shift(self) -> Floats:
        """The change of the mean as the chart that stands highest sees it, (k,)."""
        calibration, charts = self.model.calibration, len(self.model.settings.memories)
        own = (self._statistics[:charts] - calibration.level[:charts]) / calibration.scale[:charts]
        memory = int(own.argmax())
        reached = 1 - (1 - self.model.settings.memories[memory]) ** max(1, self.events - self.since)
        moved: Floats = self._state.means[0, memory] / max(reached, 1e-9)
        return moved

    def causes(self) -> tuple[LikelyCause, ...]:
        """Known causes, the likeliest first."""
        return ranked_causes(self.shift(), self.model.signatures)


def changed_for(recent: Floats) -> int:
    """How many of the newest events lie after the change: the likeliest beginning of a shift of the mean.

    Args:
        recent: coordinates, oldest first, (n, k).
    Source: Pignatiello and Samuel 2001, Journal of Quality Technology 33, equation 2, in k dimensions.
    """
    sums = recent[::-1].cumsum(axis=0)
    lengths = np.arange(1, len(recent) + 1)
    return int((np.einsum("nk,nk->n", sums, sums) / lengths).argmax()) + 1
