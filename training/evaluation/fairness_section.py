"""The part of a report on subgroups: age, sex, site, device, body part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from training.evaluation.features import OpenEncoder
from training.evaluation.plots import subgroup_plot
from training.evaluation.probe import figure_name, fit_probe, task_figure
from training.evaluation.run_context import RunContext, TaskRows
from training.evaluation.section import Cell, Plot, Section, Table
from training.evaluation.subgroups import Subgroup, subgroups
from training.label_table import LabelRow

Floats = NDArray[np.float64]


def fairness_section(context: RunContext, rows: TaskRows) -> Section | None:
    """Subgroups of the first encoder's head on all labels, over every place together."""
    encoder, settings, task = context.encoders[0], context.settings, rows.task
    tested, truth_N, score_N = _scored(context, encoder, rows)
    found, gaps = subgroups(
        task,
        truth_N,
        score_N,
        [context.cases[row.path] for row in tested],
        least_rows=settings.least_rows,
        least_of_class=settings.least_of_class,
        draws=settings.resamples,
        seed=settings.seed,
    )
    if not found:
        return None
    name = f"subgroups-{task.value}"
    columns = ["fact", "group", "pictures", figure_name(task), "low", "high", "sensitivity", "specificity"]
    few = f"fewer than {settings.least_rows}"
    return Section(
        name=name,
        title=f"Subgroups: {task.value}",
        words=[
            f"A linear head on all training labels of {encoder.name}, measured on the test pictures of every "
            "place together; sensitivity and specificity at probability one half. Intervals are 95 % over "
            "patients.",
            f"A group of {few} pictures, or with fewer than {settings.least_of_class} of either answer, is "
            "named without a number: the figure would mean nothing, and a count could point at people.",
            "The gap is the largest difference between the groups of a fact. Above zero by chance alone, it "
            "grows with the number of groups: only its lower bound speaks. Groups differ in more than "
            "their name (devices belong to sites, ages to body parts).",
        ],
        figures={
            "encoder": encoder.name,
            "groups": [asdict(g) for g in found],
            "gaps": [asdict(g) for g in gaps],
        },
        tables=[
            Table(
                name=name,
                title="By subgroup",
                columns=columns,
                rows=[_cells(one, "too few") for one in found],
            ),
            Table(
                name=f"{name}-gaps",
                title="Largest difference within a fact",
                columns=["fact", "groups", "gap", "low", "high"],
                rows=[[one.fact, one.groups, one.gap, one.low, one.high] for one in gaps],
            ),
        ],
        plots=[
            Plot(
                name=name,
                alt=f"{figure_name(task)} in each subgroup with its interval",
                data=subgroup_plot(found, figure_name(task), task_figure(task, truth_N, score_N)),
            )
        ],
    )


def _scored(
    context: RunContext, encoder: OpenEncoder, rows: TaskRows
) -> tuple[Sequence[LabelRow], Floats, Floats]:
    learned, feature_NF = context.store.features(encoder, rows.training)
    head = fit_probe(
        rows.task, feature_NF, np.asarray([row.label for row in learned]), [row.key for row in learned]
    )
    wanted = [row for place in rows.places for row in place.rows]
    tested, test_features = context.store.features(encoder, wanted)
    return tested, np.asarray([row.label for row in tested]), head.score(test_features)


def _cells(one: Subgroup, withheld: str) -> list[Cell]:
    if one.rows is None:
        return [one.fact, one.group, withheld, None, None, None, None, None]
    return [
        one.fact,
        one.group,
        one.rows,
        one.figure,
        one.low,
        one.high,
        one.sensitivity,
        one.specificity,
    ]
