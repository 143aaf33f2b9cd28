"""Every statistic of the policy on one pair of windows."""

from collections.abc import Callable

import numpy as np
from scipy.stats import fisher_exact

from monitoring import statistics as st
from monitoring.policy import DriftPolicy
from monitoring.statistics import Result
from monitoring.statistics.result import Floats
from monitoring.windows import Sample


def measure(
    reference: Sample, production: Sample, policy: DriftPolicy, rng: np.random.Generator, *, most_draws: int
) -> dict[str, Result]:
    """Name -> result for every statistic of the policy that these windows allow, in the policy's order.

    Components are those of the pooled sample: fitted on the reference alone, they would describe it
    better than any production window, and call that a drift.
    """
    x, y = (_drawn(sample.embeddings, policy.most_rows, rng) for sample in (reference, production))
    axes = st.PrincipalComponents.fit(np.vstack([x, y]), policy.components)
    px, py = axes.project(x), axes.project(y)
    squares = st.squared_distances(np.vstack([x, y]))  # of two statistics
    compute: dict[str, Callable[[], Result | None]] = {
        "mmd": lambda: st.mmd_test(x, y, rng, most_draws=most_draws, squares=squares),
        "component_ks": lambda: st.component_ks(px, py)[0],
        "classifier_auroc": lambda: st.classifier_two_sample(px, py, rng),
        "energy": lambda: st.energy_test(x, y, rng, most_draws=min(most_draws, 999), squares=squares),
        "sliced_wasserstein": lambda: Result(value=st.sliced_wasserstein(x, y, rng)),
        "mahalanobis": lambda: Result(value=st.mahalanobis_shift(px, py)),
        "frechet": lambda: Result(value=st.frechet_distance(px, py)),
        "prediction_psi": lambda: _prediction_psi(reference, production),
        "abstention_rate": lambda: abstention_rise(reference, production),
    }
    results = {name: compute[name]() for name in policy.statistics}
    return {name: result for name, result in results.items() if result is not None}


def _drawn(embeddings: Floats, most: int, rng: np.random.Generator) -> Floats:
    """All rows in random order, or `most` of them."""
    return embeddings[rng.permutation(len(embeddings))[:most]]


def _prediction_psi(reference: Sample, production: Sample) -> Result | None:
    if min(len(reference.values), len(production.values)) < 2:
        return None
    return st.population_stability_index(reference.values, production.values)


def abstention_rise(reference: Sample, production: Sample) -> Result:
    """Rise of the share of abstentions, with the one-sided p-value of Fisher's exact test.

    Source: Fisher 1922, Journal of the Royal Statistical Society 85(1).
    """
    rows = [[s.window.events - s.answered, s.answered] for s in (production, reference)]
    rates = [abstained / max(1, abstained + answered) for abstained, answered in rows]
    outcome = fisher_exact(np.array(rows), alternative="greater")
    return Result(value=rates[0] - rates[1], p_value=float(outcome.pvalue))
