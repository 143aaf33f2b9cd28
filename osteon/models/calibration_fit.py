"""The figures of a `Calibration` from rows held out of training: temperature, threshold, cuts, quantiles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from osteon.domain import Kind, Task, UsageError
from osteon.models.calibration import (
    Calibration,
    expectation_and_spread,
    midpoints,
    quadratic_kappa,
    softmax,
)
from osteon.models.conformal import class_quantiles, conformal_quantile
from osteon.models.grade_bounds import grade_bounds
from osteon.models.isotonic import fit_isotonic
from osteon.models.site_quantiles import SiteQuantiles, fit_sites
from osteon.models.task_config import task_values

Method = Literal["auto", "temperature", "isotonic"]
Floats = NDArray[np.float64]
_FOLDS = 5
_LEAST_OF_A_CLASS = 50  # rows from which an isotonic map is tried at all
_KEPT_MOVE = 0.8
_TEMPERATURES = np.exp(np.linspace(math.log(0.25), math.log(6.0), 120))


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
    cuts = list(midpoints(classes))
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


def _graded(expectation_B: Floats, cuts: list[float]) -> Floats:
    return np.searchsorted(np.sort(np.asarray(cuts)), expectation_B, side="right").astype(np.float64)
