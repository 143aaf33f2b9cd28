"""From a model's raw belief to a calibrated answer: temperature, conformal interval, decision cuts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.domain import Interval, Kind, RefusedError, Task
from osteon.models.task_config import task_values

Floats = NDArray[np.float64]
COVERAGE = 0.9
_KEPT_MOVE = 0.8
_TEMPERATURES = np.exp(np.linspace(math.log(0.25), math.log(6.0), 120))


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What a package learned from rows that its weights never saw.

    Attributes:
        temperature: logits are divided by it (Guo et al. 2017, arXiv:1706.04599).
        interval_quantile: split-conformal quantile of |truth - value| / spread; None when too few
            rows: the interval is then the task's whole range.
        threshold: probability from which a yes/no task says yes.
        cuts: boundaries on the expectation between grades of an ordinal task; empty otherwise.
        rows: how many rows these figures come from.
    """

    task: str
    temperature: float = 1.0
    coverage: float = COVERAGE
    interval_quantile: float | None = None
    spread_floor: float = 1.0
    threshold: float = 0.5
    cuts: tuple[float, ...] = ()
    rows: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Calibration:
        """What `to_json` wrote; RefusedError for other fields."""
        try:
            return cls(**{**fields, "cuts": tuple(fields.get("cuts", ()))})
        except TypeError:
            raise RefusedError(
                "a calibration.json of this version", "other fields", "fine-tune the model again"
            ) from None

    def probabilities(self, log_BK: Floats) -> Floats:
        """Calibrated probabilities (B, K) from log probabilities."""
        return softmax(log_BK / self.temperature)

    def interval(self, value: float, spread: float) -> Interval | None:
        """Bounds that hold the truth with the stated coverage; None for a yes/no task.

        Source: Lei et al. 2018, arXiv:1604.04173, section 5.2 (split conformal, locally weighted).
        """
        task = Task.parse(self.task)
        if task.kind is Kind.BINARY:
            return None
        low, high = task_values(task)[0], task_values(task)[-1]
        if self.interval_quantile is not None:
            reach = self.interval_quantile * max(spread, self.spread_floor)
            low, high = max(low, value - reach), min(high, value + reach)
        return Interval(low=low, high=high, coverage=self.coverage)

    def grade(self, expectation: float) -> int:
        """Grade of an ordinal task: how many cuts the expectation reaches."""
        return int(np.searchsorted(np.asarray(self.cuts), expectation, side="right"))


def softmax(logits_BK: Floats) -> Floats:
    """Row-wise softmax in float64."""
    shifted = np.exp(logits_BK - logits_BK.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def expectation_and_spread(probability_BK: Floats, values_K: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each row's belief."""
    mean_B = probability_BK @ values_K
    variance_B = probability_BK @ (values_K**2) - mean_B**2
    return mean_B, np.sqrt(np.maximum(variance_B, 0.0))


def conformal_quantile(scores: Floats, coverage: float = COVERAGE) -> float | None:
    """The ceil((n + 1) * coverage)-th smallest score: covers a new one with that chance at least.

    None when n is too small for the coverage (the finite-sample quantile is infinite).

    >>> conformal_quantile(np.arange(1.0, 10.0)), conformal_quantile(np.arange(1.0, 9.0))
    (9.0, None)
    """
    rank = math.ceil((len(scores) + 1) * coverage)
    return None if rank > len(scores) else float(np.sort(scores)[rank - 1])


def fit_temperature(log_BK: Floats, target_BK: Floats) -> float:
    """The temperature of least cross-entropy against the (soft) targets, by a search over a grid."""
    if not len(log_BK):
        return 1.0
    losses = [
        -float((target_BK * np.log(softmax(log_BK / temperature) + 1e-12)).sum(axis=1).mean())
        for temperature in _TEMPERATURES
    ]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def fit_threshold(probability_B: Floats, truth_B: Floats) -> float:
    """Probability with the largest sensitivity + specificity (Youden 1950); 0.5 with one class only."""
    positive, negative = probability_B[truth_B == 1], probability_B[truth_B == 0]
    if not len(positive) or not len(negative):
        return 0.5
    levels = np.unique(probability_B)
    middles = (levels[1:] + levels[:-1]) / 2 if len(levels) > 1 else levels
    youden = [(positive >= level).mean() + (negative < level).mean() for level in middles]
    return float(middles[int(np.argmax(youden))])


def fit_calibration(task: Task, log_BK: Floats, truth_B: Floats, target_BK: Floats) -> Calibration:
    """All figures of a package from rows held out of training."""
    values_K = np.asarray(task_values(task))
    temperature = fit_temperature(log_BK, target_BK)
    probability_BK = softmax(log_BK / temperature)
    mean_B, spread_B = expectation_and_spread(probability_BK, values_K)
    floor = float(np.quantile(spread_B, 0.05)) if len(spread_B) else 1.0
    scores = np.abs(truth_B - mean_B) / np.maximum(spread_B, max(floor, 1e-6))
    return Calibration(
        task=task.value,
        temperature=temperature,
        interval_quantile=None if task.kind is Kind.BINARY else conformal_quantile(scores),
        spread_floor=max(floor, 1e-6),
        threshold=fit_threshold(probability_BK[:, 1], truth_B) if task.kind is Kind.BINARY else 0.5,
        cuts=fit_cuts(mean_B, truth_B, task.classes) if task.kind is Kind.ORDINAL else (),
        rows=len(truth_B),
    )


def fit_cuts(expectation_B: Floats, truth_B: Floats, classes: int) -> tuple[float, ...]:
    """Cuts between grades for the best quadratic kappa, drawn towards the midpoints when rows are few.

    Each cut is searched in turn around its midpoint, and a fifth of its move is given back: the best
    cuts of a few hundred rows are partly noise.
    """
    cuts = [grade + 0.5 for grade in range(classes - 1)]
    if len(truth_B) < 20 * classes:
        return tuple(cuts)
    for _ in range(2):
        for index in range(classes - 1):
            candidates = (index + 0.5) + np.linspace(-0.3, 0.3, 25)
            kappas = [
                quadratic_kappa(
                    truth_B, _graded(expectation_B, [*cuts[:index], float(c), *cuts[index + 1 :]])
                )
                for c in candidates
            ]
            cuts[index] = float(candidates[np.flatnonzero(np.asarray(kappas) >= max(kappas) - 1e-9)].mean())
    return tuple(_KEPT_MOVE * cut + (1 - _KEPT_MOVE) * (grade + 0.5) for grade, cut in enumerate(cuts))


def quadratic_kappa(truth_B: Floats, graded_B: Floats) -> float:
    """Quadratic weighted kappa (Cohen 1968); 0 for chance, 1 for agreement.

    >>> quadratic_kappa(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    1.0
    """
    disagreement = float(((truth_B - graded_B) ** 2).mean())
    by_chance = float(((truth_B[:, None] - graded_B[None, :]) ** 2).mean())
    return 1.0 - disagreement / by_chance if by_chance > 0 else float(disagreement == 0.0)


def _graded(expectation_B: Floats, cuts: list[float]) -> Floats:
    return np.searchsorted(np.sort(np.asarray(cuts)), expectation_B, side="right").astype(np.float64)
