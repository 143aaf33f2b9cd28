"""Is the mean of bounded losses above a promise? A test that may be looked at after every one of them."""

from dataclasses import dataclass

import numpy as np

from monitoring.statistics.result import Floats

_BOLDEST = 0.5  # of the largest stake that cannot lose everything
_GRID = 200


@dataclass(frozen=True, kw_only=True)
class Betting:
    """What a bettor against the promise has won by now.

    Attributes:
        wealth: highest so far, from 1; 1 / level or more is harm shown at that level.
        mean: of the losses.
        low: the mean loss is surely above this, at every moment together.
    """

    wealth: float
    mean: float
    low: float
    losses: int


def bet_against(losses: Floats, promised: float, *, level: float) -> Betting:
    """The bet that the mean loss is above `promised`, in the order in which the losses came.

    While the promise is kept, the wealth ever passes 1 / level with a probability of `level` at most,
    however often it is looked at.

    Args:
        losses: in [0, 1], oldest first, (n,).
    Source: Waudby-Smith and Ramdas 2024, J. R. Stat. Soc. B 86, section 4 (capital process) and appendix B
        (the stake of approximately the largest growth); Ville 1939.
    """
    if len(losses) and (losses.min() < 0 or losses.max() > 1):
        raise ValueError("betting needs losses in [0, 1]; give bounded losses")
    return Betting(
        wealth=_wealth(losses, promised),
        mean=float(losses.mean()) if len(losses) else float("nan"),
        low=_lower_bound(losses, level),
        losses=len(losses),
    )


def _wealth(losses: Floats, promised: float) -> float:
    """Highest capital of stakes that are set before each loss is seen."""
    if not len(losses):
        return 1.0
    if promised <= 0:
        return float("inf") if losses.max() > 0 else 1.0
    count = np.arange(1, len(losses) + 1)
    mean = (0.5 + np.cumsum(losses)) / (count + 1)
    spread = (0.25 + np.cumsum((losses - mean) ** 2)) / (count + 1)
    known_mean = np.concatenate([[0.5], mean[:-1]])
    known_spread = np.concatenate([[0.25], spread[:-1]])
    edge = known_mean - promised
    stake = np.clip(edge / (known_spread + edge**2), 0.0, _BOLDEST / promised)
    return float(np.exp(np.maximum(0.0, np.cumsum(np.log1p(stake * (losses - promised))).max())))


def _lower_bound(losses: Floats, level: float) -> float:
    """The largest promise on a grid that the bet refutes, with every smaller one; 0 when none is."""
    bound = 0.0
    for promised in np.linspace(0.0, 1.0, _GRID + 1)[1:-1]:
        if _wealth(losses, float(promised)) < 1 / level:
            break
        bound = float(promised)
    return bound
