"""One hospital of a population: its reference, its charts, and streams that they watch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.drift_streams.populations import PLAIN, Population
from monitoring.sequential import ChartState, MixModel, MixStream, Stream, StreamModel
from monitoring.sequential.stream import Charted
from monitoring.statistics.result import Floats

RUN_LENGTH = 5000
QUIET, BEFORE, AFTER, WINDOW = 1000, 50, 300, 100
REFERENCE, SHOWN = 500, 40
STREAMS = 20  # of each kind and hospital
FAMILY_RUN = (
    2 * STREAMS * QUIET / -np.log(0.95)
)  # pictures and case mix, as `monitoring.watched.Family` counts


@dataclass(frozen=True, kw_only=True)
class Change:
    """What becomes of a stream: `share` of its rows are altered, or the case mix tilts."""

    cause: str
    share: float

    def drawn(
        self, population: Population, rng: np.random.Generator, count: int
    ) -> tuple[np.ndarray, Floats]:
        """Rows of the population, and what the product sees of them, (count,) and (count, D + numbers)."""
        plain = population.described[PLAIN]
        if self.cause in population.tilts:
            marked, share = population.tilts[self.cause]
            inside = rng.random(count) < share
            groups = [np.flatnonzero(marked == side) for side in (False, True)]
            outside, within = (rng.choice(group, size=count) for group in groups)
            rows = np.where(inside, within, outside)
            return rows, plain[rows]
        rows = rng.integers(len(plain), size=count)
        altered = rng.random(count) < self.share
        found: Floats = np.where(altered[:, None], population.described[self.cause][rows], plain[rows])
        return rows, found


NONE = Change(cause=PLAIN, share=1.0)


def changes_of(population: Population) -> list[Change]:
    """All that can befall it."""
    altering = [Change(cause=one, share=share) for share in (1.0, 0.3) for one in population.altering]
    return [*altering, *(Change(cause=one, share=1.0) for one in population.tilts)]


@dataclass(frozen=True, kw_only=True)
class Shifted:
    """One shifted stream: events from the change to each alarm (infinity: none), and the cause ranked first.

    `told` counts the alarm that the change asks for: of the pictures, or of the case mix where that tilts;
    `told_by_family` the same at the heights of a family of streams. `window` holds embeddings, `seen` what
    the charts see of the same events.
    """

    change: Change
    told: float
    told_by_family: float
    drift: float
    named: str
    window: Floats
    seen: Floats


@dataclass(frozen=True, kw_only=True)
class Hospital:
    """Charts fitted on a reference of its own, drawn from the population."""

    population: Population
    reference: Floats
    known: Floats
    pictures: StreamModel
    mix: MixModel

    @classmethod
    def drawn(cls, population: Population, seed: int) -> Hospital:
        """The hospital of this seed."""
        rng = np.random.default_rng([seed, 3])
        rows, reference = NONE.drawn(population, rng, REFERENCE)
        pairs = {
            cause: (reference[:SHOWN], population.described[cause][rows[:SHOWN]])
            for cause in population.altering
        }
        pictures = StreamModel.fit(
            reference, run_length=RUN_LENGTH, seed=seed, altered=pairs,
            cells=[population.answers[row] for row in rows], numbers=population.numbers,
        )  # fmt: skip
        mix = MixModel.fit([population.cases[row] for row in rows], run_length=RUN_LENGTH, seed=seed)
        known = pictures.space.project(reference, [population.answers[row] for row in rows])
        return cls(population=population, reference=reference, known=known, pictures=pictures, mix=mix)

    def highest(self, rng: np.random.Generator, streams: int) -> tuple[Floats, Floats]:
        """Highest joint statistic of each of `streams` drift-free streams: of pictures, of case mix."""
        plain = self.population.described[PLAIN]
        rows = rng.integers(len(plain), size=(QUIET, streams))
        seen = self.pictures.space.project(plain, self.population.answers)
        cases = self.mix.mix.project(self.population.cases)
        return _highest(seen[rows], self.pictures.charted), _highest(cases[rows], self.mix.charted)

    def shifted(self, change: Change, rng: np.random.Generator) -> Shifted:
        """One stream: `BEFORE` quiet events, then the change; judged by the product's own objects."""
        before = NONE.drawn(self.population, rng, BEFORE)
        after = change.drawn(self.population, rng, AFTER)
        rows, vectors = (np.concatenate(parts) for parts in zip(before, after, strict=True))
        seen = self.pictures.space.project(vectors, [self.population.answers[row] for row in rows])
        cases = self.mix.mix.project([self.population.cases[row] for row in rows])
        pictures, mix = Stream(self.pictures), MixStream(self.mix)
        tilts = change.cause in self.population.tilts
        watched, own = (mix, self.mix) if tilts else (pictures, self.pictures)
        raised = own.charted.calibration.height(FAMILY_RUN) / own.charted.height
        drift = tilt = family = np.inf
        named = ""
        for number in range(BEFORE + AFTER):
            pictures.run.take(seen[number : number + 1])
            mix.run.take(cases[number : number + 1])
            at = number - BEFORE + 1
            if at < 1:
                continue
            drift = min(drift, at if pictures.run.alarm else np.inf)
            tilt = min(tilt, at if mix.run.alarm else np.inf)
            family = min(family, at if watched.run.level >= raised else np.inf)
            if at == WINDOW:
                named = _named(pictures, mix)
            if at >= WINDOW and np.isfinite(family):
                break
        return Shifted(
            change=change, told=tilt if tilts else drift, told_by_family=family, drift=drift, named=named,
            window=self.alone(after[1][:WINDOW]), seen=seen[BEFORE : BEFORE + WINDOW],
        )  # fmt: skip

    @property
    def embeddings(self) -> Floats:
        """The reference's embeddings alone, (n, D): what other programs see."""
        return self.alone(self.reference)

    def alone(self, described: Floats) -> Floats:
        """The embeddings of described rows."""
        return described[:, : described.shape[1] - self.population.numbers]

    def coordinates(self, one: Shifted) -> tuple[Floats, Floats]:
        """What the charts see of the reference, each in the mean of its cell, and of a shifted window."""
        return self.known, one.seen


def _named(pictures: Stream, mix: MixStream) -> str:
    """The first cause of the pictures where they changed, else that of the case mix."""
    first = bool(pictures.run.alarm) or (not mix.run.alarm and pictures.run.level >= mix.run.level)
    return (pictures if first else mix).causes()[0].name


def _highest(events_TBk: Floats, charted: Charted) -> Floats:
    state = ChartState.start(events_TBk.shape[1], events_TBk.shape[2], charted.settings)
    highest = np.full(events_TBk.shape[1], -np.inf)
    for event_Bk in events_TBk:
        np.maximum(highest, charted.calibration.joint(state.update(event_Bk, charted.settings)), out=highest)
    return highest
