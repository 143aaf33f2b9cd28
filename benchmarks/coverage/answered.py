"""What a package believes of rows, and whether its intervals and sets hold their truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteon.domain import Kind, Task
from osteon.models.calibration import Calibration, expectation_and_spread
from osteon.models.engine import infer_squares, open_package
from osteon.models.task_config import task_values
from training.data import prepare_rows
from training.label_table import LabelRow

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """A package's raw belief about rows.

    Attributes:
        log_probability: (N, K). truth: (N,). keys, sites: of each row.
        calibration: the package's own.
    """

    task: Task
    log_probability: Floats
    truth: Floats
    keys: NDArray[np.str_]
    sites: NDArray[np.str_]
    calibration: Calibration


def answered(package: Path, rows: tuple[LabelRow, ...]) -> Answered:
    """The package's log probabilities of the rows, as serving computes them."""
    opened = open_package(package, "auto", threads=1)
    settings = opened.settings
    prepared = prepare_rows(rows, settings.preprocess, workers=1)
    log_BK, _ = infer_squares(
        opened.engine,
        prepared.levels.astype(np.float32) / np.float32(255),
        prepared.sex,
        answer_views=settings.config.answer_views,
        batch_size=16,
    )
    return Answered(
        task=settings.task,
        log_probability=log_BK,
        truth=prepared.label,
        keys=np.asarray([row.key for row in prepared.rows]),
        sites=np.asarray([row.site for row in prepared.rows]),
        calibration=settings.calibration,
    )


def held(one: Answered, calibration: Calibration, chosen: Mask) -> tuple[Mask, Floats]:
    """Of the chosen rows, whether interval (or set, of a yes/no task) holds the truth, and how wide it is.

    Width is in months, or the number of grades or answers.
    """
    values_K = np.asarray(task_values(one.task))
    log_BK = one.log_probability[chosen]
    probability_BK, tempered_BK = calibration.probabilities(log_BK), calibration.tempered(log_BK)
    mean_B, spread_B = expectation_and_spread(probability_BK, values_K)
    inside, width = [], []
    for index, (truth, site) in enumerate(zip(one.truth[chosen], one.sites[chosen], strict=True)):
        if one.task.kind is Kind.BINARY:
            found = calibration.classes(tempered_BK[index], site=str(site)).classes
            inside.append(int(truth) in found)
            width.append(float(len(found)))
            continue
        bounds = calibration.interval(
            float(mean_B[index]), float(spread_B[index]), probability_K=probability_BK[index], site=str(site)
        )
        if bounds is None:
            raise ValueError("a measure or a grade has an interval")
        inside.append(bounds.low <= truth <= bounds.high)
        width.append(bounds.high - bounds.low + (one.task.kind is Kind.ORDINAL))
    return np.asarray(inside, dtype=bool), np.asarray(width)


def right(one: Answered, calibration: Calibration) -> Mask | None:
    """Rows whose answered grade is the true one, which no interval can miss; None for other tasks."""
    if one.task.kind is not Kind.ORDINAL:
        return None
    mean_B = calibration.probabilities(one.log_probability) @ np.asarray(task_values(one.task))
    return np.asarray([calibration.grade(float(mean)) for mean in mean_B] == one.truth)
