"""How much likelier an event is under each known cause of change than without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.statistics.result import Floats

LEAST_SHIFT = 0.6  # standard deviations; a chart of less would climb by the reference's own error
SHARES = (1.0, 0.5)  # of the events that a cause changes: all of them, or those of one device of several
LOOKALIKES = 0.01  # share of undisturbed events that may look altered: one odd picture is no change
_SHRINKAGE = 0.5  # of the altered pictures' covariance to the reference's; it comes from some tens of them
_FAR = 8.0  # nats; more is beyond what a reference of some hundred events can tell


@dataclass(frozen=True, kw_only=True)
class CauseLikelihood:
    """Linear discriminants of C causes in k coordinates.

    Attributes:
        weight: (C, k); bias: (C,).
    """

    weight: Floats
    bias: Floats

    @classmethod
    def none(cls, width: int) -> CauseLikelihood:
        """Without any known cause."""
        return cls(weight=np.zeros((0, width)), bias=np.zeros(0))

    @classmethod
    def fit(cls, reference: Floats, pairs: Sequence[tuple[Floats, Floats]]) -> CauseLikelihood:
        """Discriminants between the reference and each cause.

        Args:
            reference: coordinates of reference events, (n, k).
            pairs: coordinates of the same pictures without and with each cause, (m, k) each. Causes that
                shift them by less than `LEAST_SHIFT` are left out: those are for naming only.
        Source: Fisher 1936, Annals of Eugenics 7; the log ratio of two Gaussians of one covariance.
        """
        centre, spread = reference.mean(axis=0), np.cov(reference, rowvar=False)
        weights, biases = [], []
        for before, after in pairs:
            shift = (after - before).mean(axis=0)
            if np.linalg.norm(shift) < LEAST_SHIFT or len(after) < 3:
                continue
            altered = (1 - _SHRINKAGE) * np.cov(after, rowvar=False) + _SHRINKAGE * spread
            weight = np.linalg.solve((spread + altered) / 2, shift)
            weights.append(weight)
            biases.append(-float(weight @ (centre + shift / 2)))
        if not weights:
            return cls.none(reference.shape[1])
        return cls(weight=np.stack(weights), bias=np.array(biases))

    @property
    def count(self) -> int:
        """Number of charts: one per cause and share."""
        return len(self.bias) * len(SHARES)

    def gains(self, event_Bk: Floats) -> Floats:
        """Log likelihood ratio of each event, (B, C * shares).

        Of a stream in which the cause changes a share of the events, against one in which `LOOKALIKES` of
        them look so already: bounded above, so that no single event can raise an alarm (the censored ratio of
        Huber 1965, Ann. Math. Statist. 36).
        """
        log_ratio_BC = np.clip(event_Bk @ self.weight.T + self.bias, -_FAR, _FAR)
        excess_BC = np.expm1(log_ratio_BC)
        already_BC = np.log1p(LOOKALIKES * excess_BC)
        parts = [
            (log_ratio_BC if share == 1 else np.log1p(share * excess_BC)) - already_BC for share in SHARES
        ]
        return np.concatenate(parts, axis=1)
