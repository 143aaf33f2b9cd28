"""Linear heads, their curves and the factor of labels saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from osteon.domain import Task, UsageError
from osteon.models.encoders import build_image_encoder
from osteon.models.preprocess import Preprocess
from training.evaluation.features import FeatureStore, OpenEncoder
from training.evaluation.label_efficiency import MeasuredPlace, factor_to_reach, label_curves, pooled_curves
from training.evaluation.label_factor import labels_to_reach
from training.evaluation.probe import fit_probe, task_figure
from training.evaluation.settings import SuiteSettings
from training.label_table import LabelRow

LABELS = np.array([10.0, 100.0, 1000.0])


def test_a_level_between_two_points_is_interpolated_on_the_logarithm() -> None:
    found = labels_to_reach(LABELS, np.array([0.5, 0.7, 0.9]), 0.8, 1000.0)
    assert found.bound == "exact"
    assert found.factor == pytest.approx(10**0.5)


def test_a_lucky_small_sample_does_not_count_as_reached() -> None:
    found = labels_to_reach(LABELS, np.array([0.85, 0.7, 0.9]), 0.8, 1000.0)
    assert found.factor == pytest.approx(10**0.5)


def test_beyond_what_was_measured_only_a_bound_is_told() -> None:
    never = labels_to_reach(LABELS, np.array([0.5, 0.6, 0.7]), 0.8, 1000.0)
    at_once = labels_to_reach(LABELS, np.array([0.9, 0.9, 0.9]), 0.8, 1000.0)
    assert (never.bound, never.factor, never.words()) == ("at most", 1.0, "< 1.0")
    assert (at_once.bound, at_once.factor, at_once.words()) == ("at least", 100.0, "≥ 100.0")


def test_where_less_is_better_a_falling_curve_reaches_the_level() -> None:
    found = labels_to_reach(LABELS, np.array([30.0, 20.0, 10.0]), 15.0, 1000.0, higher=False)
    assert found.factor == pytest.approx(10**0.5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.5, 1.0), min_size=3, max_size=3), st.floats(0.4, 1.1))
def test_a_factor_lies_between_its_bounds(figures: list[float], level: float) -> None:
    found = labels_to_reach(LABELS, np.array(figures), level, 1000.0)
    assert 1.0 <= found.factor <= 100.0


def _two_groups(count: int, features: int, gap: float) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(0)
    label = (np.arange(count) % 2).astype(float)
    feature = rng.normal(size=(count, features)) + gap * label[:, None] * np.linspace(0, 1, features)
    return feature * 7 + 3, label, [f"p{index // 2}" for index in range(count)]


def test_the_head_is_scikit_learns_logistic_regression_of_some_strength() -> None:
    feature, label, groups = _two_groups(300, 5, 1.5)
    score = fit_probe(Task.FRACTURE, feature, label, groups).score(feature)
    theirs = [
        make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
        .fit(feature, label)
        .predict_proba(feature)[:, 1]
        for strength in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    ]
    assert min(float(np.abs(score - other).max()) for other in theirs) < 1e-9


def test_the_direction_that_maps_explain_is_the_heads_logit() -> None:
    feature, label, groups = _two_groups(100, 4, 2.0)
    head = fit_probe(Task.FRACTURE, feature, label, groups)
    weight, bias = head.direction()
    score = head.score(feature)
    assert np.allclose(feature @ weight + bias, np.log(score / (1 - score)))


def test_one_answer_alone_gives_a_head_that_tells_nothing_apart() -> None:
    feature, _, groups = _two_groups(10, 4, 0.0)
    score = fit_probe(Task.FRACTURE, feature, np.ones(10), groups).score(feature)
    assert set(score) == {0.5}
    months = fit_probe(Task.BONE_AGE, feature, np.full(10, 100.0), groups).score(feature)
    assert set(months) == {100.0}


def test_grades_that_lie_on_a_line_are_found_with_and_without_a_missing_grade() -> None:
    rng = np.random.default_rng(1)
    for grades in ([0, 1, 2, 3, 4], [1, 4], [0, 2, 4]):
        label = rng.choice(grades, 400).astype(float)
        feature = label[:, None] + rng.normal(0, 0.2, (400, 3))
        groups = [str(index) for index in range(400)]
        score = fit_probe(Task.KNEE_OA, feature, label, groups).score(feature)
        assert task_figure(Task.KNEE_OA, label, score) > 0.9, grades


def test_months_are_found_by_a_ridge() -> None:
    rng = np.random.default_rng(2)
    label = rng.uniform(0, 200, 300)
    feature = np.stack([label / 10 + rng.normal(0, 0.3, 300), rng.normal(size=300)], axis=1)
    score = fit_probe(Task.BONE_AGE, feature, label, [str(index) for index in range(300)]).score(feature)
    assert task_figure(Task.BONE_AGE, label, score) < 5


class _Given(FeatureStore):
    """Features that a test gives by encoder name, in place of pictures."""

    def __init__(self, features: dict[str, dict[Path, np.ndarray]]) -> None:
        super().__init__()
        self.given = features

    def features(self, encoder: OpenEncoder, rows: list[LabelRow]) -> tuple[list[LabelRow], np.ndarray]:  # type: ignore[override]
        return list(rows), np.stack([self.given[encoder.name][row.path] for row in rows])


@pytest.fixture(scope="module")
def curves() -> list:  # type: ignore[type-arg]
    """An encoder that shows the label, one that shows it dimly, one that shows noise."""
    rng = np.random.default_rng(3)
    rows = [
        LabelRow(number=n, path=Path(f"{n}.png"), key=f"p{n // 2}", label=float(rng.random() < 0.4), sex="")
        for n in range(900)
    ]
    noise = {row.path: rng.normal(size=8) for row in rows}
    shift = np.eye(8)[0]
    features = {
        name: {row.path: noise[row.path] + gain * row.label * shift for row in rows}
        for name, gain in (("clear", 2.5), ("dim", 1.2), ("noise", 0.0))
    }
    encoder = build_image_encoder("resnet10t-tiny", seed=0)
    encoders = [OpenEncoder(name=name, encoder=encoder, preprocess=Preprocess(size=32)) for name in features]
    return label_curves(
        Task.FRACTURE,
        encoders,
        rows[:600],
        [MeasuredPlace(name="here", rows=rows[600:])],
        _Given(features),
        SuiteSettings(fractions=(0.02, 0.1, 1.0), label_seeds=6, resamples=120),
    )


def test_curves_rank_encoders_by_what_they_show_and_noise_stays_at_one_half(curves: list) -> None:  # type: ignore[type-arg]
    clear, dim, noise = (curve.mean[-1] for curve in curves)
    assert clear > dim + 0.1 > noise + 0.1
    low, high = curves[2].bounds(2)
    assert low < 0.5 < high
    assert clear == pytest.approx(0.96, abs=0.03)  # a shift of 2.5 sd: Phi(2.5 / sqrt 2)


def test_intervals_hold_the_mean_and_samples_differ_only_below_all_labels(curves: list) -> None:  # type: ignore[type-arg]
    for curve in curves:
        for part in range(3):
            low, high = curve.bounds(part)
            assert low <= curve.mean[part] <= high
        assert np.ptp(curve.figures[0]) > 0
        assert np.ptp(curve.figures[-1]) == 0
    assert [round(value) for value in curves[0].labels][1:] == [60, 600]


def test_the_clear_encoder_needs_far_fewer_labels_and_noise_never_gets_there(curves: list) -> None:  # type: ignore[type-arg]
    clear, dim, noise = curves
    factor, (low, high), _ = factor_to_reach(Task.FRACTURE, clear, dim, 2)
    assert factor.factor > 5
    assert low is not None
    assert 1 < low <= high
    never, _, beyond = factor_to_reach(Task.FRACTURE, noise, dim, 2)
    assert (never.bound, beyond) == ("at most", 1.0)


def test_equal_pretraining_seeds_pool_to_themselves_and_unequal_ones_widen_the_interval(curves: list) -> None:  # type: ignore[type-arg]
    clear, dim, noise = curves
    twice = [clear, replace(clear, encoder="again")]
    (same,) = pooled_curves(twice, {"clear": "seeds", "again": "seeds"})
    assert (same.encoder, same.place) == ("seeds", "here")
    assert np.array_equal(same.mean, clear.mean)
    assert np.array_equal(same.draws, clear.draws)
    unlike, alone = pooled_curves(curves, {"clear": "seeds", "dim": "seeds"})
    assert unlike.mean == pytest.approx((clear.mean + dim.mean) / 2)
    assert unlike.figures.shape == (3, 12)
    low, high = unlike.bounds(2)
    assert low is not None
    assert low < dim.mean[2] + 0.02  # both seeds drawn are the dim one in a quarter of the draws
    assert high > clear.mean[2] - 0.02
    assert alone is noise


@pytest.mark.parametrize("fractions", [(), (0.1, 0.5), (0.5, 0.1, 1.0), (0.0, 1.0)])
def test_fractions_that_do_not_rise_to_one_are_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="rise to 1"):
        SuiteSettings(fractions=fractions)
