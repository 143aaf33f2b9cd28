"""The part of a report on retrieval: picture to picture, report to picture, picture to report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from osteon.models.zero_shot import embed_levels, embed_texts
from training.evaluation.cases import Case
from training.evaluation.features import OpenEncoder
from training.evaluation.neighbours import PrecisionAt, precision_at, relevance, unit
from training.evaluation.plots import bar_plot
from training.evaluation.run_context import RunContext
from training.evaluation.section import Cell, Plot, Section, Table

Floats = NDArray[np.float64]
_PLOTTED_RANK = 5


def retrieval_section(context: RunContext) -> Section | None:
    """Precision at k of every encoder and place; None where no picture says what it shows."""
    rows: list[list[Cell]] = []
    for place, cases in context.tested.items():
        known = [case for case in cases if case.facts["region"] and case.facts["finding"]]
        if len(known) < 2:
            continue
        for encoder in context.encoders:
            rows += _picture_to_picture(context, encoder, place, known)
            rows += _with_reports(context, encoder, place, known)
    if not rows:
        return None
    columns = [
        "encoder",
        "place",
        "direction",
        "k",
        "precision",
        "low",
        "high",
        "chance",
        "times chance",
        "queries",
    ]
    plotted = [row for row in rows if row[3] == _PLOTTED_RANK]
    return Section(
        name="retrieval",
        title="Retrieval",
        words=[
            "Right means the same body part, the same finding and the same side, as the label table states "
            "them. What a query may find leaves out its own patient, so that a picture is not found by its "
            "twin nor a report by its own study. Chance is the expectation for random scores on the same "
            "candidates. Intervals are 95 % over patients of the queries.",
            "Picture to picture compares frozen features by cosine; other directions use the shared space.",
        ],
        figures={"results": [dict(zip(columns, row, strict=True)) for row in rows]},
        tables=[Table(name="retrieval", title="Precision at k", columns=columns, rows=rows)],
        plots=[
            Plot(
                name="retrieval",
                alt=f"Precision at {_PLOTTED_RANK} by encoder, place and direction, chance beside it",
                data=bar_plot(
                    [f"{row[0]}, {row[1]}, {row[2]}" for row in plotted],
                    [float(row[4] or 0) for row in plotted],
                    [(_number(row[5]), _number(row[6])) for row in plotted],
                    axis=f"precision at {_PLOTTED_RANK}",
                    reference=[float(row[7] or 0) for row in plotted],
                ),
            )
        ]
        if plotted
        else [],
    )


def _picture_to_picture(
    context: RunContext, encoder: OpenEncoder, place: str, cases: Sequence[Case]
) -> list[list[Cell]]:
    kept, feature_NF = context.store.features(encoder, [case.row() for case in cases])
    own = [context.cases[row.path] for row in kept]
    vector_NF = unit(feature_NF - feature_NF.mean(axis=0))
    facts = [_shown_in(case) for case in own]
    patients = [case.key for case in own]
    return _rows(
        context,
        (encoder.name, place, "picture to picture"),
        vector_NF @ vector_NF.T,
        relevance(facts, facts),
        patients,
        patients,
    )


def _with_reports(
    context: RunContext, encoder: OpenEncoder, place: str, cases: Sequence[Case]
) -> list[list[Cell]]:
    if encoder.dual is None or not context.reports:
        return []
    levels = context.store.levels(encoder.preprocess, [case.row() for case in cases])
    own = [case for case in cases if levels[case.path] is not None]
    studies = list(
        dict.fromkeys(case.facts["study"] for case in own if case.facts["study"] in context.reports)
    )
    if len(studies) < 2:
        return []
    first = {case.facts["study"]: case for case in reversed(own)}
    squares = [square for case in own if (square := levels[case.path]) is not None]
    image_ND = embed_levels(encoder.dual, np.stack(squares)).double().numpy()
    text_QD = embed_texts(encoder.dual, [context.reports[study] for study in studies]).double().numpy()
    pictures, asked = [_shown_in(case) for case in own], [_shown_in(first[study]) for study in studies]
    patients, askers = [case.key for case in own], [first[study].key for study in studies]
    score_QN, right_QN = text_QD @ image_ND.T, relevance(asked, pictures)
    there = _rows(context, (encoder.name, place, "report to picture"), score_QN, right_QN, askers, patients)
    back = _rows(
        context, (encoder.name, place, "picture to report"), score_QN.T, right_QN.T, patients, askers
    )
    return there + back


def _rows(
    context: RunContext,
    names: tuple[str, str, str],
    score_QN: Floats,
    relevant_QN: NDArray[np.bool_],
    askers: Sequence[str],
    found: Sequence[str],
) -> list[list[Cell]]:
    allowed_QN = np.asarray(askers)[:, None] != np.asarray(found)[None, :]
    rows: list[list[Cell]] = []
    for rank in context.settings.ranks:
        one = precision_at(
            score_QN,
            relevant_QN,
            allowed_QN,
            rank,
            groups=askers,
            draws=context.settings.resamples,
            seed=context.settings.seed,
        )
        if one.queries:
            rows.append([*names, *_cells(one)])
    return rows


def _cells(one: PrecisionAt) -> list[Cell]:
    return [one.rank, one.precision, one.low, one.high, one.chance, one.times_chance, one.queries]


def _shown_in(case: Case) -> tuple[str, ...]:
    return case.facts["region"], case.facts["finding"], case.facts["side"]


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, float) else None
