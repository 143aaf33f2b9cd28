"""How good a linear head becomes with how many labels, for several encoders on the same draws.

Shapes: P parts of the labels, S samples of labels, R bootstrap draws, N test rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteon.domain import Task
from training.evaluation.features import FeatureStore, Floats, OpenEncoder
from training.evaluation.label_factor import Factor, labels_to_reach
from training.evaluation.probe import fit_probe, higher_is_better, task_figure
from training.evaluation.settings import SuiteSettings
from training.label_table import LabelRow, take_fraction
from training.metrics import quantile_bounds, resampled


@dataclass(frozen=True, kw_only=True)
class MeasuredPlace:
    """Rows of one place that no head was fitted on: in hospital, or another hospital's."""

    name: str
    rows: Sequence[LabelRow]


@dataclass(frozen=True, kw_only=True)
class LabelCurve:
    """One encoder's figures at one place.

    Attributes:
        labels: mean number of labelled pictures of each part, (P,).
        mean: mean figure over the samples of labels, (P,).
        figures: figure of each sample, (P, S).
        draws: the mean figure of each bootstrap draw of patients and of samples, (R, P).
    """

    encoder: str
    place: str
    labels: Floats
    mean: Floats
    figures: Floats
    draws: Floats

    def bounds(self, part: int) -> tuple[float | None, float | None]:
        """95 % interval of the mean figure at one part."""
        return quantile_bounds(self.draws[:, part])


def label_curves(
    task: Task,
    encoders: Sequence[OpenEncoder],
    training: Sequence[LabelRow],
    places: Sequence[MeasuredPlace],
    store: FeatureStore,
    settings: SuiteSettings,
) -> list[LabelCurve]:
    """Curves of every encoder at every place, on the same labels and the same draws of patients."""
    curves = []
    for encoder in encoders:
        learnable, feature_NF = store.features(encoder, training)
        place_of = {row.path: number for number, row in enumerate(learnable)}
        tests = [(place.name, *store.features(encoder, place.rows)) for place in places]
        scores, labels_P = _scores(task, learnable, feature_NF, place_of, [one[2] for one in tests], settings)
        for (name, rows, _), score_PSN in zip(tests, scores, strict=True):
            curves.append(_curve(task, encoder.name, name, rows, labels_P, score_PSN, settings))
    return curves


def pooled_curves(curves: Sequence[LabelCurve], method_of: Mapping[str, str]) -> list[LabelCurve]:
    """One curve for each method and place, over all pretraining seeds of the method.

    A draw takes pretraining seeds with replacement beside the patients and the samples of labels that it drew
    for each: the interval holds what another run of the pretraining would have given too. With two seeds that
    part of it is coarse.

    Args:
        curves: of `label_curves`, whose draws are paired over encoders.
        method_of: method by encoder name; an encoder of no method (or an empty one) stays as it is.
    """
    groups: dict[tuple[str, str], list[LabelCurve]] = {}
    for curve in curves:
        groups.setdefault((method_of.get(curve.encoder) or curve.encoder, curve.place), []).append(curve)
    return [seeds[0] if len(seeds) == 1 else _pooled(name, seeds) for (name, _), seeds in groups.items()]


def _pooled(name: str, seeds: Sequence[LabelCurve]) -> LabelCurve:
    draw_KRP = np.stack([seed.draws for seed in seeds])
    count, resamples = draw_KRP.shape[:2]
    # Seeds of two methods have nothing in common: each method draws its own.
    random = np.random.default_rng([count, *name.encode()])
    chosen_KR = random.integers(0, count, (count, resamples))
    return LabelCurve(
        encoder=name,
        place=seeds[0].place,
        labels=seeds[0].labels,
        mean=np.mean([seed.mean for seed in seeds], axis=0),
        figures=np.concatenate([seed.figures for seed in seeds], axis=1),
        draws=draw_KRP[chosen_KR, np.arange(resamples)].mean(axis=0),
    )


def factor_to_reach(
    task: Task, curve: LabelCurve, other: LabelCurve, part: int
) -> tuple[Factor, tuple[float | None, float | None], float]:
    """How many times fewer labels `curve` needs for what `other` reaches at one of its parts.

    Returns:
        The factor from the mean curves; the 95 % interval over draws, a draw that lies beyond the measured
        parts counting at its bound; the share of such draws.
    """
    up = higher_is_better(task)
    wanted = float(other.labels[part])
    point = labels_to_reach(curve.labels, curve.mean, float(other.mean[part]), wanted, higher=up)
    draws = [
        labels_to_reach(curve.labels, own_P, float(level), wanted, higher=up)
        for own_P, level in zip(curve.draws, other.draws[:, part], strict=True)
    ]
    beyond = float(np.mean([draw.bound != "exact" for draw in draws]))
    return point, quantile_bounds(np.asarray([draw.factor for draw in draws])), beyond


def _scores(
    task: Task,
    rows: Sequence[LabelRow],
    feature_NF: Floats,
    place_of: Mapping[Path, int],
    test_features: Sequence[Floats],
    settings: SuiteSettings,
) -> tuple[list[Floats], Floats]:
    """Scores (P, S, N) of each set of test features, and the mean number of labels (P,)."""
    shape = (len(settings.fractions), settings.label_seeds)
    scores = [np.zeros((*shape, len(features))) for features in test_features]
    count_PS = np.zeros(shape)
    for part, fraction in enumerate(settings.fractions):
        for sample in range(settings.label_seeds):
            if fraction == 1 and sample:  # every sample of all labels is the same
                for score_PSN in scores:
                    score_PSN[part, sample] = score_PSN[part, 0]
                count_PS[part, sample] = count_PS[part, 0]
                continue
            seen = take_fraction(rows, fraction, seed=sample)
            index = np.asarray([place_of[row.path] for row in seen])
            label_N = np.asarray([row.label for row in seen])
            head = fit_probe(task, feature_NF[index], label_N, [row.key for row in seen], seed=sample)
            count_PS[part, sample] = len(seen)
            for score_PSN, features in zip(scores, test_features, strict=True):
                score_PSN[part, sample] = head.score(features)
    return scores, count_PS.mean(axis=1)


def _curve(
    task: Task,
    encoder: str,
    place: str,
    rows: Sequence[LabelRow],
    labels_P: Floats,
    score_PSN: Floats,
    settings: SuiteSettings,
) -> LabelCurve:
    truth_N = np.asarray([row.label for row in rows])
    whole = np.arange(len(rows))
    figure_PS = _figures(task, truth_N, score_PSN, whole)
    draw_RP = np.zeros((settings.resamples, len(settings.fractions)))
    rng = np.random.default_rng(settings.seed)
    patients = resampled(len(rows), [row.key for row in rows], draws=settings.resamples, seed=settings.seed)
    for draw, index in enumerate(patients):
        samples = rng.integers(0, settings.label_seeds, settings.label_seeds)
        draw_RP[draw] = _figures(task, truth_N, score_PSN, index)[:, samples].mean(axis=1)
    return LabelCurve(
        encoder=encoder,
        place=place,
        labels=labels_P,
        mean=figure_PS.mean(axis=1),
        figures=figure_PS,
        draws=draw_RP,
    )


def _figures(task: Task, truth_N: Floats, score_PSN: Floats, index: NDArray[np.int64]) -> Floats:
    """The task's figure of each part and sample on some rows, (P, S)."""
    figure_PS = np.zeros(score_PSN.shape[:2])
    for part, score_SN in enumerate(score_PSN):
        for sample, score_N in enumerate(score_SN):
            same = sample and np.array_equal(score_N, score_SN[0])
            figure_PS[part, sample] = (
                figure_PS[part, 0] if same else task_figure(task, truth_N[index], score_N[index])
            )
    return figure_PS
