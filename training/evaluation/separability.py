"""How far apart a latent space holds what is known of its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.manifold import TSNE
from sklearn.metrics import balanced_accuracy_score, silhouette_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

Floats = NDArray[np.float64]
_FOLDS = 4
_PCA = 50
_LEAST_CLASS = 8


@dataclass(frozen=True, kw_only=True)
class Separability:
    """How well one fact can be told from the features.

    Attributes:
        silhouette: mean over pictures, cosine distance, -1 to 1 (Rousseeuw 1987).
        lda: balanced accuracy of linear discriminant analysis over folds of patients; None where the
            patients are too few.
        chance: of the balanced accuracy.
    """

    fact: str
    pictures: int
    classes: int
    silhouette: float
    lda: float | None
    chance: float


def separability(
    fact: str, feature_NF: Floats, values: Sequence[str], groups: Sequence[str]
) -> Separability | None:
    """The measures of one fact; None where fewer than two values have eight pictures each."""
    value_N = np.asarray(values)
    names, counts = np.unique(value_N[value_N != ""], return_counts=True)
    kept = names[counts >= _LEAST_CLASS]
    if len(kept) < 2:
        return None
    chosen = np.isin(value_N, kept)
    feature_MF = StandardScaler().fit_transform(feature_NF[chosen])
    value_M, group_M = value_N[chosen], np.asarray(groups)[chosen]
    return Separability(
        fact=fact,
        pictures=int(chosen.sum()),
        classes=len(kept),
        silhouette=float(silhouette_score(feature_MF, value_M, metric="cosine")),
        lda=_lda(feature_MF, value_M, group_M),
        chance=1 / len(kept),
    )


def scatter(feature_NF: Floats, *, seed: int = 0) -> Floats:
    """t-SNE coordinates (N, 2) after PCA (van der Maaten & Hinton 2008); for looking, not for measuring."""
    standard_NF = StandardScaler().fit_transform(feature_NF)
    parts = min(_PCA, *standard_NF.shape)
    reduced_NP = PCA(parts, random_state=seed).fit_transform(standard_NF)
    perplexity = min(30.0, max(2.0, (len(reduced_NP) - 1) / 4))
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
    return np.asarray(tsne.fit_transform(reduced_NP), dtype=np.float64)


def _lda(feature_MF: Floats, value_M: NDArray[np.str_], group_M: NDArray[np.str_]) -> float | None:
    if len(set(group_M)) < 2 * _FOLDS:
        return None
    told_M = np.empty_like(value_M)
    for fitted, left in GroupKFold(_FOLDS).split(feature_MF, value_M, group_M):
        if len(set(value_M[fitted])) < 2:
            return None
        lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        told_M[left] = lda.fit(feature_MF[fitted], value_M[fitted]).predict(feature_MF[left])
    return float(balanced_accuracy_score(value_M, told_M))
