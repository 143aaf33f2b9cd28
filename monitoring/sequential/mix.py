"""Who comes and what is answered: the case mix, charted beside the pictures and never an alarm of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitoring.sequential.attribution import LikelyCause
from monitoring.sequential.charts import ChartSettings
from monitoring.sequential.stream import Charted, ChartRun
from monitoring.statistics.result import Floats

PREVALENCE, POPULATION = "prevalence", "population"
MIX_CAUSES = (PREVALENCE, POPULATION)
_LEAST_SHARE = 0.05  # of the reference; rarer levels are counted together
_RAREST = 0.05  # share that these weigh as, however few they are: one of them is no change
_PRIOR = 10.0  # reference events that a kind of patient's own answers weigh against those of all


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the case mix charts of one event: who came, as levels of some keys, and which answer was given."""

    who: tuple[str, ...]
    answer: str


@dataclass(frozen=True, kw_only=True)
class CaseMix:
    """Coordinates whose squared moving mean is a chi-squared statistic of the levels that come.

    A level of share p is worth 1/sqrt(p) where it comes and 0 elsewhere, less its mean. Answers are compared
    with those that the same kind of patient was given: who comes changes what is answered, not the reverse.

    Attributes:
        levels: known levels of each key of `who`; any other is counted as one more.
        shares: share of each level in the reference, the others last.
        answers, answer_shares: the same of the answers.
        given: kind of patient -> share of each answer, where the reference has some.
    """

    levels: tuple[tuple[str, ...], ...]
    shares: tuple[Floats, ...]
    answers: tuple[str, ...]
    answer_shares: Floats
    given: Mapping[tuple[str, ...], Floats]

    @classmethod
    def fit(cls, cases: Sequence[Case]) -> CaseMix:
        """The mix of reference events."""
        keys = [_levels(column) for column in zip(*(case.who for case in cases), strict=True)]
        answers, answer_shares = _levels([case.answer for case in cases])
        coded = _coded([case.answer for case in cases], answers)
        given = {}
        for who in sorted({case.who for case in cases}):
            own = coded[[case.who == who for case in cases]]
            given[who] = (own.sum(axis=0) + _PRIOR * answer_shares) / (len(own) + _PRIOR)
        return cls(
            levels=tuple(levels for levels, _ in keys),
            shares=tuple(shares for _, shares in keys),
            answers=answers,
            answer_shares=answer_shares,
            given=given,
        )

    @property
    def width(self) -> int:
        """Number of coordinates."""
        return len(self.answer_shares) + sum(map(len, self.shares))

    def project(self, cases: Sequence[Case]) -> Floats:
        """Coordinates (n, k), those of the answers first."""
        expected = np.stack([self.given.get(case.who, self.answer_shares) for case in cases])
        coded = _coded([case.answer for case in cases], self.answers)
        parts = [(coded - expected) / _scale(self.answer_shares)]
        columns = zip(*(case.who for case in cases), strict=True)
        for column, levels, shares in zip(columns, self.levels, self.shares, strict=True):
            parts.append((_coded(column, levels) - shares) / _scale(shares))
        return np.concatenate(parts, axis=1)

    def ranked(self, shift: Floats, variance: float) -> tuple[LikelyCause, ...]:
        """What moved, the likeliest first: shares of the shift's squared length beyond its own noise.

        Args:
            shift: estimated change of the mean, (k,).
            variance: of each coordinate of that estimate without a change.
        """
        first = len(self.answer_shares)
        degrees = {PREVALENCE: first - 1, POPULATION: sum(len(share) - 1 for share in self.shares)}
        parts = {PREVALENCE: shift[:first], POPULATION: shift[first:]}
        found = {
            name: max(0.0, float(part @ part) - variance * degrees[name]) for name, part in parts.items()
        }
        whole = sum(found.values())
        causes = (
            LikelyCause(name=name, explained=part / whole if whole else 0.0) for name, part in found.items()
        )
        return tuple(sorted(causes, key=lambda cause: (-cause.explained, cause.name)))


def _levels(column: Sequence[str]) -> tuple[tuple[str, ...], Floats]:
    names, counts = np.unique(column, return_counts=True)
    kept = counts >= _LEAST_SHARE * len(column)
    known = counts[kept] / len(column)
    return tuple(str(name) for name in names[kept]), np.append(known, max(0.0, 1.0 - float(known.sum())))


def _scale(shares: Floats) -> Floats:
    scale: Floats = np.sqrt(np.maximum(shares, _RAREST))
    return scale


def _coded(column: Sequence[str], levels: tuple[str, ...]) -> Floats:
    """1 at the level of each row, the last one for the others."""
    place = {level: number for number, level in enumerate(levels)}
    coded = np.zeros((len(column), len(levels) + 1))
    coded[np.arange(len(column)), [place.get(name, len(levels)) for name in column]] = 1.0
    return coded


@dataclass(frozen=True, kw_only=True)
class MixModel:
    """What a stream's case mix is compared with."""

    mix: CaseMix
    charted: Charted

    @classmethod
    def fit(
        cls,
        cases: Sequence[Case],
        *,
        run_length: float,
        seed: int,
        memories: tuple[float, ...] = (0.06, 0.02),
    ) -> MixModel:
        """The model of reference events."""
        mix = CaseMix.fit(cases)
        charted = Charted.fit(
            mix.project(cases),
            ChartSettings(memories=memories),
            run_length=run_length,
            rng=np.random.default_rng([seed, 11]),
            detects=False,
        )
        return cls(mix=mix, charted=charted)


@dataclass
class MixStream:
    """A case mix that runs; a change of it is told by name and is no drift."""

    model: MixModel
    run: ChartRun = field(init=False)

    def __post_init__(self) -> None:
        self.run = ChartRun(self.model.charted, self.model.mix.width)

    def update(self, case: Case) -> float:
        """Takes one event and gives `run.level`."""
        return self.run.take(self.model.mix.project([case]))

    def causes(self) -> tuple[LikelyCause, ...]:
        """What changed, the likeliest first."""
        return self.model.mix.ranked(*self.run.shift())
