"""From a model's raw belief to a calibrated answer: temperature, conformal interval, decision cuts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from osteon.domain import Interval, Kind, RefusedError, Task, UsageError
from osteon.models.conformal import (
    COVERAGE,
    ConformalSet,
    Quantiles,
    class_quantiles,
    conformal_quantile,
    conformal_range,
    conformal_set,
    rows_needed,
)
from osteon.models.grade_bounds import Bounds, grade_bounds, grade_range
from osteon.models.isotonic import Knots, fit_isotonic
from osteon.models.site_quantiles import SiteQuantiles, bounds_from_json, fit_sites
from osteon.models.task_config import task_values

__all__ = [
    "COVERAGE",
    "Calibration",
    "Method",
    "conformal_quantile",
    "expectation_and_spread",
    "fit_calibration",
    "fit_cuts",
    "fit_temperature",
    "fit_threshold",
    "quadratic_kappa",
    "require_method",
    "softmax",
]
Method = Literal["auto", "temperature", "isotonic"]
Floats = NDArray[np.float64]
Limit = TypeVar("Limit")
_FOLDS = 5
_LEAST_OF_A_CLASS = 50  # rows from which an isotonic map is tried at all
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
        isotonic_before, isotonic_after: knots of an isotonic map of the probability of yes, after the
            temperature; empty for none.
        class_bounds: of a grade, the expectations that leave it possible (`grade_bounds`); None for one with
            too few rows. class_rows: how many each class had.
        class_quantiles: class-conditional conformal quantiles of 1 - probability, one per class of a yes/no
            task; None likewise. class_score: what they are of in packages of earlier versions, which have
            them for grades too: `probability`, or `distance` from the expectation in spreads.
        sites: quantiles of single sites with rows of their own; what they lack is taken from all rows.
    """

    task: str
    temperature: float = 1.0
    coverage: float = COVERAGE
    interval_quantile: float | None = None
    spread_floor: float = 1.0
    threshold: float = 0.5
    cuts: tuple[float, ...] = ()
    rows: int = 0
    isotonic_before: tuple[float, ...] = ()
    isotonic_after: tuple[float, ...] = ()
    class_bounds: Bounds = ()
    class_quantiles: Quantiles = ()
    class_rows: tuple[int, ...] = ()
    class_score: str = "probability"
    sites: Mapping[str, SiteQuantiles] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Calibration:
        """What `to_json` wrote; RefusedError for other fields."""
        try:
            known: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
            }
            known["class_bounds"] = bounds_from_json(known.get("class_bounds", ()))
            known["sites"] = {
                name: SiteQuantiles.from_json(one) for name, one in known.get("sites", {}).items()
            }
            return cls(**known)
        except (TypeError, KeyError, ValueError, IndexError, AttributeError):
            raise RefusedError(
                "a calibration.json of this version", "other fields", "fine-tune the model again"
            ) from None

    def probabilities(self, log_BK: Floats) -> Floats:
        """Calibrated probabilities (B, K) from log probabilities."""
        probability_BK = self.tempered(log_BK)
        if self.isotonic_before:
            yes_B = Knots(before=self.isotonic_before, after=self.isotonic_after)(probability_BK[:, 1])
            probability_BK = np.stack([1.0 - yes_B, yes_B], axis=1)
        return probability_BK

    def tempered(self, log_BK: Floats) -> Floats:
        """Probabilities (B, K) after the temperature alone: what sets are made from.

        An isotonic map has steps: many rows share one probability, of which a set holds all or none, and it
        has seen the very rows that the quantiles come from.
        """
        return softmax(log_BK / self.temperature)

    def interval(
        self,
        value: float,
        spread: float,
        *,
        probability_K: Floats | None = None,
        site: str | None = None,
    ) -> Interval | None:
        """Bounds that hold the truth with the stated coverage; None for a yes/no task.

        A grade's bounds are the lowest and highest class of its class-conditional range, where probabilities
        are given and each class was calibrated: every grade then keeps its coverage, which one quantile for
        all grades does not give the rare ones. Where a model is right more often than is stated, the one
        grade it names is held more often too. Else, and for a measure, they lie around the expectation.
        The grade that is answered always lies within.

        Args:
            site: its own quantiles are taken where it has some.
        Source: Lei et al. 2018, arXiv:1604.04173, section 5.2 (split conformal, locally weighted).
        """
        task = Task.parse(self.task)
        if task.kind is Kind.BINARY:
            return None
        values = task_values(task)
        low, high = values[0], values[-1]
        answered = values[self.grade(value)] if task.kind is Kind.ORDINAL else value
        if task.kind is Kind.ORDINAL and probability_K is not None and self.has_sets:
            held = self.classes(probability_K, site=site)
            if not held.untested:
                bounds = [values[number] for number in held.classes]
                return Interval(
                    low=min(answered, *bounds), high=max(answered, *bounds), coverage=self.coverage
                )
        own = self.sites.get((site or "").lower())
        quantile = own.interval_quantile if own and own.interval_quantile is not None else None
        quantile = self.interval_quantile if quantile is None else quantile
        if quantile is not None:
            reach = quantile * max(spread, self.spread_floor)
            low = min(max(low, value - reach), answered)
            high = max(min(high, value + reach), answered)
        return Interval(low=low, high=high, coverage=self.coverage)

    def classes(self, probability_K: Floats, *, site: str | None = None) -> ConformalSet:
        """The classes that a belief cannot rule out, each held with its own coverage.

        Of grades a range, with the grade that is answered in it.

        Args:
            probability_K: of `tempered`, (K,).
            site: its own quantiles are taken for the classes of which it has rows enough.
        Raises:
            UsageError: the task is a measure, or the package was calibrated before such sets were.
        """
        if not self.has_sets:
            raise UsageError(
                "a calibration with class-conditional quantiles", "one without", "fine-tune the model again"
            )
        own = self.sites.get((site or "").lower())
        values_K = np.asarray(task_values(Task.parse(self.task)))
        mean = float(probability_K @ values_K)
        if self.class_bounds:
            bounds = _filled(own.class_bounds if own else (), self.class_bounds)
            return grade_range(mean, bounds, values_K, self.coverage, named=self.grade(mean))
        quantiles = _filled(own.class_quantiles if own else (), self.class_quantiles)
        if self.class_score == "distance":
            score_BK = distances(np.asarray(probability_K)[None], values_K, self.spread_floor)
            return conformal_range(score_BK[0], quantiles, self.coverage, named=self.grade(mean))
        return conformal_set(probability_K, quantiles, self.coverage)

    @property
    def has_sets(self) -> bool:
        """Whether `classes` can say anything."""
        return bool(self.class_bounds or self.class_quantiles)

    def shortfalls(self) -> list[str]:
        """What too few rows did not allow, in words; empty when all is there."""
        least = rows_needed(self.coverage)
        found = [
            f"class {number} has {count} rows of the {least} needed: it is never ruled out"
            for number, (count, quantile) in enumerate(
                zip(self.class_rows, self.class_bounds or self.class_quantiles, strict=True)
            )
            if quantile is None
        ]
        if self.interval_quantile is None and Task.parse(self.task).kind is not Kind.BINARY:
            found.append(f"{self.rows} rows of the {least} needed: the interval is the whole range")
        return found

    def grade(self, expectation: float) -> int:
        """Grade of an ordinal task: how many cuts the expectation reaches; of midpoints without any."""
        cuts = self.cuts or _midpoints(Task.parse(self.task).classes)
        return int(np.searchsorted(np.asarray(cuts), expectation, side="right"))


def _filled(own: tuple[Limit | None, ...], every: tuple[Limit | None, ...]) -> tuple[Limit | None, ...]:
    """A site's own limits of each class; those of all rows where it has none."""
    return tuple(both if one is None else one for one, both in zip(own, every, strict=True)) if own else every


def softmax(logits_BK: Floats) -> Floats:
    """Row-wise softmax in float64."""
    shifted = np.exp(logits_BK - logits_BK.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def expectation_and_spread(probability_BK: Floats, values_K: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each row's belief."""
    mean_B = probability_BK @ values_K
    variance_B = probability_BK @ (values_K**2) - mean_B**2
    return mean_B, np.sqrt(np.maximum(variance_B, 0.0))


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


def require_method(task: Task, method: Method) -> None:
    """Refuses an isotonic map where there is no single probability to map."""
    if method == "isotonic" and task.kind is not Kind.BINARY:
        raise UsageError(
            "a yes/no task for isotonic calibration", f"{task.value}", "calibrate it by temperature"
        )


def fit_calibration(
    task: Task,
    log_BK: Floats,
    truth_B: Floats,
    target_BK: Floats,
    *,
    method: Method = "auto",
    sites: Sequence[str] = (),
) -> Calibration:
    """All figures of a package from rows held out of training.

    Args:
        method: `auto` takes an isotonic map for a yes/no task where cross-validation finds it better than
            the temperature alone by more than one standard error.
        sites: of each row, for quantiles of single sites; none when empty.
    """
    require_method(task, method)
    values_K = np.asarray(task_values(task))
    temperature = fit_temperature(log_BK, target_BK)
    first = Calibration(task=task.value, temperature=temperature)
    if method == "isotonic" or (method == "auto" and _isotonic_pays(task, log_BK, truth_B, target_BK)):
        knots = fit_isotonic(first.probabilities(log_BK)[:, 1], truth_B)
        first = replace(first, isotonic_before=knots.before, isotonic_after=knots.after)
    probability_BK = first.probabilities(log_BK)
    mean_B, spread_B = expectation_and_spread(probability_BK, values_K)
    classes = 0 if task.kind is Kind.REGRESSION else task.classes
    fitted = replace(
        first,
        cuts=fit_cuts(mean_B, truth_B, classes) if task.kind is Kind.ORDINAL else (),
        spread_floor=max(float(np.quantile(spread_B, 0.05)) if len(spread_B) else 1.0, 1e-6),
        threshold=fit_threshold(probability_BK[:, 1], truth_B) if task.kind is Kind.BINARY else 0.5,
        rows=len(truth_B),
        class_rows=tuple(int((truth_B == number).sum()) for number in range(classes)),
    )
    quantiles_of = _quantiles_of(fitted, log_BK, truth_B)
    every = quantiles_of(np.ones(len(truth_B), dtype=bool))
    return replace(
        fitted,
        interval_quantile=every.interval_quantile,
        class_quantiles=every.class_quantiles,
        class_bounds=every.class_bounds,
        sites=fit_sites(sites, quantiles_of) if sites else {},
    )


def _quantiles_of(
    fitted: Calibration, log_BK: Floats, truth_B: Floats
) -> Callable[[NDArray[np.bool_]], SiteQuantiles]:
    """What gives the quantiles that some of the rows say."""
    task = Task.parse(fitted.task)
    values_K = np.asarray(task_values(task))
    tempered_BK = fitted.tempered(log_BK)
    if task.kind is Kind.BINARY:
        return lambda own: SiteQuantiles(
            interval_quantile=None,
            class_quantiles=class_quantiles(tempered_BK[own], truth_B[own]),
            rows=int(own.sum()),
        )
    mean_B, spread_B = expectation_and_spread(tempered_BK, values_K)
    score_B = np.abs(truth_B - mean_B) / np.maximum(spread_B, fitted.spread_floor)
    graded = task.kind is Kind.ORDINAL
    named_B = np.asarray([fitted.grade(one) for one in mean_B] if graded else [], dtype=np.int64)
    return lambda own: SiteQuantiles(
        interval_quantile=conformal_quantile(score_B[own]),
        class_bounds=grade_bounds(mean_B[own], truth_B[own], named_B[own], values_K) if graded else (),
        rows=int(own.sum()),
    )


def distances(probability_BK: Floats, values_K: Floats, spread_floor: float) -> Floats:
    """How many spreads each of the K values lies from each row's expectation, (B, K)."""
    mean_B, spread_B = expectation_and_spread(probability_BK, values_K)
    return np.asarray(np.abs(values_K[None] - mean_B[:, None]) / np.maximum(spread_B, spread_floor)[:, None])


def _isotonic_pays(task: Task, log_BK: Floats, truth_B: Floats, target_BK: Floats) -> bool:
    """Whether an isotonic map lowers the cross-entropy of rows that it was not fitted on."""
    if task.kind is not Kind.BINARY or min((truth_B == 0).sum(), (truth_B == 1).sum()) < _LEAST_OF_A_CLASS:
        return False
    fold_B = np.random.default_rng(0).permutation(len(truth_B)) % _FOLDS
    gains = []
    for fold in range(_FOLDS):
        own, other = fold_B == fold, fold_B != fold
        temperature = fit_temperature(log_BK[other], target_BK[other])
        fitted, held_out = (softmax(log_BK[part] / temperature)[:, 1] for part in (other, own))
        mapped = fit_isotonic(fitted, truth_B[other])(held_out)
        gains.append(_loss(held_out, truth_B[own]) - _loss(mapped, truth_B[own]))
    gain_B = np.concatenate(gains)
    return bool(gain_B.mean() > gain_B.std() / math.sqrt(len(gain_B)))


def _loss(probability_B: Floats, truth_B: Floats) -> Floats:
    return np.asarray(-np.log(np.where(truth_B == 1, probability_B, 1.0 - probability_B) + 1e-12))


def fit_cuts(expectation_B: Floats, truth_B: Floats, classes: int) -> tuple[float, ...]:
    """Cuts between grades for the best quadratic kappa, drawn towards the midpoints when rows are few.

    Each cut is searched in turn around its midpoint, and a fifth of its move is given back: the best
    cuts of a few hundred rows are partly noise.
    """
    cuts = list(_midpoints(classes))
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


def _midpoints(classes: int) -> tuple[float, ...]:
    return tuple(grade + 0.5 for grade in range(classes - 1))


def quadratic_kappa(truth_B: Floats, graded_B: Floats) -> float:
    """Quadratic weighted kappa (Cohen 1968); 0 for chance, 1 for agreement.

    >>> quadratic_kappa(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    1.0
    """
    disagreement = float(((truth_B - graded_B) ** 2).mean())
    # The mean over all pairs, without the pairs.
    by_chance = float(truth_B.var() + graded_B.var() + (truth_B.mean() - graded_B.mean()) ** 2)
    return 1.0 - disagreement / by_chance if by_chance > 0 else float(disagreement == 0.0)


def _graded(expectation_B: Floats, cuts: list[float]) -> Floats:
    return np.searchsorted(np.sort(np.asarray(cuts)), expectation_B, side="right").astype(np.float64)
