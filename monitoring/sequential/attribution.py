"""Which known cause a change looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.statistics.result import Floats

LEAST_EXPLAINED = 0.35  # of the change's squared length; less is a cause that nobody has named


@dataclass(frozen=True, kw_only=True)
class LikelyCause:
    """A cause, and the share of the change's squared length that it explains, 0 to 1."""

    name: str
    explained: float


def ranked_causes(shift: Floats, signatures: Mapping[str, Floats]) -> tuple[LikelyCause, ...]:
    """Known causes, the likeliest first.

    Args:
        shift: estimated change of the mean, (k,), in the monitored coordinates.
        signatures: the change that each cause makes, (k,) each; only its direction counts, since a device may
            differ by less or more than the one that the signature was learned from.

    >>> import numpy as np
    >>> causes = {"crop": np.array([2.0, 0.0]), "noise": np.array([0.0, 3.0])}
    >>> ranked_causes(np.array([1.0, 0.1]), causes)[0].name
    'crop'
    """
    length = float(shift @ shift)
    found = []
    for name, signature in signatures.items():
        both = length * float(signature @ signature)
        along = max(0.0, float(shift @ signature))
        found.append(LikelyCause(name=name, explained=along**2 / both if both > 0 else 0.0))
    return tuple(sorted(found, key=lambda cause: (-cause.explained, cause.name)))
