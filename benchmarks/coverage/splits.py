"""Coverage over many splits of the patients into those who calibrate and those who are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest

from benchmarks.coverage.answered import Answered, Floats, Mask, held, right
from osteon.domain import Kind
from osteon.models.calibration import Calibration
from osteon.models.calibration_fit import fit_calibration
from osteon.models.task_config import task_values
from training.recipes import finetune_recipe
from training.targets import soft_targets

LEAST_CASES, ALLOWED, COVERAGE = 200, 0.015, 0.9
_FEW = 20  # cases from which a part is shown at all
_FIFTHS = 5


@dataclass(kw_only=True)
class Part:
    """What the splits gave for some of the rows: one entry each."""

    cases: int
    coverage: list[float]
    width: list[float]
    right: list[float]


def coverage_of(one: Answered, splits: int, *, seed: int = 0) -> dict[str, dict[str, Any]]:
    """For each part of the rows: how often intervals held the truth, mean over the splits.

    Every split calibrates on half of the patients, drawn anew, as a hospital's own calibration would be, and
    measures the others. One split of some hundred cases is off by two points and more through counting
    alone, on both sides; the mean over many tells the method from that luck.
    """
    masks = parts_of(one)
    found = {
        name: Part(cases=int(mask.sum()), coverage=[], width=[], right=[])
        for name, mask in masks.items()
        if mask.sum() >= _FEW
    }
    for number in range(splits):
        own = _calibrating(one, np.random.default_rng([seed, number]))
        calibration = calibrated(one, own)
        every = np.zeros(len(own), dtype=bool), np.zeros(len(own))
        every[0][~own], every[1][~own] = held(one, calibration, ~own)
        named = right(one, calibration)
        for name, part in found.items():
            chosen = masks[name] & ~own
            if not chosen.any():
                continue
            part.coverage.append(float(every[0][chosen].mean()))
            part.width.append(float(every[1][chosen].mean()))
            if named is not None:
                part.right.append(float(named[chosen].mean()))
    return {name: _figures(name, part) for name, part in found.items()}


def _calibrating(one: Answered, rng: np.random.Generator) -> Mask:
    """Rows of a random half of the patients."""
    keys = np.unique(one.keys)
    return np.asarray(np.isin(one.keys, keys[rng.permutation(len(keys))[: len(keys) // 2]]))


def calibrated(one: Answered, own: Mask) -> Calibration:
    """The calibration that fine-tuning would have made of these rows."""
    target_BK = soft_targets(
        torch.from_numpy(one.truth[own].astype(np.float32)),
        torch.tensor(task_values(one.task)),
        finetune_recipe(one.task).fit.label_sigma,
    )
    return fit_calibration(
        one.task,
        one.log_probability[own],
        one.truth[own],
        target_BK.double().numpy(),
        sites=[str(site) for site in one.sites[own]],
    )


def parts_of(one: Answered) -> dict[str, Mask]:
    """All rows, those of each site, each class (of each site too) or fifth of a measure's range.

    A split interval promises nothing for a part that only the truth tells, as a fifth of the range is.
    """
    names = [str(site) for site in np.unique(one.sites) if site]
    sites = {f"site {name}": one.sites == name for name in names}
    every = np.ones(len(one.truth), dtype=bool)
    if one.task.kind is Kind.REGRESSION:
        return {"all": every, **sites, **_fifths(one.truth)}
    classes = {f"class {number}": one.truth == number for number in range(one.task.classes)}
    both = {f"{site}, {name}": at & of for site, at in sites.items() for name, of in classes.items()}
    return {"all": every, **sites, **classes, **both}


def _fifths(truth: Floats) -> dict[str, Mask]:
    edges = np.quantile(truth, np.arange(1, _FIFTHS) / _FIFTHS)
    fifth = np.searchsorted(edges, truth, side="right")
    return {f"fifth {number + 1} of the range": fifth == number for number in range(_FIFTHS)}


def _figures(name: str, part: Part) -> dict[str, Any]:
    """Mean coverage, spread over splits, what counting allows for so many cases, and the verdict."""
    mean = float(np.mean(part.coverage))
    chance = binomtest(round(mean * part.cases), part.cases).proportion_ci(method="wilson")
    found: dict[str, Any] = {
        "cases": part.cases,
        "coverage": round(mean, 4),
        "sd_of_a_split": round(float(np.std(part.coverage)), 4),
        "wilson": [round(float(chance.low), 4), round(float(chance.high), 4)],
        "width": round(float(np.mean(part.width)), 2),
        "counted": part.cases >= LEAST_CASES and not name.startswith("fifth"),
        "within": abs(mean - COVERAGE) <= ALLOWED,
    }
    if part.right:
        found["answered_rightly"] = round(float(np.mean(part.right)), 4)
    return found
