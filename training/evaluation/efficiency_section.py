"""The part of a report on linear heads and label efficiency."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from osteon.domain import Kind
from training.evaluation.label_efficiency import LabelCurve, factor_to_reach, label_curves, pooled_curves
from training.evaluation.plots import label_plot
from training.evaluation.probe import figure_name
from training.evaluation.run_context import Curves, RunContext, TaskRows
from training.evaluation.section import Cell, Plot, Section, Table, spread
from training.metrics import quantile_bounds

_SMALL_PART = 0.1


def efficiency_section(context: RunContext, rows: TaskRows) -> Section:
    """Figures by part of the labels, differences between encoders, and the factor of labels saved."""
    task, settings = rows.task, context.settings
    curves = label_curves(task, context.encoders, rows.training, rows.places, context.store, settings)
    method_of = {one.name: one.method for one in context.encoders if one.method}
    measured = Curves(
        rows=rows,
        curves=pooled_curves(curves, method_of),
        seeds=[curve for curve in curves if curve.encoder in method_of],
    )
    name = f"label-efficiency-{task.value}"
    factors = _factors(context, measured)
    tables = [_figures_table(name, measured, settings.fractions, figure_name(task)), *factors]
    words = [
        f"A linear head on frozen features, fitted on {settings.label_seeds} samples of each part of the "
        f"training patients' labels ({measured.curves[0].labels[-1]:.0f} pictures in all); every encoder "
        "sees the same samples. Intervals are 95 % over bootstrap draws of test patients and of samples "
        "together.",
        "The factor says how many times fewer labels the first encoder needs for what the second reaches. It "
        "is interpolated on the logarithm of the labels; ≥ means that the first is there with the fewest "
        "labels measured already, < that it does not get there with all of them. Where draws end beyond the "
        "curve, the interval holds their bounds, and the last column says how many did.",
    ]
    if measured.seeds:
        words.append(
            "An encoder whose seeds stand below it is the mean of its pretraining seeds; its intervals, and "
            "those of factors and differences, are over draws of these seeds too. Two or three seeds tell "
            "little of how far another would lie."
        )
    if task.kind is Kind.BINARY:
        words.append(
            "A sample in which all labels are the same gives AUROC 0.5 and counts so. A factor at a level "
            "near 0.5 means nothing: there both encoders guess."
        )
    return Section(
        name=name,
        title=f"Label efficiency: {task.value}",
        words=words,
        figures={
            "task": task.value,
            "figure": figure_name(task),
            "fractions": list(settings.fractions),
            "curves": [_curve_json(curve) for curve in measured.curves],
            "pretraining seeds": [_curve_json(curve) for curve in measured.seeds],
            "factors": [dict(zip(factors[0].columns, row, strict=True)) for row in factors[0].rows],
        },
        tables=tables,
        plots=[
            Plot(
                name=name,
                alt=f"{figure_name(task)} against the number of labels, by encoder and place",
                data=label_plot(measured.curves, figure_name(task)),
            )
        ],
    )


def _figures_table(name: str, measured: Curves, fractions: tuple[float, ...], figure: str) -> Table:
    rows: list[list[Cell]] = []
    for curve in sorted([*measured.curves, *measured.seeds], key=lambda one: one.place, reverse=True):
        cells: list[Cell] = [curve.place, curve.encoder]
        for part in range(len(fractions)):
            cells.append(spread(float(curve.mean[part]), *curve.bounds(part)))
        rows.append(cells)
    columns = ["place", "encoder", *(f"{fraction:.0%} of labels" for fraction in fractions)]
    return Table(name=name, title=f"{figure} by part of the labels", columns=columns, rows=rows)


def _factors(context: RunContext, measured: Curves) -> list[Table]:
    """Tables of factors and of paired differences, for every encoder against those named after it."""
    task, fractions = measured.rows.task, context.settings.fractions
    at = [len(fractions) - 1]
    if _SMALL_PART in fractions:
        at.insert(0, fractions.index(_SMALL_PART))
    factors: list[list[Cell]] = []
    differences: list[list[Cell]] = []
    for place in dict.fromkeys(curve.place for curve in measured.curves):
        for first, second in combinations(measured.encoders, 2):
            curve, other = measured.of(first, place), measured.of(second, place)
            for part in at:
                factor, (low, high), beyond = factor_to_reach(task, curve, other, part)
                level = f"{second} with {fractions[part]:.0%}"
                between = None if low is None or high is None else f"{low:.1f} to {high:.1f}"
                factors.append(
                    [place, first, level, float(other.mean[part]), factor.words(), between, beyond]
                )
        first, *others = measured.encoders
        for second in others:
            differences.append(_difference(measured.of(first, place), measured.of(second, place)))
    name = f"label-efficiency-{task.value}"
    return [
        Table(
            name=f"{name}-factors",
            title="Factor of labels saved",
            columns=["place", "encoder", "reaches", "level", "factor", "95 % interval", "draws beyond"],
            rows=factors,
        ),
        Table(
            name=f"{name}-differences",
            title="Difference of the first encoder, paired over patients and samples",
            columns=["place", "difference", *(f"{fraction:.0%} of labels" for fraction in fractions)],
            rows=differences,
        ),
    ]


def _difference(first: LabelCurve, second: LabelCurve) -> list[Cell]:
    cells: list[Cell] = [first.place, f"{first.encoder} − {second.encoder}"]
    for part in range(len(first.labels)):
        bounds = quantile_bounds(first.draws[:, part] - second.draws[:, part])
        cells.append(spread(float(first.mean[part] - second.mean[part]), *bounds))
    return cells


def _curve_json(curve: LabelCurve) -> dict[str, Any]:
    bounds = [curve.bounds(part) for part in range(len(curve.labels))]
    return {
        "encoder": curve.encoder,
        "place": curve.place,
        "labels": [float(value) for value in curve.labels],
        "mean": [_finite(value) for value in curve.mean],
        "low": [one[0] for one in bounds],
        "high": [one[1] for one in bounds],
        "samples": [[_finite(value) for value in row] for row in curve.figures],
    }


def _finite(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
