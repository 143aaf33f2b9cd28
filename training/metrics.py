"""Figures of merit for the tasks, each with a 95 % interval from resampled patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.domain import Kind, Task
from osteon.models.calibration import quadratic_kappa

Floats = NDArray[np.float64]
_RESAMPLES = 500
_SEED = 20240513


def task_metrics(
    task: Task,
    truth: Floats,
    value: Floats,
    *,
    expectation: Floats | None = None,
    threshold: float = 0.5,
    groups: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Point figures under their names, and under `intervals` the 95 % bounds of each.

    Args:
        value: months, grades or probabilities, as a prediction gives them.
        expectation: belief's mean of an ordinal task.
        threshold: probability from which a yes/no task says yes.
        groups: patient of each row; whole patients are resampled (Field & Welsh 2007).
    """
    named = _figures(task, expectation=expectation is not None, threshold=threshold)
    columns = np.stack([truth, value, value if expectation is None else expectation])
    figures = {name: _rounded(figure(*columns)) for name, figure in named.items()}
    intervals: dict[str, dict[str, float | None]] = {}
    draws = resampled(len(truth), groups)
    for name, figure in named.items():
        values = np.asarray([figure(*columns[:, index]) for index in draws])
        low, high = quantile_bounds(values)
        intervals[name] = {"low": low, "high": high, "coverage": 0.95}
    return {**figures, "intervals": intervals}


def auroc(truth: Floats, score: Floats) -> float:
    """Area under the ROC curve as the chance that a positive outranks a negative, ties half.

    Source: Hanley & McNeil 1982. NaN with one class only.

    >>> auroc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    positives = int((truth == 1).sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    _, group, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    rank = (last - (counts - 1) / 2)[group]
    return float((rank[truth == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(truth: Floats, score: Floats) -> float:
    """Area under the precision-recall steps, ties taken together; NaN without a positive."""
    positives = float((truth == 1).sum())
    if not positives:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order] == 1)
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    recall = hits[ends] / positives
    precision = hits[ends] / (ends + 1)
    return float((np.diff(np.append(0.0, recall)) * precision).sum())


def _figures(
    task: Task, *, expectation: bool, threshold: float
) -> dict[str, Callable[[Floats, Floats, Floats], float]]:
    if task.kind is Kind.REGRESSION:
        near = {"months": 12, "degrees": 3}[task.unit]
        return {
            f"mae_{task.unit}": lambda truth, value, _: float(np.abs(truth - value).mean()),
            f"rmse_{task.unit}": lambda truth, value, _: float(np.sqrt(((truth - value) ** 2).mean())),
            f"within_{near}_{task.unit}": lambda truth, value, _: float(
                (np.abs(truth - value) <= near).mean()
            ),
        }
    if task.kind is Kind.ORDINAL:
        figures: dict[str, Callable[[Floats, Floats, Floats], float]] = {
            "qwk": lambda truth, value, _: quadratic_kappa(truth, value),
            "accuracy": lambda truth, value, _: float((truth == value).mean()),
            "within_one_grade": lambda truth, value, _: float((np.abs(truth - value) <= 1).mean()),
        }
        if expectation:
            figures["auroc_grade_2_up"] = lambda truth, _, mean: auroc((truth >= 2).astype(float), mean)
        return figures
    return {
        "auroc": lambda truth, value, _: auroc(truth, value),
        "average_precision": lambda truth, value, _: average_precision(truth, value),
        "accuracy": lambda truth, value, _: float(((value >= threshold) == (truth == 1)).mean()),
        "sensitivity": lambda truth, value, _: _rate(value >= threshold, truth == 1),
        "specificity": lambda truth, value, _: _rate(value < threshold, truth == 0),
    }


def _rate(hit: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float(hit[among].mean()) if among.any() else float("nan")


def resampled(
    count: int, groups: Sequence[str] | None, *, draws: int = _RESAMPLES, seed: int = _SEED
) -> list[NDArray[np.int64]]:
    """Rows of each bootstrap draw; whole groups are drawn where there are any (Field & Welsh 2007)."""
    rng = np.random.default_rng(seed)
    if groups is None or len(set(groups)) == count:
        return [rng.integers(0, count, count) for _ in range(draws)]
    _, code = np.unique(np.asarray(groups), return_inverse=True)
    order = np.argsort(code, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(code))[:-1])
    chosen = (rng.integers(0, len(members), len(members)) for _ in range(draws))
    return [np.concatenate([members[index] for index in draw]) for draw in chosen]


def quantile_bounds(values: Floats) -> tuple[float | None, float | None]:
    """The middle 95 % of bootstrap draws; nothing when fewer than two are finite."""
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return None, None
    low, high = np.quantile(finite, [0.025, 0.975])
    return _rounded(float(low)), _rounded(float(high))


def _rounded(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None
