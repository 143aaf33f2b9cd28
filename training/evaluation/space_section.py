"""The part of a report on latent spaces: what can be told from them, and how they look."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from training.evaluation.cases import Case, fact_of
from training.evaluation.plots import scatter_plot
from training.evaluation.run_context import RunContext
from training.evaluation.section import Cell, Plot, Section, Table
from training.evaluation.separability import Separability, scatter, separability

_FACTS = ("region", "finding", "side", "view", "site", "device")
_DRAWN = ("region", "finding", "site")
_MOST_DRAWN = 8


def space_section(context: RunContext) -> Section | None:
    """Silhouette and LDA of every encoder and fact over all test pictures, and t-SNE plots."""
    cases = [case for place in context.tested.values() for case in place]
    found: list[tuple[str, Separability]] = []
    points = []
    for encoder in context.encoders:
        kept, feature_NF = context.store.features(encoder, [case.row() for case in cases])
        own = [context.cases[row.path] for row in kept]
        for fact in _FACTS:
            one = separability(fact, feature_NF, fact_of(own, fact), [case.key for case in own])
            if one is not None:
                found.append((encoder.name, one))
        chosen = _drawn_cases(own, context.settings.scatter_points, context.settings.seed)
        points.append((encoder.name, scatter(feature_NF[chosen], seed=context.settings.seed)))
        shown = [own[index] for index in chosen]
    if not found:
        return None
    rows: list[list[Cell]] = [
        [name, one.fact, one.classes, one.pictures, one.silhouette, one.lda, one.chance]
        for name, one in found
    ]
    facts = [fact for fact in _DRAWN if 1 < len(set(fact_of(shown, fact)) - {""}) <= _MOST_DRAWN]
    return Section(
        name="latent-space",
        title="Latent spaces",
        words=[
            "Silhouette (cosine) says how tight and apart the groups of a fact lie; the balanced accuracy of "
            "a linear discriminant, over folds of patients, how well straight cuts tell them. Site and "
            "device are there as a warning: what tells hospitals apart may be learned in place of a finding.",
            "t-SNE is for looking: distances between groups and their sizes mean nothing in it.",
        ],
        figures={"results": [{"encoder": name, **asdict(one)} for name, one in found]},
        tables=[
            Table(
                name="latent-space",
                title="What the features tell apart",
                columns=["encoder", "fact", "groups", "pictures", "silhouette", "LDA accuracy", "chance"],
                rows=rows,
            )
        ],
        plots=[
            Plot(
                name=f"latent-space-{fact}",
                alt=f"t-SNE of the features of each encoder, coloured by {fact}",
                data=scatter_plot(points, fact_of(shown, fact), title=fact),
            )
            for fact in facts
        ],
    )


def _drawn_cases(cases: list[Case], most: int, seed: int) -> list[int]:
    order = np.random.default_rng(seed).permutation(len(cases))
    return sorted(int(index) for index in order[:most])
