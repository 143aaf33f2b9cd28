"""From a model's raw belief to a calibrated answer; `calibration_fit` finds the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from osteon.domain import Interval, Kind, RefusedError, Task, UsageError
from osteon.models.conformal import (
    COVERAGE,
    ConformalSet,
    Quantiles,
    conformal_range,
    conformal_set,
    rows_needed,
)
from osteon.models.grade_bounds import Bounds, grade_range
from osteon.models.isotonic import Knots
from osteon.models.site_quantiles import SiteQuantiles, bounds_from_json
from osteon.models.task_config import task_values

Floats = NDArray[np.float64]
Limit = TypeVar("Limit")


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
        cuts = self.cuts or midpoints(Task.parse(self.task).classes)
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


def distances(probability_BK: Floats, values_K: Floats, spread_floor: float) -> Floats:
    """How many spreads each of the K values lies from each row's expectation, (B, K)."""
    mean_B, spread_B = expectation_and_spread(probability_BK, values_K)
    return np.asarray(np.abs(values_K[None] - mean_B[:, None]) / np.maximum(spread_B, spread_floor)[:, None])


def midpoints(classes: int) -> tuple[float, ...]:
    """Cuts half-way between the grades.

    >>> midpoints(3)
    (0.5, 1.5)
    """
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
