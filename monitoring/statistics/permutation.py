"""Permutation p-values for every statistic that is a quadratic form of one pooled pairwise matrix."""

from collections.abc import Callable, Iterator

import numpy as np

from monitoring.statistics.result import Floats

BATCH = 250
_FIRST_BATCH = 60  # a stream without drift needs no more
_COUNTED = 2000  # draws; a p-value that more of them would have to show is read off the tail of these
_EXCESSES = 100
_FEW = 10  # exceedances from which counting is as good
_CAUTION = 1 + 2 / _EXCESSES**0.5  # two standard errors of the mean excess


def sequential_p_value(
    observed: float, draws: Iterator[Floats], *, most_draws: int, enough_exceedances: int = 20
) -> float:
    """Monte Carlo p-value that stops early once the null is plainly plausible.

    Draws statistics under the null until `enough_exceedances` of them reach the observed one (then p = h / l,
    l being the draw where it happened) or `most_draws` are spent (then p = (g + 1) / (n + 1)). Both are valid
    p-values: P(p <= a) <= a under the null. A stream without drift costs a few dozen draws, and only a
    drifting one pays for the small p-value that a family-wise correction needs.

    Where `most_draws` is more than 2,000, that many are made, and a p-value that fewer than ten of them
    reach comes from their tail: beyond a high level it is exponential, as that of a kernel's null
    distribution is (a weighted sum of chi-squared variables), and drawn out by two standard errors.

    Source: Besag and Clifford 1991, Biometrika 78(2), equation 2; Phipson and Smyth 2010 for the + 1;
        Knijnenburg et al. 2009, Bioinformatics 25(12), for the tail.
    """
    exceedances, spent, drawn, wanted = 0, 0, list[Floats](), min(most_draws, _COUNTED)
    while spent < wanted:
        batch = next(draws)[: wanted - spent]
        drawn.append(batch)
        reached = exceedances + np.cumsum(batch >= observed)
        if reached[-1] >= enough_exceedances:
            last = spent + int(np.searchsorted(reached, enough_exceedances)) + 1
            return enough_exceedances / last
        exceedances, spent = int(reached[-1]), spent + len(batch)
    counted = (exceedances + 1) / (spent + 1)
    if most_draws <= _COUNTED or exceedances >= _FEW:
        return counted
    return min(counted, _tail_p_value(observed, np.concatenate(drawn)))


def _tail_p_value(observed: float, drawn: Floats) -> float:
    ordered = np.sort(drawn)
    level, beyond = float(ordered[-_EXCESSES - 1]), ordered[-_EXCESSES:]
    scale = _CAUTION * float((beyond - level).mean())
    if scale <= 0:
        return 1.0
    return _EXCESSES / len(drawn) * float(np.exp(-max(0.0, observed - level) / scale))


def relabelled(
    pairwise: Floats, m: int, rng: np.random.Generator, of_sums: Callable[[Floats, Floats, Floats], Floats]
) -> Iterator[Floats]:
    """Yield batches of a statistic under random relabelling of the pooled rows.

    Args:
        pairwise: symmetric (N, N) matrix over the pooled sample, rows of the reference first.
        m: number of reference rows.
        rng: source of the relabellings.
        of_sums: statistic from the block sums (within first, within second, across), each (B,).
    """
    pooled = len(pairwise)
    centre = float(pairwise.mean())
    # Single precision is twice as fast, and centred entries lose nothing that a p-value could tell.
    centred = (pairwise - centre).astype(np.float32)
    rows, total, size = pairwise.sum(axis=1), pairwise.sum(), _FIRST_BATCH
    while True:
        order = rng.permuted(np.tile(np.arange(pooled), (size, 1)), axis=1)
        first = np.zeros((size, pooled), dtype=np.float32)
        np.put_along_axis(first, order[:, :m], 1.0, axis=1)
        within_first = np.einsum("bn,bn->b", first @ centred, first, dtype=np.float64) + centre * m**2
        across = first.astype(np.float64) @ rows - within_first
        yield of_sums(within_first, total - within_first - 2 * across, across)
        size = BATCH


def block_sums(pairwise: Floats, m: int) -> tuple[Floats, Floats, Floats]:
    """Return the sums of the two diagonal blocks and of the upper right block, each of shape (1,)."""
    return (
        np.array([pairwise[:m, :m].sum()]),
        np.array([pairwise[m:, m:].sum()]),
        np.array([pairwise[:m, m:].sum()]),
    )
