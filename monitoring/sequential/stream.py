"""One monitored stream: event by event, an alarm with a promised run length, and what it looks like."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from monitoring.sequential.attribution import KnownCauses, LikelyCause
from monitoring.sequential.calibration import Calibration, calibrate
from monitoring.sequential.charts import ChartSettings, ChartState
from monitoring.sequential.detectability import Detectability, detectability
from monitoring.sequential.likelihood import CauseLikelihood
from monitoring.sequential.space import MonitoredSpace
from monitoring.statistics.result import Floats

REMEMBERED = 256  # newest events among which a change's beginning is looked for


@dataclass(frozen=True, kw_only=True)
class Charted:
    """Charts with heights that their reference gave them.

    Attributes:
        height: of the joint chart at which a stream of `run_length` events to a false alarm alarms.
        run_length: events between two false alarms that are promised on average.
    """

    settings: ChartSettings
    calibration: Calibration
    height: float
    run_length: float
    detectability: Detectability | None

    @classmethod
    def fit(
        cls,
        reference: Floats,
        settings: ChartSettings,
        *,
        run_length: float,
        rng: np.random.Generator,
        lookalikes: Sequence[Floats] = (),
        detects: bool = True,
    ) -> Charted:
        """Charts of a reference's coordinates (n, k).

        Args:
            lookalikes: coordinates of one altered picture per cause, (1, k) each: a reference that holds none
                by chance does not promise that none will come (the rule of succession).
            detects: whether to learn what a silent stream will have shown.
        """
        calibration = calibrate(np.concatenate([reference, *lookalikes]), settings, rng)
        height = calibration.height(run_length)
        return cls(
            settings=settings,
            calibration=calibration,
            height=height,
            run_length=run_length,
            detectability=detectability(reference, settings, calibration, height, rng) if detects else None,
        )


@dataclass(frozen=True, kw_only=True)
class StreamModel:
    """What a stream of pictures is compared with; made once from a reference, the same for the same seed."""

    space: MonitoredSpace
    charted: Charted
    known: KnownCauses

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
        numbers: int = 0,
        memories: tuple[float, ...] = (0.2, 0.06, 0.02),
    ) -> StreamModel:
        """The model of a reference.

        Args:
            reference: embeddings of one embedding space, each with its numbers of quality, (n, D + numbers).
            cells: case-mix cell of each row, see `MonitoredSpace.fit`.
            altered: name of a cause -> the same of pictures without and with it, (m, D + numbers) each, in
                one order.
        """
        rng = np.random.default_rng([seed, 7])
        space, coordinates = MonitoredSpace.fit(
            reference, cells, components=components, numbers=numbers, rng=rng
        )
        pairs = {
            name: (space.project(before), space.project(after))
            for name, (before, after) in (altered or {}).items()
        }
        causes = CauseLikelihood.fit(coordinates, list(pairs.values()))
        charted = Charted.fit(
            coordinates,
            ChartSettings(memories=memories, causes=causes if causes.count else None),
            run_length=run_length,
            rng=rng,
            lookalikes=[after[:1] for _, after in pairs.values()],
        )
        return cls(space=space, charted=charted, known=KnownCauses.fit(coordinates, pairs))


@dataclass
class ChartRun:
    """Charts that run: since when they stand high, and whether so high that it is an alarm.

    Attributes:
        height: of the joint chart at which it alarms.
        level: height of the joint chart over that; 1 and more alarms.
        since: number of the last event before the change, as the alarm saw it; 0 without one.
        alarm: number of the event that raised the alarm that still holds; None without one.
    """

    charted: Charted
    width: int
    level: float = 0.0
    since: int = 0
    alarm: int | None = None
    height: float = field(init=False)
    _state: ChartState = field(init=False)
    _statistics: Floats = field(init=False)
    _recent: deque[Floats] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def __post_init__(self) -> None:
        self.height = self.charted.height
        self._state = ChartState.start(1, self.width, self.charted.settings)
        self._statistics = self.charted.calibration.level.copy()

    @property
    def events(self) -> int:
        """Events seen."""
        return self._state.seen

    def promise(self, run_length: float) -> None:
        """From the next event on, a false alarm comes once in `run_length` events on average."""
        self.height = self.charted.calibration.height(run_length)

    def take(self, event_1k: Floats) -> float:
        """Takes one event and gives `level`; an alarm holds until nothing is unusual any more."""
        self._statistics = self._state.update(event_1k, self.charted.settings)[0]
        joint = float(self.charted.calibration.joint(self._statistics))
        self.level = joint / self.height
        self._recent.append(event_1k[0])
        if joint <= 0:
            self.since, self.alarm = 0, None
        elif joint >= self.height and self.alarm is None:
            self.since, self.alarm = self.events - changed_for(np.array(self._recent)), self.events
        return self.level

    @property
    def smallest_detectable(self) -> float | None:
        """Standard deviations: a silent stream shows that no larger change is there; None: nothing yet.

        A height that was raised since takes longer in proportion (Lorden 1971, Ann. Math. Statist. 42).
        """
        known = self.charted.detectability
        return known.smallest(int(self.events * self.charted.height / self.height)) if known else None

    def recent(self) -> Floats:
        """Coordinates of the newest events, (n, k): those since the change where there is an alarm."""
        kept = np.array(self._recent)
        return kept[-max(1, self.events - self.since) :] if self.alarm else kept

    def shift(self) -> tuple[Floats, float]:
        """The change of the mean as the chart that stands highest sees it, (k,), and its variance."""
        calibration, memories = self.charted.calibration, self.charted.settings.memories
        charts = len(memories)
        own = (self._statistics[:charts] - calibration.level[:charts]) / calibration.scale[:charts]
        memory = int(own.argmax())
        weight = memories[memory]
        reached = max(1 - (1 - weight) ** max(1, self.events - self.since), 1e-9)
        return self._state.means[0, memory] / reached, weight / (2 - weight) / reached**2


@dataclass
class Stream:
    """A stream of pictures that runs."""

    model: StreamModel
    run: ChartRun = field(init=False)

    def __post_init__(self) -> None:
        self.run = ChartRun(self.model.charted, self.model.space.width)

    def update(self, embedding: ArrayLike, cell: str | None = None) -> float:
        """Takes one event, (D,) or (D + numbers,), and gives `run.level`."""
        return self.run.take(self.model.space.project(embedding, None if cell is None else [cell]))

    def causes(self) -> tuple[LikelyCause, ...]:
        """Known causes, the likeliest first."""
        return self.model.known.ranked(self.run.recent(), self.run.shift()[0])

    def quality_shift(self) -> Floats:
        """How far each number of quality moved, in standard deviations of the reference, (numbers,)."""
        shift = self.run.shift()[0]
        return shift[len(shift) - self.model.space.numbers :]


def changed_for(recent: Floats) -> int:
    """How many of the newest events lie after the change: the likeliest beginning of a shift of the mean.

    Args:
        recent: coordinates, oldest first, (n, k).
    Source: Pignatiello and Samuel 2001, Journal of Quality Technology 33, equation 2, in k dimensions.
    """
    sums = recent[::-1].cumsum(axis=0)
    lengths = np.arange(1, len(recent) + 1)
    return int((np.einsum("nk,nk->n", sums, sums) / lengths).argmax()) + 1
