"""Which known cause a change looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitoring.statistics.result import Floats

LEAST_EXPLAINED = 0.35  # of the change's squared length; less is a cause that nobody has named
_SHARES = (0.999, 0.6, 0.3, 0.15)  # of the events since the change that a cause may have altered
_FAR = 50.0  # nats; no event says more for a cause


@dataclass(frozen=True, kw_only=True)
class LikelyCause:
    """A cause, and the share of the change's squared length that it explains, 0 to 1."""

    name: str
    explained: float


@dataclass(frozen=True, kw_only=True)
class KnownCauses:
    """What each known cause does to pictures, in the monitored coordinates.

    Attributes:
        shifts: change of the mean that each cause makes, (k,) each.
        centre: mean of the reference, (k,).
        precision: inverse covariance of pictures with and without a cause, (k, k).
    """

    shifts: Mapping[str, Floats]
    centre: Floats
    precision: Floats

    @classmethod
    def fit(cls, reference: Floats, pairs: Mapping[str, tuple[Floats, Floats]]) -> KnownCauses:
        """Learned from the coordinates of the same pictures without and with each cause, (m, k) each."""
        spread = np.cov(reference, rowvar=False)
        within = [np.cov(after, rowvar=False) for _, after in pairs.values() if len(after) > 2]
        pooled = (spread + np.mean(within, axis=0)) / 2 if within else spread
        return cls(
            shifts={name: (after - before).mean(axis=0) for name, (before, after) in pairs.items()},
            centre=reference.mean(axis=0),
            precision=np.linalg.pinv(np.atleast_2d(pooled), hermitian=True),
        )

    def ranked(self, since: Floats, shift: Floats) -> tuple[LikelyCause, ...]:
        """Causes, the likeliest first.

        Each event since the change was altered by the cause or not, both Gaussian of one covariance; a cause
        counts with the share of altered events that suits it best. What it explains is a matter of direction
        only, since a device may differ by less or more than the one that the cause was learned from.

        Args:
            since: coordinates of the events since the change, (n, k).
            shift: estimated change of the mean, (k,).
        """
        found = sorted(self.shifts, key=lambda name: (-self._log_likelihood(since, self.shifts[name]), name))
        return tuple(LikelyCause(name=name, explained=_along(shift, self.shifts[name])) for name in found)

    def _log_likelihood(self, since: Floats, shift: Floats) -> float:
        along = self.precision @ shift
        log_ratio = np.minimum((since - self.centre - shift / 2) @ along, _FAR)
        return max(
            float(np.logaddexp(np.log1p(-share), np.log(share) + log_ratio).sum()) for share in _SHARES
        )


def _along(shift: Floats, signature: Floats) -> float:
    """Share of the shift's squared length along a cause's own."""
    both = float(shift @ shift) * float(signature @ signature)
    along = max(0.0, float(shift @ signature))
    return along**2 / both if both > 0 else 0.0
