"""The same figure in every subgroup, with intervals, and nothing told of groups that are too small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.domain import AGE_BANDS, Kind, Task
from training.evaluation.cases import Case, fact_of
from training.evaluation.probe import task_figure
from training.metrics import quantile_bounds, resampled

Floats = NDArray[np.float64]
FACTS = ("age_band", "sex", "site", "device", "region")
NOT_KNOWN = "not known"
_YES = 0.5


@dataclass(frozen=True, kw_only=True)
class Subgroup:
    """One group's figures.

    Attributes:
        rows: None where the group is too small to be told of.
        figure: of the task; with its interval over patients.
        sensitivity, specificity: at probability one half, of a yes/no task.
    """

    fact: str
    group: str
    rows: int | None
    figure: float | None
    low: float | None
    high: float | None
    sensitivity: float | None
    specificity: float | None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Largest difference between the groups of a fact, with its interval over patients."""

    fact: str
    gap: float
    low: float | None
    high: float | None
    groups: int


def subgroups(
    task: Task,
    truth_N: Floats,
    score_N: Floats,
    cases: Sequence[Case],
    *,
    least_rows: int,
    least_of_class: int,
    draws: int,
    seed: int = 0,
) -> tuple[list[Subgroup], list[Gap]]:
    """Every group of every fact that the cases state, and the gap between those large enough.

    A group below `least_rows`, or with fewer than `least_of_class` of either answer of a yes/no task, has its
    name and no number: neither a figure, which would mean nothing, nor a count, which could point at people.
    """
    patients = [case.key for case in cases]
    drawn = resampled(len(cases), patients, draws=draws, seed=seed)
    found: list[Subgroup] = []
    gaps: list[Gap] = []
    for fact in FACTS:
        value_N = np.asarray([value or NOT_KNOWN for value in fact_of(cases, fact)])
        names = sorted(set(value_N), key=lambda name: (_place(name), name))
        if names == [NOT_KNOWN]:
            continue
        large = []
        for name in names:
            chosen_N = value_N == name
            if not _large(task, truth_N[chosen_N], least_rows, least_of_class):
                found.append(_too_small(fact, name))
                continue
            large.append(chosen_N)
            found.append(_subgroup(task, fact, name, truth_N, score_N, chosen_N, drawn))
        if len(large) > 1:
            gaps.append(_gap(task, fact, truth_N, score_N, large, drawn))
    return found, gaps


def _place(name: str) -> int:
    """Ages in their order, all else after them by name."""
    return AGE_BANDS.index(name) if name in AGE_BANDS else len(AGE_BANDS)


def _large(task: Task, truth_M: Floats, least_rows: int, least_of_class: int) -> bool:
    if len(truth_M) < least_rows:
        return False
    if task.kind is not Kind.BINARY:
        return len(np.unique(truth_M)) > 1
    return min(int((truth_M == 1).sum()), int((truth_M == 0).sum())) >= least_of_class


def _too_small(fact: str, name: str) -> Subgroup:
    return Subgroup(
        fact=fact, group=name, rows=None, figure=None, low=None, high=None, sensitivity=None, specificity=None
    )


def _subgroup(
    task: Task,
    fact: str,
    name: str,
    truth_N: Floats,
    score_N: Floats,
    chosen_N: NDArray[np.bool_],
    drawn: Sequence[NDArray[np.int64]],
) -> Subgroup:
    values = np.asarray([_figure(task, truth_N, score_N, index[chosen_N[index]]) for index in drawn])
    low, high = quantile_bounds(values)
    truth_M, score_M = truth_N[chosen_N], score_N[chosen_N]
    binary = task.kind is Kind.BINARY
    return Subgroup(
        fact=fact,
        group=name,
        rows=int(chosen_N.sum()),
        figure=task_figure(task, truth_M, score_M),
        low=low,
        high=high,
        sensitivity=float((score_M[truth_M == 1] >= _YES).mean()) if binary else None,
        specificity=float((score_M[truth_M == 0] < _YES).mean()) if binary else None,
    )


def _gap(
    task: Task,
    fact: str,
    truth_N: Floats,
    score_N: Floats,
    groups: Sequence[NDArray[np.bool_]],
    drawn: Sequence[NDArray[np.int64]],
) -> Gap:
    def gap(index: NDArray[np.int64]) -> float:
        figures = [_figure(task, truth_N, score_N, index[chosen_N[index]]) for chosen_N in groups]
        return float(np.max(figures) - np.min(figures))  # not a number where a draw leaves one out

    low, high = quantile_bounds(np.asarray([gap(index) for index in drawn]))
    return Gap(fact=fact, gap=gap(np.arange(len(truth_N))), low=low, high=high, groups=len(groups))


def _figure(task: Task, truth_N: Floats, score_N: Floats, index: NDArray[np.int64]) -> float:
    return task_figure(task, truth_N[index], score_N[index]) if len(index) else float("nan")
