"""How often the 90 % intervals and sets hold the truth on rows that neither model nor calibration saw.

    python -m benchmarks.coverage --bone-age PACKAGE TABLE --knee-oa PACKAGE TABLE --fracture PACKAGE TABLE

Answers a table's test rows (`--all-rows` for tables of which no row was learned from) and counts: the
interval of a measure or a grade, and the set of classes of a yes/no task or a grade; over all rows, per
site and per class, from 200 cases on. With `--calibrate` each tenth of the table's patients is measured by a
calibration on the other nine, so that each row counts once and none calibrates itself: a single split of some
hundred rows is off by more than the bound through counting alone. Fifths of a measure's range are shown and
do not count: a split interval promises nothing for a part that only the truth tells. A JSON line last.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import binomtest

from osteon.domain import Kind, Task
from osteon.models.calibration import Calibration, expectation_and_spread, fit_calibration
from osteon.models.engine import infer_squares, open_package
from osteon.models.package_files import AnswerSettings
from osteon.models.task_config import task_values
from training.data import prepare_rows
from training.label_split import shuffled_keys
from training.label_table import LabelRow, read_label_table
from training.targets import soft_targets

LEAST_CASES, ALLOWED, COVERAGE = 200, 0.015, 0.9
_FOLDS = 10
_FEW = 20  # cases from which a part is shown at all
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """A package's raw belief about rows."""

    task: Task
    log_probability: NDArray[np.float64]
    truth: NDArray[np.float64]
    rows: tuple[LabelRow, ...]
    settings: AnswerSettings


def answered(folder: Path, table: Path, *, every_row: bool) -> Answered:
    """The package's log probabilities of the table's rows, as serving computes them."""
    opened = open_package(folder, "auto", threads=1)
    settings = opened.settings
    found = read_label_table(table, settings.task)
    prepared = prepare_rows(list(found.rows) if every_row else found.test_rows(), settings.preprocess)
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
        rows=prepared.rows,
        settings=settings,
    )


def held(one: Answered, calibration: Calibration, chosen: Mask) -> dict[str, Mask]:
    """Of the chosen rows, whether interval and set hold the truth; a task has one of them or both."""
    probability_BK = calibration.probabilities(one.log_probability)
    tempered_BK = calibration.tempered(one.log_probability)
    mean_B, spread_B = expectation_and_spread(probability_BK, np.asarray(task_values(one.task)))
    intervals, sets = [], []
    for index in np.flatnonzero(chosen):
        truth, site = one.truth[index], one.rows[index].site
        bounds = calibration.interval(
            float(mean_B[index]), float(spread_B[index]), probability_K=probability_BK[index], site=site
        )
        if bounds is not None:
            intervals.append(bounds.low <= truth <= bounds.high)
        if calibration.class_quantiles:
            sets.append(int(truth) in calibration.classes(tempered_BK[index], site=site).classes)
    found = {"interval": np.asarray(intervals, dtype=bool), "set": np.asarray(sets, dtype=bool)}
    return {name: each for name, each in found.items() if len(each)}


def crossed(one: Answered, seed: int = 0) -> dict[str, Mask]:
    """Each row by a calibration on the other patients: as a hospital's own would be."""
    keys = shuffled_keys(one.rows, seed=seed)
    fold_of = {key: number % _FOLDS for number, key in enumerate(keys)}
    fold_B = np.asarray([fold_of[row.key] for row in one.rows])
    target_BK = soft_targets(
        torch.from_numpy(one.truth.astype(np.float32)),
        torch.tensor(task_values(one.task)),
        _sigma(one.task),
    )
    found: dict[str, Mask] = {}
    for fold in range(_FOLDS):
        own = fold_B != fold
        calibration = fit_calibration(
            one.task,
            one.log_probability[own],
            one.truth[own],
            target_BK[torch.from_numpy(own)].double().numpy(),
            sites=[row.site for row, mine in zip(one.rows, own, strict=True) if mine],
        )
        for name, hits in held(one, calibration, ~own).items():
            found.setdefault(name, np.zeros(len(one.rows), dtype=bool))[~own] = hits
    return found


def _sigma(task: Task) -> float:
    from training.recipes import finetune_recipe

    return finetune_recipe(task).fit.label_sigma


def parts_of(one: Answered) -> dict[str, Mask]:
    """All rows, those of each site, those of each class or fifth of a measure's range."""
    sites = np.asarray([row.site for row in one.rows], dtype=object)
    found = {"all": np.ones(len(one.rows), dtype=bool)}
    found |= {f"site {name}": sites == name for name in sorted(set(sites)) if name}
    if one.task.kind is Kind.REGRESSION:
        edges = np.quantile(one.truth, np.linspace(0, 1, 6))
        fifth = np.clip(np.searchsorted(edges, one.truth, side="right") - 1, 0, 4)
        found |= {f"fifth {number + 1} of the range": fifth == number for number in range(5)}
    else:
        found |= {f"class {number}": one.truth == number for number in range(one.task.classes)}
    return found


def table_of(one: Answered, hits: dict[str, Mask]) -> dict[str, Any]:
    """Coverage of each part with its 95 % interval; whether a part of 200 cases lies within 1.5 points."""
    found: dict[str, Any] = {}
    for kind, held_B in hits.items():
        for name, chosen in parts_of(one).items():
            cases = int(chosen.sum())
            if cases < _FEW:
                continue
            inside = int(held_B[chosen].sum())
            bounds = binomtest(inside, cases).proportion_ci(method="wilson")
            share = inside / cases
            found[f"{kind}, {name}"] = {
                "cases": cases,
                "coverage": round(share, 4),
                "low": round(float(bounds.low), 4),
                "high": round(float(bounds.high), 4),
                "counted": cases >= LEAST_CASES and not name.startswith("fifth"),
                "within": abs(share - COVERAGE) <= ALLOWED,
            }
    return found


def main() -> None:
    """Measures, prints tables and the JSON line; exits 1 when a counted part is not within 1.5 points."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for task in Task:
        parser.add_argument(f"--{task.value}", nargs=2, type=Path, action="append", default=[])
    parser.add_argument("--all-rows", action="store_true")
    parser.add_argument("--calibrate", action="store_true", help="nine tenths calibrate for the tenth")
    given = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, Any] = {}
    for task in Task:
        for folder, table in getattr(given, task.value.replace("-", "_")):
            one = answered(folder, table, every_row=given.all_rows)
            every = np.ones(len(one.rows), dtype=bool)
            hits = crossed(one) if given.calibrate else held(one, one.settings.calibration, every)
            result[f"{task.value}, {table.parent.name}/{table.stem}"] = found = table_of(one, hits)
            for name, figures in found.items():
                print(task.value, name, figures, file=sys.stderr, flush=True)
    counted = [one for table in result.values() for one in table.values() if one["counted"]]
    met = bool(counted) and all(one["within"] for one in counted)
    print(json.dumps({"coverage": result, "counted": len(counted), "met": met}))
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
