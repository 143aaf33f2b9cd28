"""How well a yes/no model does where nobody has labelled yet, and with a few labels; each with its interval.

Two assumptions stand behind an estimate without labels: the pictures are of kinds that the labelled reference
has as well, and a picture of one kind is ill as often as it was there. The first is checked here; the second
only labels can check (`with_few_labels`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm

from monitoring.statistics.result import Floats

Metric = Literal["accuracy", "auroc"]
Doubt = Literal["no_overlap", "one_class", "labels_disagree"]
_LEAST_EFFECTIVE = 60.0  # reference rows that the weights leave
_LEAST_SHARE = 0.1  # of the reference that they leave
_HEAVIEST = 0.99  # quantile at which weights are cut
_PENALTY = 1e-2
_DECISION = 0.5


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure with an interval that holds what labels would give, and whether it may be trusted.

    Attributes:
        value, low, high: of the metric, 0 to 1.
        coverage: of the interval.
        effective_reference: reference rows that the weights leave: their sum squared over that of squares.
        doubt: why it may not be trusted; None when nothing speaks against it.
    """

    metric: Metric
    value: float
    low: float
    high: float
    coverage: float
    effective_reference: float
    doubt: Doubt | None


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Reference pictures: coordinates (n, k), probabilities given (n,), labels 0 or 1 (n,)."""

    coordinates: Floats
    score: Floats
    label: Floats

    def rows(self, index: NDArray[np.intp]) -> Labelled:
        """Some of them."""
        return Labelled(coordinates=self.coordinates[index], score=self.score[index], label=self.label[index])


def without_labels(
    reference: Labelled,
    coordinates: Floats,
    score: Floats,
    metric: Metric,
    rng: np.random.Generator,
    *,
    coverage: float = 0.9,
    draws: int = 200,
) -> Estimate:
    """What a yes/no model's metric is on pictures without labels, under covariate shift.

    The reference is weighted to look like production, by a classifier between both; on it the probabilities
    are calibrated anew, and give the expected metric. An accuracy is corrected by as much as it is off on the
    weighted reference itself, since the map of the calibration may be of another form. Each of `draws`
    resamples of both sides does all of this and draws labels, so the interval holds what labels of these
    pictures would give. It is widened by
    the square root of the reference rows over those that the weights leave: the form of the weights is a
    guess too, and resamples do not tell how wrong it is where much depends on it (`benchmarks.label_free`).

    Args:
        coordinates: of production pictures, (m, k); a few principal components.
        score: probabilities that the model gave them, (m,).
    Source: Shimodaira 2000, J. Stat. Plan. Inference 90 (weights); Sugiyama et al. 2012,
        Density Ratio Estimation, section 4.1 (by logistic regression); Guillory et al. 2021,
        arXiv:2107.03315, and Garg et al. 2022, arXiv:2201.04234 (performance from confidence);
        Robins, Rotnitzky and Zhao 1994, JASA 89 (the correction).
    """
    if len(np.unique(reference.label)) < 2:
        return Estimate(
            metric=metric, value=float("nan"), low=0.0, high=1.0, coverage=coverage,
            effective_reference=0.0, doubt="one_class",
        )  # fmt: skip
    weight = _weights(reference, coordinates, score)
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    probability, correction = _recalibrated(reference, weight, score, metric)
    found = []
    for _ in range(draws):
        own = reference.rows(rng.integers(len(reference.label), size=len(reference.label)))
        if len(np.unique(own.label)) < 2:
            continue
        rows = rng.integers(len(score), size=len(score))
        likely, shift = _recalibrated(own, _weights(own, coordinates[rows], score[rows]), score, metric)
        drawn = (rng.random(len(score)) < likely).astype(np.float64)
        found.append(_METRICS[metric](score, drawn) + shift)
    tail = (1 - coverage) / 2
    middle = float(np.nanmedian(found))
    wider = float(np.sqrt(len(weight) / effective))
    # Of n draws, the next one lies beyond this quantile with just that probability; the usual one cuts in.
    ends = np.nanquantile(found, [tail, 1 - tail], method="weibull")
    low, high = np.clip(middle + wider * (ends - middle), 0, 1)
    few = effective < max(_LEAST_EFFECTIVE, _LEAST_SHARE * len(weight))
    return Estimate(
        metric=metric,
        value=float(np.clip(_METRICS[metric](score, probability) + correction, 0, 1)),
        low=float(low),
        high=float(high),
        coverage=coverage,
        effective_reference=effective,
        doubt="no_overlap" if few else None,
    )


def measured(metric: Metric, score: Floats, label: Floats) -> float:
    """The metric of labelled pictures."""
    return _METRICS[metric](score, label)


def with_few_labels(
    expected: Floats, chosen: NDArray[np.intp], correct: Floats, *, coverage: float = 0.9
) -> tuple[float, float, float]:
    """Accuracy and its interval from the expected correctness of all pictures and the truth of a few.

    Args:
        expected: probability that each answer is right, as the model or `without_labels` has it, (m,).
        chosen: which pictures were labelled, drawn at random, (n,).
        correct: whether those answers were right, 0 or 1, (n,).
    Returns:
        Value, low, high.
    Source: Angelopoulos et al. 2023, Science 382, prediction-powered inference, with the tuned weight of
        Angelopoulos et al. 2023, arXiv:2311.01453, equation 5.
    """
    if len(chosen) < 2:
        raise ValueError(
            f"prediction-powered inference needs two labels or more, got {len(chosen)}; label more"
        )
    guess = expected[chosen]
    variance = float(expected.var(ddof=1))
    share = len(chosen) / len(expected)
    covariance = float(np.cov(guess, correct, ddof=1)[0, 1])
    power = 0.0 if variance == 0 else float(np.clip(covariance / (variance * (1 + share)), 0, 1))
    value = power * float(expected.mean()) + float((correct - power * guess).mean())
    error = np.sqrt(
        power**2 * variance / len(expected) + float((correct - power * guess).var(ddof=1)) / len(chosen)
    )
    reach = float(norm.ppf((1 + coverage) / 2) * error)
    return value, max(0.0, value - reach), min(1.0, value + reach)


def checked(estimate: Estimate, few: tuple[float, float, float]) -> Estimate:
    """The estimate, doubted when the interval of a few labels lies wholly beside its own."""
    _, low, high = few
    apart = high < estimate.low or low > estimate.high
    return replace(estimate, doubt=estimate.doubt or "labels_disagree") if apart else estimate


def expected_correct(score: Floats) -> Floats:
    """The probability that the answer at 0.5 is right, when the scores are calibrated."""
    likely: Floats = np.maximum(score, 1 - score)
    return likely


def _weights(reference: Labelled, coordinates: Floats, score: Floats) -> Floats:
    """How much more often each reference picture's kind comes in production."""
    known = np.column_stack([reference.coordinates, _logits(reference.score)])
    new = np.column_stack([coordinates, _logits(score)])
    both = np.vstack([known, new])
    spread = both.std(axis=0)
    both = (both - both.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    side = np.repeat([0.0, 1.0], [len(known), len(new)])
    log_odds = both @ (fitted := _logistic(both, side, np.ones(len(both))))[1:] + fitted[0]
    weight = np.exp(log_odds[: len(known)]) * len(known) / len(new)
    cut: Floats = np.minimum(weight, np.quantile(weight, _HEAVIEST))
    return cut


def _recalibrated(reference: Labelled, weight: Floats, score: Floats, metric: Metric) -> tuple[Floats, float]:
    """Platt's map, fitted on the weighted reference, of production's scores; what an accuracy by it lacks."""
    shift, slope = _logistic(_logits(reference.score)[:, None], reference.label, weight)
    likely: Floats = expit(shift + slope * _logits(score))
    if metric != "accuracy":
        return likely, 0.0
    yes, own = reference.score >= _DECISION, expit(shift + slope * _logits(reference.score))
    lacks = np.where(yes, reference.label - own, own - reference.label)
    return likely, float(np.average(lacks, weights=weight))


def _logistic(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Intercept and slopes of a lightly penalised weighted logistic regression, by Newton's method."""
    design = np.column_stack([np.ones(len(x)), x])
    penalty = np.full(design.shape[1], _PENALTY * float(weight.mean()))
    penalty[0] = 1e-9
    at = np.zeros(design.shape[1])
    for _ in range(25):
        likely = expit(design @ at)
        slope = design.T @ (weight * (y - likely)) - penalty * at
        curve = (design * (weight * likely * (1 - likely))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curve + 1e-9 * np.eye(len(at)), slope)
        at = at + np.clip(step, -4, 4)
        if np.abs(step).max() < 1e-8:
            break
    return at


def _logits(score: Floats) -> Floats:
    found: Floats = logit(np.clip(score, 1e-4, 1 - 1e-4))
    return found


def _accuracy(score: Floats, label: Floats) -> float:
    """Of answers at 0.5; labels may be probabilities."""
    yes = score >= _DECISION
    return float(np.where(yes, label, 1 - label).mean())


def _auroc(score: Floats, label: Floats) -> float:
    """Chance that an ill picture scores above a healthy one; labels may be probabilities; ties count half."""
    order = np.argsort(score, kind="stable")
    ill, well = label[order], 1 - label[order]
    values, first = np.unique(score[order], return_index=True)
    ill_here, well_here = np.add.reduceat(ill, first), np.add.reduceat(well, first)
    below = np.concatenate([[0.0], np.cumsum(well_here)[:-1]])
    pairs = float(ill.sum() * well.sum())
    return (
        float((ill_here * (below + well_here / 2)).sum() / pairs) if pairs and len(values) else float("nan")
    )


_METRICS: dict[Metric, Callable[[Floats, Floats], float]] = {"accuracy": _accuracy, "auroc": _auroc}
