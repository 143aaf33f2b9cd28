"""Two-sample statistics on embeddings and scalars: plain functions of float arrays, each with its paper.

Rows are observations. `reference` is always the first sample and `production` the second; a larger value
means a larger difference. What is random takes a `numpy.random.Generator`, so that a report can be made
again.
"""

from monitoring.statistics.classifier import classifier_two_sample
from monitoring.statistics.components import (
    PrincipalComponents,
    component_ks,
    population_stability_index,
    smallest_detectable_ks,
)
from monitoring.statistics.correction import bonferroni, holm
from monitoring.statistics.distances import energy_distance, energy_test, sliced_wasserstein
from monitoring.statistics.gaussian import frechet_distance, hotelling_test, mahalanobis_shift
from monitoring.statistics.mmd import linear_time_mmd, median_bandwidth, mmd_squared, mmd_test, rbf_kernel
from monitoring.statistics.pairwise import squared_distances
from monitoring.statistics.permutation import sequential_p_value
from monitoring.statistics.result import Result

__all__ = [
    "PrincipalComponents",
    "Result",
    "bonferroni",
    "classifier_two_sample",
    "component_ks",
    "energy_distance",
    "energy_test",
    "frechet_distance",
    "holm",
    "hotelling_test",
    "linear_time_mmd",
    "mahalanobis_shift",
    "median_bandwidth",
    "mmd_squared",
    "mmd_test",
    "population_stability_index",
    "rbf_kernel",
    "sequential_p_value",
    "sliced_wasserstein",
    "smallest_detectable_ks",
    "squared_distances",
]
