"""A linear head on frozen features: the measure of what an encoder has made linear (Chen et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from osteon.domain import Kind, Task
from osteon.models.calibration import quadratic_kappa
from training.metrics import auroc

Floats = NDArray[np.float64]
_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_FEW_STRENGTH = 1e-2  # too few patients to choose among: strong, since features outnumber labels
_FOLDS = 3
_LEAST_PER_FOLD = 4
_STEPS = 1000


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A fitted head: standardised features to one number per answer.

    Attributes:
        mean, scale: of the features, (F,).
        weight, bias: (K, F) and (K,), of the standardised features; one row for a yes/no or a number.
        values: the answers that rows stand for, where there are several.
    """

    task: Task
    mean: Floats
    scale: Floats
    weight: Floats
    bias: Floats
    values: Floats

    def score(self, feature_NF: Floats) -> Floats:
        """Probability of yes, expected grade, or months, (N,)."""
        logit_NK = (feature_NF - self.mean) / self.scale @ self.weight.T + self.bias
        if self.task.kind is Kind.REGRESSION:
            return np.asarray(logit_NK[:, 0])
        if self.task.kind is Kind.BINARY:
            return np.asarray(1 / (1 + np.exp(-np.clip(logit_NK[:, 0], -50, 50))))
        belief_NK = np.exp(logit_NK - logit_NK.max(axis=1, keepdims=True))
        return np.asarray(belief_NK @ self.values / belief_NK.sum(axis=1))

    def direction(self) -> tuple[Floats, float]:
        """Weight (F,) and bias on raw features of the answer that a saliency map explains.

        Yes, the number, or the highest grade against the lowest.
        """
        weight_F = self.weight[-1] - (self.weight[0] if len(self.weight) > 1 else 0)
        bias = self.bias[-1] - (self.bias[0] if len(self.bias) > 1 else 0)
        raw_F = weight_F / self.scale
        return raw_F, float(bias - raw_F @ self.mean)


def fit_probe(
    task: Task, feature_NF: Floats, label_N: Floats, groups: Sequence[str], *, seed: int = 0
) -> Probe:
    """The head of those rows; its strength of regularisation is chosen by folds of patients.

    One answer alone gives a head that says the same of every picture.
    """
    mean_F, scale_F = feature_NF.mean(axis=0), feature_NF.std(axis=0)
    scale_F = np.where(scale_F > 1e-9, scale_F, 1.0)
    standard_NF = (feature_NF - mean_F) / scale_F
    answers = np.unique(label_N)
    if len(answers) < 2:
        weight_KF, bias_K = np.zeros((1, feature_NF.shape[1])), np.zeros(1)
        if task.kind is Kind.REGRESSION:
            bias_K = answers[:1].copy()
    else:
        regression = task.kind is Kind.REGRESSION
        code_N = label_N if regression else np.searchsorted(answers, label_N).astype(np.float64)
        strength = _chosen(task, standard_NF, code_N, groups, seed)
        weight_KF, bias_K = _fit(task, standard_NF, code_N, strength)
    return Probe(
        task=task,
        mean=mean_F,
        scale=scale_F,
        weight=weight_KF,
        bias=bias_K,
        values=answers[: len(weight_KF)] if len(answers) < 2 else answers,
    )


def task_figure(task: Task, truth: Floats, score: Floats) -> float:
    """The figure that curves and subgroups show: AUROC, QWK, or the mean absolute error."""
    if task.kind is Kind.BINARY:
        return auroc(truth, score)
    if task.kind is Kind.ORDINAL:
        return float(quadratic_kappa(truth, np.clip(np.rint(score), 0, task.classes - 1)))
    return float(np.abs(truth - score).mean())


def figure_name(task: Task) -> str:
    """What `task_figure` is called."""
    return {Kind.BINARY: "AUROC", Kind.ORDINAL: "QWK", Kind.REGRESSION: f"MAE ({task.unit})"}[task.kind]


def higher_is_better(task: Task) -> bool:
    """Whether a larger `task_figure` is the better one."""
    return task.kind is not Kind.REGRESSION


def _fit(task: Task, standard_NF: Floats, label_N: Floats, strength: float) -> tuple[Floats, Floats]:
    if task.kind is Kind.REGRESSION:
        ridge = Ridge(alpha=1 / strength).fit(standard_NF, label_N)
        return np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_)
    logistic = LogisticRegression(C=strength, max_iter=_STEPS).fit(standard_NF, label_N)
    if task.kind is Kind.ORDINAL and len(logistic.classes_) == 2:  # scikit-learn keeps one row for two
        half, bias = logistic.coef_ / 2, logistic.intercept_ / 2
        return np.concatenate([-half, half]), np.concatenate([-bias, bias])
    return np.asarray(logistic.coef_), np.asarray(logistic.intercept_)


def _chosen(task: Task, standard_NF: Floats, label_N: Floats, groups: Sequence[str], seed: int) -> float:
    """The strength with the least held-out loss over folds of patients."""
    regression = task.kind is Kind.REGRESSION
    counts = (
        [len(set(groups))] if regression else [_patients(label_N == a, groups) for a in np.unique(label_N)]
    )
    if min(counts) < _FOLDS * _LEAST_PER_FOLD:
        return _FEW_STRENGTH
    if regression:
        folds = list(GroupKFold(_FOLDS).split(standard_NF, label_N, groups))
    else:
        splitter = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
        folds = list(splitter.split(standard_NF, label_N, groups))
    losses = []
    for strength in _STRENGTHS:
        parts = []
        for fitted, left in folds:
            weight_KF, bias_K = _fit(task, standard_NF[fitted], label_N[fitted], strength)
            parts.append(_loss(task, standard_NF[left] @ weight_KF.T + bias_K, label_N[left]))
        losses.append(float(np.nanmean(parts)) if np.isfinite(parts).any() else np.inf)
    return _STRENGTHS[int(np.argmin(losses))]


def _loss(task: Task, logit_NK: Floats, label_N: Floats) -> float:
    if task.kind is Kind.REGRESSION:
        return float(mean_squared_error(label_N, logit_NK[:, 0]))
    if logit_NK.shape[1] == 1:
        logit_NK = np.concatenate([-logit_NK / 2, logit_NK / 2], axis=1)
    belief_NK = np.exp(logit_NK - logit_NK.max(axis=1, keepdims=True))
    belief_NK /= belief_NK.sum(axis=1, keepdims=True)
    if label_N.max() >= belief_NK.shape[1]:
        return float("nan")  # an answer that the fold did not learn
    return float(log_loss(label_N, belief_NK, labels=np.arange(belief_NK.shape[1])))


def _patients(chosen: NDArray[np.bool_], groups: Sequence[str]) -> int:
    return len({group for group, one in zip(groups, chosen, strict=True) if one})
