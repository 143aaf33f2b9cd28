"""The part of a report on saliency: maps, whether they depend on what was learned, where they point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.dicom import read_picture
from osteon.domain import Kind
from osteon.models.saliency import grad_cam, is_transformer, map_maker
from training.evaluation.features import OpenEncoder
from training.evaluation.plots import map_plot
from training.evaluation.probe import fit_probe
from training.evaluation.run_context import RunContext, TaskRows
from training.evaluation.saliency_checks import (
    Pointing,
    RankCheck,
    Rectangle,
    enlarged,
    in_square,
    make_maps,
    pointing_game,
    randomised,
    rank_check,
)
from training.evaluation.section import Cell, Plot, Section, Table
from training.label_table import LabelRow

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """What the maps of one encoder gave."""

    encoder: str
    method: str
    checks: Sequence[RankCheck]
    pointing: Pointing | None
    pictures: NDArray[np.uint8]
    maps: Floats
    boxes: Sequence[Sequence[Rectangle]]


def saliency_section(context: RunContext, rows: TaskRows) -> Section | None:
    """Maps of every encoder for the yes of a yes/no task; None for other tasks."""
    if rows.task.kind is not Kind.BINARY:
        return None
    wanted = _positives(context, rows)
    if not wanted:
        return None
    looked = [_look(context, encoder, rows, wanted) for encoder in context.encoders]
    name = f"saliency-{rows.task.value}"
    checks: list[list[Cell]] = [
        [one.encoder, one.method, check.what, check.correlation, check.low, check.high, check.pictures]
        for one in looked
        for check in one.checks
    ]
    pointing: list[list[Cell]] = [
        [one.encoder, game.hits, game.low, game.high, game.chance, game.centre, game.pictures]
        for one in looked
        if (game := one.pointing) is not None
    ]
    tables = [
        Table(
            name=f"{name}-checks",
            title="Rank correlation with the maps of a randomised model",
            columns=["encoder", "method", "randomised", "correlation", "low", "high", "pictures"],
            rows=checks,
        )
    ]
    if pointing:
        tables.append(
            Table(
                name=f"{name}-pointing",
                title="Pointing game",
                columns=["encoder", "hits", "low", "high", "chance (area)", "centre", "pictures"],
                rows=pointing,
            )
        )
    shown = context.settings.saliency_shown
    return Section(
        name=name,
        title=f"Saliency: {rows.task.value}",
        words=[
            "Maps explain the yes of a linear head on frozen features, on test pictures whose label is yes: "
            "red speaks for it, blue against. Boxes, where a picture has them, were not seen by any model.",
            "A map that stays the same when weights or labels are random (correlation near 1) "
            "shows the picture, not the model (Adebayo et al. 2018). Attention rollout knows no answer, so "
            "random labels cannot change it; that check is left out there.",
            "Pointing game: the share of maps whose highest place lies in a box, beside the boxes' share of "
            "the picture and beside always pointing at the centre.",
        ],
        figures={
            "checks": [dict(zip(tables[0].columns, row, strict=True)) for row in checks],
            "pointing": [{"encoder": one.encoder, **asdict(one.pointing)} for one in looked if one.pointing],
        },
        tables=tables,
        plots=[
            Plot(
                name=f"{name}-{one.encoder}",
                alt=f"{one.method} of {one.encoder} on some pictures, boxes drawn where known",
                data=map_plot(list(one.pictures[:shown]), list(one.maps[:shown]), one.boxes[:shown]),
                kind="png",
            )
            for one in looked
        ],
    )


def _positives(context: RunContext, rows: TaskRows) -> list[LabelRow]:
    """Test pictures whose answer is yes, those with a box first, in a seeded order."""
    positive = [row for place in rows.places for row in place.rows if row.label == 1]
    order = np.random.default_rng(context.settings.seed).permutation(len(positive))
    drawn = [positive[index] for index in order]
    drawn.sort(key=lambda row: row.path not in context.boxes)
    return drawn[: context.settings.saliency_pictures]


def _look(context: RunContext, encoder: OpenEncoder, rows: TaskRows, wanted: Sequence[LabelRow]) -> _Looked:
    task, settings = rows.task, context.settings
    learned, feature_NF = context.store.features(encoder, rows.training)
    label_N = np.asarray([row.label for row in learned])
    groups = [row.key for row in learned]
    weight_F, _ = fit_probe(task, feature_NF, label_N, groups).direction()
    levels = context.store.levels(encoder.preprocess, wanted)
    kept = [row for row in wanted if levels[row.path] is not None]
    pictures = np.stack([square for row in kept if (square := levels[row.path]) is not None])
    method, maker = map_maker(encoder.encoder, torch.from_numpy(weight_F))
    maps_Nhw = make_maps(maker, pictures)
    patients = [row.key for row in kept]

    def check(what: str, other: Floats) -> RankCheck:
        return rank_check(
            what, maps_Nhw, other, groups=patients, draws=settings.resamples, seed=settings.seed
        )

    checks = []
    for what, stages in (("the last stage", 1), ("the last two stages", 2), ("all weights", None)):
        strange = randomised(encoder.encoder, stages=stages, seed=settings.seed + 1)
        # The head stays: only what it looks at is replaced.
        _, strange_maker = map_maker(strange, torch.from_numpy(weight_F))
        checks.append(check(what, make_maps(strange_maker, pictures)))
    if not is_transformer(encoder.encoder):
        shuffled = np.random.default_rng(settings.seed).permutation(label_N)
        other_F, _ = fit_probe(task, feature_NF, shuffled, groups).direction()
        checks.append(
            check("labels", make_maps(grad_cam(encoder.encoder, torch.from_numpy(other_F)), pictures))
        )
    large = enlarged(maps_Nhw, pictures.shape[-1])
    boxes = [_boxes_in_square(context, row) for row in kept]
    boxed = [number for number, rectangles in enumerate(boxes) if rectangles]
    pointing = None
    if boxed:
        pointing = pointing_game(
            large[boxed],
            [boxes[number] for number in boxed],
            groups=[patients[number] for number in boxed],
            draws=settings.resamples,
            seed=settings.seed,
        )
    return _Looked(
        encoder=encoder.name,
        method=method,
        checks=checks,
        pointing=pointing,
        pictures=pictures,
        maps=large,
        boxes=boxes,
    )


def _boxes_in_square(context: RunContext, row: LabelRow) -> list[Rectangle]:
    rectangles = context.boxes.get(row.path, ())
    if not rectangles:
        return []
    height, width = read_picture(row.path).pixels.shape
    return [in_square(one, height, width) for one in rectangles]
