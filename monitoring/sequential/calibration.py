"""How high a chart may go without a change: learned from streams drawn from the reference itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from monitoring.sequential.charts import ChartSettings, ChartState
from monitoring.statistics.result import Floats

_BLOCK = 100  # events; maxima of such blocks are nearly independent
_TAIL = 0.25  # share of the block maxima that the tail is fitted to
FAR = 10_000  # events; longer runs lie beyond what streams of some thousand events show
FAREST = 1_000_000
_FAR_CONFIDENCE = 0.95  # share of the references that might have been collected that keep such a run length
_CONFIDENCE = 0.75  # share of the references that might have been collected for which the run length holds


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Heights at which each chart has the same rate of false alarms.

    The highest point of a block of `block` events lies beyond `level` + `scale` * log(x) with probability
    `share` / x: maxima of light tails are exponential beyond a high level (Pickands 1975, Ann. Statist. 3).

    Attributes:
        level, scale: of each chart, (charts,).
        joint_level, joint_scale: of the highest of all charts, each in its own units.
        far_scale: the scale beyond `FAR` events, where references with heavy tails raise most of the
            false alarms: a tolerance bound over references; the same as `joint_scale` where it is not known.
    """

    level: Floats
    scale: Floats
    joint_level: float
    joint_scale: float
    far_scale: float | None = None
    block: int = _BLOCK
    share: float = _TAIL

    def joint(self, statistics: Floats) -> Floats:
        """The highest chart in units of its own tail, (...,) of (..., charts)."""
        highest: Floats = ((statistics - self.level) / self.scale).max(axis=-1)
        return highest

    def height(self, run_length: float) -> float:
        """The joint height that a stream without a change passes once in `run_length` events on average."""
        blocks = max(1.0, min(run_length, FAR) / self.block)
        near = self.joint_level + self.joint_scale * float(np.log(self.share * blocks))
        return near + self._far_scale * float(np.log(max(run_length, FAR) / FAR))

    def run_length(self, height: float) -> float:
        """Its inverse: how many events such a height is expected to take without a change."""
        far = self.height(FAR)
        if height > far:
            return FAR * float(np.exp((height - far) / self._far_scale))
        return self.block / self.share * float(np.exp((height - self.joint_level) / self.joint_scale))

    @property
    def _far_scale(self) -> float:
        return self.joint_scale if self.far_scale is None else self.far_scale


def calibrate(
    reference: Floats,
    settings: ChartSettings,
    rng: np.random.Generator,
    *,
    streams: int = 100,
    events: int = 3000,
) -> Calibration:
    """Heights from `streams` bootstrapped streams of `events` events each.

    Each stream stands for another reference that might have been collected: its mean and spread come from one
    resample of the reference, its events from another, which holds some rare pictures twice and others never.
    So the charts allow for a reference that is finite; they would take its error for a change otherwise.

    Args:
        reference: coordinates of reference events, (n, k).
    Raises:
        ValueError: fewer than 30 reference events.
    """
    if len(reference) < 30:
        raise ValueError(f"calibration needs 30 reference events, got {len(reference)}; collect more")
    tops = _block_tops(reference, settings, rng, streams, events)
    level, scale = (part.T for part in np.apply_along_axis(_tail, 0, tops.reshape(-1, tops.shape[-1])))
    joint = ((tops - level) / scale).max(axis=2)
    own_level, own_scale = np.apply_along_axis(_tail, 0, joint)  # of each stream, so of each reference
    near = Calibration(
        level=level,
        scale=scale,
        joint_level=float(np.quantile(own_level, _CONFIDENCE)),
        joint_scale=float(own_scale.mean()),
    )
    return replace(near, far_scale=_far_scale(near, own_level, own_scale, _TAIL * len(joint)))


def _far_scale(near: Calibration, level: Floats, scale: Floats, excesses: float) -> float:
    """The scale that reaches, at `FAREST`, the height that `_FAR_CONFIDENCE` of the references ask for.

    Beyond what the streams show, the promise to a family rests on few references whose tails are heavy: the
    average over references says nothing of those.

    Args:
        level, scale: of the tail of each reference.
    """
    each = level + _shrunken(scale, excesses) * np.log(near.share * FAREST / near.block)
    beyond = float(np.quantile(each, _FAR_CONFIDENCE)) - near.height(FAR)
    return max(near.joint_scale, beyond / float(np.log(FAREST / FAR)))


def _shrunken(scale: Floats, excesses: float) -> Floats:
    """The scales of several tails, drawn to their mean as far as they differ by chance alone.

    Args:
        excesses: how many values each was estimated from; its chance variance is its square over them.
    Source: Efron and Morris 1975, JASA 70.
    """
    mean, chance = float(scale.mean()), float(scale.mean()) ** 2 / max(1.0, excesses)
    true = max(0.0, float(scale.var()) - chance)
    shrunken: Floats = mean + true / (true + chance) * (scale - mean)
    return shrunken


def _block_tops(
    reference: Floats, settings: ChartSettings, rng: np.random.Generator, streams: int, events: int
) -> Floats:
    """Highest statistics of each chart in each block, (blocks, B, charts); the first block is left out."""
    mean_Bk, spread_Bk = resampled_references(reference, rng, streams)
    each_B = np.arange(streams)
    held_Bn = rng.integers(len(reference), size=(streams, len(reference)))
    state = ChartState.start(streams, reference.shape[1], settings)
    tops = np.full((events // _BLOCK, streams, settings.count), -np.inf)
    for step in range(len(tops) * _BLOCK):
        drawn_Bk = reference[held_Bn[each_B, rng.integers(len(reference), size=streams)]]
        statistics = state.update((drawn_Bk - mean_Bk) / spread_Bk, settings)
        np.maximum(tops[step // _BLOCK], statistics, out=tops[step // _BLOCK])
    return tops[1:] if len(tops) > 1 else tops


def resampled_references(reference: Floats, rng: np.random.Generator, streams: int) -> tuple[Floats, Floats]:
    """Mean and spread of `streams` resamples, less and over those of the reference, each (streams, k)."""
    count = len(reference)
    mean, spread = reference.mean(axis=0), reference.std(axis=0, ddof=1)
    means, spreads = [], []
    for _ in range(streams):
        rows = reference[rng.integers(count, size=count)]
        means.append(rows.mean(axis=0) - mean)
        spreads.append(rows.std(axis=0, ddof=1))
    varies = spread > 1e-9
    ratio = np.divide(np.array(spreads), spread, out=np.ones((streams, len(spread))), where=varies)
    return np.array(means), np.maximum(ratio, 0.1)


def _tail(values: Floats) -> Floats:
    """Level that a quarter of the values passes, and the mean excess beyond it, (2,)."""
    level = float(np.quantile(values, 1 - _TAIL))
    beyond = values[values > level]
    return np.array([level, max(1e-9, float((beyond - level).mean()) if len(beyond) else 1e-9)])
