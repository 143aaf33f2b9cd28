"""From the beliefs about several views to one belief about their study."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from osteon.domain import Kind

Floats = NDArray[np.float64]


def pool_views(log_VK: Floats, kind: Kind) -> Floats:
    """Log probabilities (K,) of a study from those of its views (V, K); one view is left as it is.

    A yes/no question asks whether any view shows it: the log-odds are pooled by log-mean-exp, which lies
    between their mean and their largest (Pinheiro & Collobert 2015, arXiv:1411.6228, equation 6, r = 1).
    Grades and measures are the same in every view: the beliefs are averaged, as are those of MURA's
    baseline (Rajpurkar et al. 2018, arXiv:1712.06957, section 3).

    >>> pool_views(np.log([[0.5, 0.5], [0.1, 0.9]]), Kind.BINARY).round(3).tolist()
    [-1.792, -0.182]
    """
    if kind is Kind.BINARY:
        log_VK = log_VK - log_VK[:, :1]
    pooled = np.logaddexp.reduce(log_VK, axis=0) - np.log(len(log_VK))
    return cast(Floats, pooled - np.logaddexp.reduce(pooled))


def pool_studies(log_NK: Floats, study_N: NDArray[np.int64], kind: Kind) -> Floats:
    """Log probabilities (S, K) of studies 0 to S - 1 from those of all views and the study of each."""
    order = np.argsort(study_N, kind="stable")
    parts = np.split(log_NK[order], np.cumsum(np.bincount(study_N))[:-1]) if len(study_N) else []
    pooled = [pool_views(part, kind) for part in parts]
    return np.stack(pooled) if pooled else log_NK[:0]
