"""What a silent stream has shown: the smallest change that it would have told by now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.sequential.calibration import Calibration, resampled_references
from monitoring.sequential.charts import ChartSettings, ChartState
from monitoring.statistics.result import Floats

SHIFTS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)  # standard deviations, in any direction
POWER = 0.9


@dataclass(frozen=True, kw_only=True)
class Detectability:
    """Events that a change of each size takes to be found in nine of ten streams; infinity: not found."""

    events: tuple[float, ...]
    shifts: tuple[float, ...] = SHIFTS

    def smallest(self, events: int) -> float | None:
        """The smallest change that so many events would have shown; None when they show none at all."""
        found = [shift for shift, needed in zip(self.shifts, self.events, strict=True) if needed <= events]
        return min(found, default=None)


def detectability(
    reference: Floats,
    settings: ChartSettings,
    calibration: Calibration,
    height: float,
    rng: np.random.Generator,
    *,
    streams: int = 60,
    most_events: int = 400,
) -> Detectability:
    """How long changes in random directions take, by streams drawn from the reference.

    Args:
        reference: coordinates of reference events, (n, k).
        height: of the joint chart at which the stream alarms.
    """
    needed: list[float] = []
    for shift in SHIFTS:
        if needed and needed[-1] <= 1:
            needed.append(needed[-1])  # a larger one takes no longer
            continue
        firsts = _first_alarms(reference, settings, calibration, height, shift, rng, streams, most_events)
        needed.append(float(np.sort(firsts)[int(np.ceil(POWER * streams)) - 1]))
    return Detectability(events=tuple(np.minimum.accumulate(needed).tolist()))


def _first_alarms(
    reference: Floats,
    settings: ChartSettings,
    calibration: Calibration,
    height: float,
    shift: float,
    rng: np.random.Generator,
    streams: int,
    most_events: int,
) -> Floats:
    mean_Bk, spread_Bk = resampled_references(reference, rng, streams)
    direction_Bk = rng.normal(size=mean_Bk.shape)
    direction_Bk *= shift / np.linalg.norm(direction_Bk, axis=1, keepdims=True)
    state = ChartState.start(streams, reference.shape[1], settings)
    first = np.full(streams, np.inf)
    for step in range(most_events):
        drawn_Bk = reference[rng.integers(len(reference), size=streams)]
        joint = calibration.joint(state.update((drawn_Bk - mean_Bk) / spread_Bk + direction_Bk, settings))
        first[(joint >= height) & np.isinf(first)] = step + 1
        if np.isfinite(first).all():
            break
    return first
