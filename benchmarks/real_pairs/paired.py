"""Absolute figures of each arm, and paired differences against random weights over seeds and patients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr, t

from benchmarks.real_pairs.plan import Arm, Plan
from benchmarks.real_pairs.run import Place
from osteon.domain import Task
from osteon.models.calibration import quadratic_kappa
from training.data import PreparedSet
from training.metrics import resampled

Floats = NDArray[np.float64]
_DRAWS = 2000


def gain(task: Task, truth: Floats, answer: Floats) -> float:
    """The task's own figure, larger is better: months of error with a minus, or the weighted kappa."""
    if task is Task.BONE_AGE:
        return -float(np.abs(truth - answer).mean())
    return quadratic_kappa(truth, answer)


def summary(place: Place, plan: Plan, task: Task, test: PreparedSet) -> dict[str, Any]:
    """Figures of every part of the labels whose runs are all there, and how many are missing elsewhere."""
    keys = [row.key for row in test.rows]
    parts: dict[str, Any] = {}
    for part in plan.samples:
        arms = plan.arms(part)
        runs = {arm: _runs(place, plan, task, part, arm) for arm in arms}
        whole = {arm: found for arm, found in runs.items() if len(found) == plan.seeds}
        absolute = {arm: _absolute(task, test.label, found) for arm, found in whole.items()}
        pairs = [(arm, "random") for arm in whole if arm != "random"]
        pairs += [("captions", other) for other in ("images", "supervised") if other in whole]
        parts[f"{part:g}"] = {
            "absolute": absolute,
            "paired": {
                f"{one} - {other}": paired(
                    task, test.label, _answers(whole[one]), _answers(whole[other]), keys
                )
                for one, other in pairs
                if one in whole and other in whole
            },
            "runs_missing": sum(plan.seeds - len(found) for found in runs.values()),
        }
    middle = np.median(test.label)
    return {
        "test_rows": len(test),
        "test_patients": len(set(keys)),
        "constant_mae": round(float(np.abs(test.label - middle).mean()), 3),
        "parts": parts,
    }


def _runs(place: Place, plan: Plan, task: Task, part: float, arm: Arm) -> list[Mapping[str, Any]]:
    paths = [place.result(task, part, arm, seed) for seed in range(plan.seeds)]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()]


def _answers(runs: list[Mapping[str, Any]]) -> Floats:
    return np.asarray([run["answer"] for run in runs], dtype=np.float64)


def _absolute(task: Task, truth: Floats, runs: list[Mapping[str, Any]]) -> dict[str, Any]:
    expectation_SN = np.asarray([run["expectation"] for run in runs])
    named = {
        "mae": np.asarray([np.abs(truth - one).mean() for one in expectation_SN]),
        "spearman": np.asarray([spearmanr(truth, one)[0] for one in expectation_SN]),
    }
    if task is Task.KNEE_OA:
        named["qwk"] = np.asarray([quadratic_kappa(truth, one) for one in _answers(runs)])
    figures: dict[str, Any] = {
        name: {"mean": round(float(each.mean()), 3), "seeds": [round(float(one), 3) for one in each]}
        for name, each in named.items()
    }
    figures["rows"] = [run["rows"] for run in runs]
    figures["samples"] = runs[0]["samples"]
    figures["seconds"] = round(float(np.mean([run["seconds"] for run in runs])), 1)
    return figures


def paired(task: Task, truth: Floats, one_SN: Floats, other_SN: Floats, keys: list[str]) -> dict[str, Any]:
    """Mean gain of one arm over another, seed by seed, with two tests and an interval.

    Returns:
        `mean` and `seeds`; `t_p`, two-sided paired t test over the seeds; `sign_p`, the share of all
        changes of signs that give a mean as far from 0 (at best 2 / 2**seeds); `low` and `high`, 95 % of
        draws of test patients and seeds together.
    """
    difference_S = np.asarray(
        [
            gain(task, truth, one) - gain(task, truth, other)
            for one, other in zip(one_SN, other_SN, strict=True)
        ]
    )
    seeds = len(difference_S)
    rng = np.random.default_rng(0)
    draws = []
    for rows in resampled(len(truth), keys, draws=_DRAWS):
        seed = rng.integers(0, seeds, seeds)
        each = {
            int(s): gain(task, truth[rows], one_SN[s][rows]) - gain(task, truth[rows], other_SN[s][rows])
            for s in set(seed.tolist())
        }
        draws.append(np.mean([each[int(s)] for s in seed]))
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return {
        "mean": round(float(difference_S.mean()), 3),
        "seeds": [round(float(one), 3) for one in difference_S],
        "t_p": round(_t_test(difference_S), 5),
        "sign_p": round(_sign_test(difference_S), 5),
        "low": round(float(low), 3),
        "high": round(float(high), 3),
    }


def _t_test(difference_S: Floats) -> float:
    spread = difference_S.std(ddof=1)
    if spread == 0:
        return 1.0 if difference_S.mean() == 0 else 0.0
    statistic = difference_S.mean() / (spread / np.sqrt(len(difference_S)))
    return float(2 * t.sf(abs(statistic), len(difference_S) - 1))


def _sign_test(difference_S: Floats) -> float:
    signs_XS = np.asarray(list(product((1.0, -1.0), repeat=len(difference_S))))
    means_X = (signs_XS * difference_S).mean(axis=1)
    return float((np.abs(means_X) >= abs(difference_S.mean()) - 1e-12).mean())
