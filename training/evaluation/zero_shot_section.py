"""The part of a report on classification by sentences alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from osteon.models.zero_shot import Ensemble, embed_levels, split_words, zero_shot_scores
from training.evaluation.features import OpenEncoder
from training.evaluation.label_efficiency import MeasuredPlace
from training.evaluation.plots import bar_plot
from training.evaluation.probe import figure_name, task_figure
from training.evaluation.run_context import RunContext, TaskRows
from training.evaluation.section import Cell, Plot, Section, Table
from training.metrics import quantile_bounds, resampled


def zero_shot_section(context: RunContext, prompts: Sequence[Ensemble]) -> Section | None:
    """Figures of every dual encoder, task, language and place; None without a dual encoder or a prompt."""
    rows: list[list[Cell]] = []
    for encoder in (one for one in context.encoders if one.dual is not None):
        for task_rows in context.tasks:
            for place in task_rows.places:
                wanted = [one for one in prompts if one.task is task_rows.task]
                rows += _measured(context, encoder, task_rows, wanted, place)
    if not rows:
        return None
    columns = [
        "encoder",
        "task",
        "place",
        "language",
        "figure",
        "value",
        "low",
        "high",
        "pictures",
        "tokens per word",
    ]
    words = [
        "No label took part: a picture's answer is the one whose sentences lie nearest, an answer being the "
        "mean of its sentences' embeddings. The sentences stand in prompts.yaml.",
        "Tokens per word tell how strange a language is to the text encoder; one that was trained on French "
        "reports alone is expected to answer English at random.",
    ]
    plots = [
        Plot(
            name="zero-shot",
            alt="Zero-shot figures by encoder, task, place and language",
            data=bar_plot(
                [f"{row[0]}, {row[1]}, {row[2]}, {row[3]}" for row in rows],
                [float(row[5] or 0) for row in rows],
                [(_number(row[6]), _number(row[7])) for row in rows],
                axis=" / ".join(dict.fromkeys(str(row[4]) for row in rows)),
            ),
        )
    ]
    return Section(
        name="zero-shot",
        title="Zero-shot classification",
        words=words,
        figures={"results": [dict(zip(columns, row, strict=True)) for row in rows]},
        tables=[Table(name="zero-shot", title="By language of the prompts", columns=columns, rows=rows)],
        plots=plots,
    )


def _measured(
    context: RunContext,
    encoder: OpenEncoder,
    task_rows: TaskRows,
    ensembles: Sequence[Ensemble],
    place: MeasuredPlace,
) -> list[list[Cell]]:
    """One row for each language."""
    levels = context.store.levels(encoder.preprocess, place.rows)
    kept = [(row, square) for row in place.rows if (square := levels[row.path]) is not None]
    if encoder.dual is None or not kept or not ensembles:
        return []
    image_ND = embed_levels(encoder.dual, np.stack([square for _, square in kept]))
    truth_N = np.asarray([row.label for row, _ in kept])
    patients = [row.key for row, _ in kept]
    settings, task = context.settings, task_rows.task
    draws = resampled(len(kept), patients, draws=settings.resamples, seed=settings.seed)
    found: list[list[Cell]] = []
    for ensemble in ensembles:
        score_N = zero_shot_scores(encoder.dual, ensemble, image_ND)
        low, high = quantile_bounds(np.asarray([task_figure(task, truth_N[i], score_N[i]) for i in draws]))
        value = task_figure(task, truth_N, score_N)
        found.append(
            [
                encoder.name,
                task.value,
                place.name,
                ensemble.language,
                figure_name(task),
                value if np.isfinite(value) else None,
                low,
                high,
                len(kept),
                split_words(encoder.dual.tokenizer, ensemble),
            ]
        )
    return found


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, float) else None
