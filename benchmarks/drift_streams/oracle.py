"""The oracle: a CUSUM that knows the change and the whole population (Page 1954)."""

from __future__ import annotations

import numpy as np

from benchmarks.drift_streams.hospital import AFTER, NONE, RUN_LENGTH, Change
from benchmarks.drift_streams.populations import Population
from monitoring.sequential import Calibration, CaseMix, MonitoredSpace
from monitoring.statistics.result import Floats

_STREAMS, _EVENTS, _BLOCK, _DRAWN = 200, 2000, 100, 4000


def oracle_delay(
    population: Population, change: Change, rng: np.random.Generator, *, quality: bool = True
) -> float:
    """Median events that it takes; infinity where it finds the change in fewer than half of its streams.

    Log likelihood ratio of the true change of the mean under the true covariance, in the coordinates
    that ours has (12 components, the rest and the numbers of quality, or those of the case mix), at the
    height that its own undisturbed streams give it.

    Args:
        quality: False for one that sees the embeddings alone.
    """
    plain, after = _coordinates(population, change, rng, population.numbers if quality else 0)
    shift = after.mean(axis=0) - plain.mean(axis=0)
    along = np.linalg.pinv(np.cov(plain, rowvar=False), rcond=1e-6, hermitian=True) @ shift
    quiet, moved = ((rows - plain.mean(axis=0)) @ along - shift @ along / 2 for rows in (plain, after))
    height, sums, first = _height(quiet, rng), np.zeros(_STREAMS), np.full(_STREAMS, np.inf)
    for step in range(AFTER):
        sums = np.maximum(0, sums + moved[rng.integers(len(moved), size=_STREAMS)])
        first[(sums >= height) & np.isinf(first)] = step + 1
    return float(np.median(first))


def _coordinates(
    population: Population, change: Change, rng: np.random.Generator, numbers: int
) -> tuple[Floats, Floats]:
    rows, embeddings = change.drawn(population, rng, _DRAWN)
    quiet_rows, quiet = NONE.drawn(population, rng, _DRAWN)
    if change.cause in population.tilts:
        mix = CaseMix.fit(population.cases)
        return (
            mix.project([population.cases[row] for row in quiet_rows]),
            mix.project([population.cases[row] for row in rows]),
        )
    known = population.described if numbers else population.embeddings
    space, _ = MonitoredSpace.fit(known["plain"], population.answers, components=12, numbers=numbers, rng=rng)
    return (
        space.project(quiet, [population.answers[row] for row in quiet_rows]),
        space.project(embeddings, [population.answers[row] for row in rows]),
    )


def _height(gains: Floats, rng: np.random.Generator) -> float:
    """Passed once in `RUN_LENGTH` undisturbed events on average."""
    sums, tops = np.zeros(_STREAMS), np.zeros((_EVENTS // _BLOCK, _STREAMS))
    for step in range(_EVENTS):
        sums = np.maximum(0, sums + gains[rng.integers(len(gains), size=_STREAMS)])
        tops[step // _BLOCK] = np.maximum(tops[step // _BLOCK], sums)
    level = float(np.quantile(tops[1:], 0.75))
    excess = float((tops[1:][tops[1:] > level] - level).mean())
    own = Calibration(level=np.zeros(1), scale=np.ones(1), joint_level=level, joint_scale=excess)
    return own.height(RUN_LENGTH)
