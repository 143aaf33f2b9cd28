"""The linear probe: features computed once, and the best linear head on them, found exactly."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.domain import Kind, Task
from osteon.models.task_model import TaskModel
from training.data import PreparedSet
from training.fit import FitSettings, Fitted
from training.packaging import features_of
from training.studies import Studies
from training.targets import soft_targets

Floats = NDArray[np.float64]
_FOLDS = 5
_STRENGTHS = np.logspace(-4, 1, 6)  # C: the inverse of the penalty on standardised features
_FEW_ROWS_STRENGTH = 1e-2
_PENALTIES = np.logspace(-1, 5, 25)
_SIGN_OF_SEX = ((0.0,), (1.0,), (-1.0,))  # unknown stands half way


def fit_linear(model: TaskModel, data: PreparedSet, studies: Studies, settings: FitSettings) -> Fitted:
    """Fits the head of `model` on features of the encoder as it is; the encoder does not change.

    Yes/no and grades: logistic regression on the recipe's soft targets; a measure: ridge regression, its
    normal belief spelled out over the values. The strength of the penalty is chosen by cross-validation
    over whole patients (over single rows for a measure, where that has a closed form).
    """
    task = Task.parse(model.config.task)
    values_K = np.asarray(task.values)
    feature_NF = _design(model, data)
    mean_F, scale_F = feature_NF.mean(axis=0), feature_NF.std(axis=0)
    scale_F[scale_F < 1e-8] = 1.0
    standard_NF = (feature_NF - mean_F) / scale_F
    label_N = studies.label[studies.index]
    target_NK = (
        soft_targets(torch.from_numpy(label_N), model.head.values.double(), settings.label_sigma)
        .double()
        .numpy()
    )
    share_N = 1.0 / np.bincount(studies.index)[studies.index]  # each study counts once
    if task.kind is Kind.REGRESSION:
        weight_KF, bias_K = _ridge(standard_NF, label_N, share_N, values_K)
    else:
        weight_KF, bias_K = _logistic(standard_NF, target_NK, share_N, label_N, studies)
    weight_KF = weight_KF / scale_F
    bias_K = bias_K - weight_KF @ mean_F
    with torch.no_grad():
        model.head.output.weight.copy_(torch.from_numpy(weight_KF))
        model.head.output.bias.copy_(torch.from_numpy(bias_K))
        if model.head.sex_embedding is not None:
            model.head.sex_embedding.weight.copy_(torch.tensor(_SIGN_OF_SEX))
    loss = _cross_entropy(feature_NF @ weight_KF.T + bias_K, target_NK, share_N)
    return Fitted(model=model.eval(), steps=1, samples=len(data), loss_curve=(loss,))


def _design(model: TaskModel, data: PreparedSet) -> Floats:
    features = features_of(model.eval(), data.levels).astype(np.float64)
    if model.head.sex_embedding is None:
        return features
    sign_N1 = np.asarray(_SIGN_OF_SEX)[data.sex]
    return np.concatenate([features, sign_N1], axis=1)


def _logistic(
    feature_NF: Floats, target_NK: Floats, share_N: Floats, label_N: Floats, studies: Studies
) -> tuple[Floats, Floats]:
    """Weights (K, F) and biases (K,) of least penalised cross-entropy to soft targets."""
    from sklearn.model_selection import StratifiedGroupKFold

    groups = np.asarray(studies.keys)[studies.index]
    patients = Counter(
        label for _, label in {(key, float(one)) for key, one in zip(groups, label_N, strict=True)}
    )
    folds = min(_FOLDS, *patients.values())
    if folds < 2:
        return _solve(feature_NF, target_NK, share_N, _FEW_ROWS_STRENGTH)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    losses = np.zeros(len(_STRENGTHS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer patients than folds
        parts = list(splitter.split(feature_NF, label_N, groups))
    for learned, held_out in parts:
        if len(np.unique(label_N[learned])) < 2:
            continue
        for number, strength in enumerate(_STRENGTHS):
            weight_KF, bias_K = _solve(feature_NF[learned], target_NK[learned], share_N[learned], strength)
            logits = feature_NF[held_out] @ weight_KF.T + bias_K
            losses[number] += _cross_entropy(logits, target_NK[held_out], share_N[held_out])
    return _solve(feature_NF, target_NK, share_N, float(_STRENGTHS[int(np.argmin(losses))]))


def _solve(feature_NF: Floats, target_NK: Floats, share_N: Floats, strength: float) -> tuple[Floats, Floats]:
    """One penalised fit: a row with a soft target is one row per class, weighted by its belief."""
    from sklearn.linear_model import LogisticRegression

    row, code = np.nonzero(target_NK > 1e-6)
    weight = target_NK[row, code] * share_N[row]
    solver = LogisticRegression(C=strength, tol=1e-6, max_iter=5000)
    solver.fit(feature_NF[row], code, sample_weight=weight)
    weight_KF = np.zeros((target_NK.shape[1], feature_NF.shape[1]))
    # A class that no row has may not win: it stays one part in a million.
    bias_K = np.full(target_NK.shape[1], float(solver.intercept_.min()) - np.log(1e6))
    if len(solver.classes_) == 2:
        first, second = solver.classes_
        bias_K[first] = 0.0
        weight_KF[second], bias_K[second] = solver.coef_[0], solver.intercept_[0]
    else:
        weight_KF[solver.classes_], bias_K[solver.classes_] = solver.coef_, solver.intercept_
    return weight_KF, bias_K


def _ridge(feature_NF: Floats, label_N: Floats, share_N: Floats, values_K: Floats) -> tuple[Floats, Floats]:
    """Weights (K, F) and biases (K,) whose softmax is a normal belief around the ridge estimate.

    log N(v; m, s) = (v m - v^2 / 2) / s^2 up to what all values share, which is linear in m and so in the
    features; s is the error on rows left out one by one.
    """
    from sklearn.linear_model import RidgeCV

    centre = float(values_K.mean())
    solver = RidgeCV(alphas=_PENALTIES).fit(feature_NF, label_N - centre, sample_weight=share_N)
    spread = max(float(np.sqrt(-solver.best_score_)), float(values_K[1] - values_K[0]))
    offset_K = (values_K - centre) / spread**2
    bias_K = offset_K * float(solver.intercept_) - (values_K - centre) ** 2 / (2 * spread**2)
    return np.outer(offset_K, solver.coef_), bias_K


def _cross_entropy(logits_NK: Floats, target_NK: Floats, share_N: Floats) -> float:
    log_NK = logits_NK - np.logaddexp.reduce(logits_NK, axis=1, keepdims=True)
    return float(-(share_N * (target_NK * log_NK).sum(axis=1)).sum() / share_N.sum())
