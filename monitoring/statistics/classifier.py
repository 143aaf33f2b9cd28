"""The classifier two-sample test."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import mannwhitneyu

from monitoring.statistics.result import Result, two_samples


def classifier_two_sample(reference: ArrayLike, production: ArrayLike, rng: np.random.Generator) -> Result:
    """How well a logistic regression tells the samples apart: AUROC on the held-out half, 0.5 for no change.

    The p-value is the one-sided Mann-Whitney test of the held-out scores, which do not depend on the held-out
    labels, so it is exact whatever the classifier learned.

    Source: Lopez-Paz and Oquab 2017, arXiv:1610.06545, section 3, with AUROC in the place of accuracy (Hanley
    and McNeil 1982 for AUROC as the Mann-Whitney statistic), which needs no equal sample sizes.
    """
    from sklearn.linear_model import LogisticRegression

    x, y = two_samples(reference, production, least=4)
    halves = []
    for sample in (x, y):
        order = rng.permutation(len(sample))
        halves.append((sample[order[: len(order) // 2]], sample[order[len(order) // 2 :]]))
    train = np.vstack([halves[0][0], halves[1][0]])
    label = np.repeat([0, 1], [len(halves[0][0]), len(halves[1][0])])
    mean, scale = train.mean(axis=0), train.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=200)
    model.fit((train - mean) / scale, label)
    held_x, held_y = (model.decision_function((half[1] - mean) / scale) for half in halves)
    outcome = mannwhitneyu(held_y, held_x, alternative="greater")
    return Result(value=float(outcome.statistic) / (len(held_x) * len(held_y)), p_value=float(outcome.pvalue))
