"""Performance without labels: does the interval hold the truth, and is it said when it cannot?"""

from datetime import timedelta

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from monitoring.expected import expected_performance
from monitoring.performance import (
    Labelled,
    checked,
    expected_correct,
    with_few_labels,
    without_labels,
)
from monitoring.performance import _auroc as auroc
from monitoring.policy import load_policy
from monitoring.references import References
from tests.event_frame import NOW, event_frame

RUNS = 60


def population(count, rng, mean=0.0):
    """Pictures of which the model knows the first coordinate only, so that its calibration shifts too."""
    x = rng.standard_normal((count, 4)) + np.array([mean, mean, 0, 0])
    likely = expit(1.5 * x[:, 0] + 0.8 * x[:, 1] - 0.5)
    label = (rng.random(count) < likely).astype(float)
    return x, expit(1.4 * x[:, 0] - 0.4), label


def covered(metric, mean):
    hits = []
    for seed in range(RUNS):
        rng = np.random.default_rng([seed, 1])
        x, score, label = population(500, rng)
        reference = Labelled(coordinates=x, score=score, label=label)
        new_x, new_score, truth = population(300, rng, mean=mean)
        found = without_labels(reference, new_x, new_score, metric, rng, draws=80)
        real = roc_auc_score(truth, new_score) if metric == "auroc" else ((new_score >= 0.5) == truth).mean()
        hits.append(found.low <= real <= found.high)
    return np.mean(hits)


@pytest.mark.parametrize("metric", ["accuracy", "auroc"])
@pytest.mark.parametrize("mean", [0.0, 0.7])
def test_ninety_percent_intervals_hold_the_truth_with_and_without_covariate_shift(metric, mean):
    standard_error = np.sqrt(0.9 * 0.1 / RUNS)
    assert covered(metric, mean) >= 0.9 - 2 * standard_error


def test_confidence_alone_would_miss_it_under_the_shift():
    """What the weights are for: confidence alone overstates the accuracy where the mix has moved."""
    rng = np.random.default_rng(0)
    x, score, label = population(4000, rng)
    new_x, new_score, truth = population(4000, rng, mean=1.0)
    real = ((new_score >= 0.5) == truth).mean()
    found = without_labels(
        Labelled(coordinates=x, score=score, label=label), new_x, new_score, "accuracy", rng, draws=20
    )
    naive = expected_correct(new_score).mean()
    assert abs(found.value - real) < abs(naive - real)


def odd_scores(count, rng):
    """A model that is sure where it is often wrong and unsure where it is right: no logistic map mends it."""
    x, sure, yes = rng.standard_normal((count, 4)), rng.random(count) < 0.5, rng.random(count) < 0.5
    score = 0.5 + np.where(yes, 1, -1) * np.where(sure, 0.4, 0.04)
    right = rng.random(count) < np.where(sure, 0.7, 0.95)
    return x, score, np.where(right, yes, ~yes).astype(float)


def test_an_accuracy_is_right_where_the_calibration_is_of_another_form():
    """By Platt's map alone it is 0.63 in the place of 0.83."""
    rng = np.random.default_rng(7)
    x, score, label = odd_scores(3000, rng)
    new_x, new_score, truth = odd_scores(3000, rng)
    real = ((new_score >= 0.5) == truth).mean()
    found = without_labels(
        Labelled(coordinates=x, score=score, label=label), new_x, new_score, "accuracy", rng, draws=20
    )
    assert found.low <= real <= found.high
    assert abs(found.value - real) < 0.03


def test_pictures_of_a_kind_that_the_reference_lacks_are_doubted():
    rng = np.random.default_rng(1)
    x, score, label = population(400, rng)
    new_x, new_score, _ = population(300, rng, mean=4.0)
    found = without_labels(
        Labelled(coordinates=x, score=score, label=label), new_x, new_score, "accuracy", rng, draws=20
    )
    assert found.doubt == "no_overlap"


def test_a_reference_of_one_answer_says_so():
    rng = np.random.default_rng(2)
    x, score, _ = population(100, rng)
    reference = Labelled(coordinates=x, score=score, label=np.zeros(100))
    assert without_labels(reference, x, score, "auroc", rng).doubt == "one_class"


def test_a_changed_meaning_of_ill_is_seen_by_a_few_labels_only():
    rng = np.random.default_rng(3)
    x, score, label = population(800, rng)
    new_x, new_score, truth = population(800, rng)
    truth = 1 - truth  # a table that codes it the other way round
    reference = Labelled(coordinates=x, score=score, label=label)
    blind = without_labels(reference, new_x, new_score, "accuracy", rng, draws=40)
    assert blind.doubt is None
    chosen = rng.choice(800, size=80, replace=False)
    correct = ((new_score >= 0.5) == truth).astype(float)
    few = with_few_labels(expected_correct(new_score), chosen, correct[chosen])
    assert checked(blind, few).doubt == "labels_disagree"


def test_few_labels_with_predictions_are_narrower_than_alone_and_hold_the_truth():
    hits, ours, alone = [], [], []
    for seed in range(200):
        rng = np.random.default_rng([seed, 5])
        _, score, label = population(2000, rng)
        correct = ((score >= 0.5) == label).astype(float)
        chosen = rng.choice(2000, size=60, replace=False)
        _, low, high = with_few_labels(expected_correct(score), chosen, correct[chosen])
        hits.append(low <= correct.mean() <= high)
        ours.append(high - low)
        alone.append(2 * 1.645 * correct[chosen].std(ddof=1) / np.sqrt(60))
    assert np.mean(hits) >= 0.9 - 2 * np.sqrt(0.09 / 200) - 0.02  # a normal interval of sixty yes and no
    assert np.mean(ours) < np.mean(alone)


def test_the_auroc_of_labels_is_the_known_one_and_of_probabilities_its_mean():
    rng = np.random.default_rng(4)
    score = rng.random(300).round(2)
    likely = rng.random(300)
    drawn = [(rng.random(300) < likely).astype(float) for _ in range(400)]
    assert auroc(score, drawn[0]) == pytest.approx(roc_auc_score(drawn[0], score))
    assert auroc(score, likely) == pytest.approx(
        np.mean([roc_auc_score(one, score) for one in drawn]), abs=0.01
    )


def test_one_label_is_too_few():
    with pytest.raises(ValueError, match="two labels"):
        with_few_labels(np.ones(5), np.array([0]), np.ones(1))


def test_the_report_tells_a_site_that_its_model_does_worse_and_leaves_out_what_has_no_labels(tmp_path):
    """Production holds more of the pictures that the model finds hard."""
    rng = np.random.default_rng(6)
    rows = event_frame(400, site="a", until=NOW - timedelta(days=30), seed=1)
    hard = rng.random(400) < 0.2
    rows["embedding"] = [v + 2 * one * np.eye(8)[0] for v, one in zip(rows["embedding"], hard, strict=True)]
    rows["label"] = np.where(hard, rng.random(400) < 0.5, rng.random(400) < rows["value"]).astype(float)
    kept = References(tmp_path)
    kept.keep(rows)
    new = event_frame(200, site="a", seed=2)
    new["embedding"] = [v + 2 * np.eye(8)[0] for v in new["embedding"]]
    found = {one.metric: one for one in expected_performance(new, kept, load_policy(), now=NOW)}
    assert set(found) == {"accuracy", "auroc"}
    accuracy = found["accuracy"]
    assert accuracy.low <= 0.5 <= accuracy.high or accuracy.doubt is not None
    assert accuracy.value < accuracy.reference_value
    unlabelled = References(tmp_path / "other")
    unlabelled.keep(rows.drop(columns="label"))
    assert expected_performance(new, unlabelled, load_policy(), now=NOW) == ()
