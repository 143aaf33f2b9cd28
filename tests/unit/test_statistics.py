"""Each statistic against its formula written out in loops, a published value, or another implementation."""

import math

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats

from monitoring import statistics as st
from monitoring.statistics.pairwise import squared_distances


def _samples(m: int, n: int, width: int, *, shift: float = 0.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, width)), rng.standard_normal((n, width)) + shift


def test_mmd_equals_equation_3_of_gretton_2012_summed_term_by_term():
    x, y = _samples(5, 7, 3, shift=0.4)
    sigma = 1.3

    def k(a, b):
        return math.exp(-sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) / (2 * sigma**2))

    within_x = sum(k(x[i], x[j]) for i in range(5) for j in range(5) if i != j) / (5 * 4)
    within_y = sum(k(y[i], y[j]) for i in range(7) for j in range(7) if i != j) / (7 * 6)
    across = sum(k(a, b) for a in x for b in y) / (5 * 7)
    assert st.mmd_squared(x, y, sigma) == pytest.approx(within_x + within_y - 2 * across, abs=1e-13)


def test_fast_distances_equal_those_of_scipy_also_for_rows_that_nearly_agree():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((30, 64)) + 50
    rows[7] = rows[3]
    rows[9] = rows[4] + 1e-9
    fast = squared_distances(rows)
    exact = scipy.spatial.distance.cdist(rows, rows, "sqeuclidean")
    assert fast == pytest.approx(exact, rel=1e-9, abs=1e-15)
    assert fast[3, 7] == 0
    assert (fast == fast.T).all()


def test_the_bandwidth_is_the_median_distance_of_the_pooled_sample():
    x, y = np.array([[0.0], [1.0]]), np.array([[3.0]])
    assert st.median_bandwidth(x, y) == 2.0  # distances 1, 2, 3


def test_equal_rows_everywhere_give_a_bandwidth_that_divides():
    assert st.median_bandwidth(np.ones((4, 2)), np.ones((4, 2))) == 1.0


def test_mmd_test_reports_the_same_value_as_mmd_squared():
    x, y = _samples(20, 30, 4, shift=0.5)
    tested = st.mmd_test(x, y, np.random.default_rng(0), most_draws=99)
    assert tested.value == pytest.approx(st.mmd_squared(x, y), abs=1e-12)


@pytest.mark.parametrize("test", [st.mmd_test, st.energy_test])
def test_a_clear_shift_gets_the_smallest_p_value_that_the_draws_allow(test):
    x, y = _samples(60, 60, 5, shift=2.0)
    assert test(x, y, np.random.default_rng(0), most_draws=499).p_value == 1 / 500


@pytest.mark.parametrize("test", [st.mmd_test, st.energy_test])
def test_permutation_p_values_are_uniform_without_a_change(test):
    p_values = []
    for seed in range(200):
        x, y = _samples(15, 20, 3, seed=seed)
        p_values.append(test(x, y, np.random.default_rng(seed), most_draws=199).p_value)
    # 200 draws of a uniform: 10 below 0.05 expected, more than 20 with probability 0.001.
    assert sum(p <= 0.05 for p in p_values) <= 20
    assert scipy.stats.kstest(p_values, "uniform").pvalue > 0.01


def test_small_p_values_from_the_tail_are_no_smaller_than_they_should_be():
    """Null statistics as a kernel's: weighted sums of chi-squared variables; 1 in 1,000 and 1 in 10,000."""
    rng, weights = np.random.default_rng(0), 1 / np.arange(1, 30) ** 1.5

    def null(count):
        return rng.chisquare(1, size=(count, len(weights))) @ weights

    many = np.sort(null(200_000))
    for probability in (1e-3, 1e-4):
        observed = float(many[-int(probability * len(many))])
        found = [st.sequential_p_value(observed, iter([null(2000)]), most_draws=20_000) for _ in range(40)]
        assert probability <= np.median(found) <= 10 * probability
    far = st.sequential_p_value(4 * float(many[-1]), iter([null(2000)]), most_draws=20_000)
    assert far < 1e-6, "a plain drift is told though thousands of hypotheses are corrected for"


def test_the_sequential_p_value_follows_both_branches_of_besag_and_clifford():
    def draws(values):
        yield np.asarray(values, dtype=float)

    # The second exceedance comes at the fourth draw: 2 / 4.
    assert st.sequential_p_value(1.0, draws([2, 0, 0, 2, 2]), most_draws=5, enough_exceedances=2) == 0.5
    # One exceedance in five draws: (1 + 1) / (5 + 1).
    assert st.sequential_p_value(1.0, draws([2, 0, 0, 0, 0]), most_draws=5, enough_exceedances=2) == 2 / 6


def test_linear_time_mmd_is_the_mean_of_lemma_14_over_consecutive_pairs():
    x, y = _samples(8, 8, 2, shift=0.3)
    sigma = 0.9

    def k(a, b):
        return math.exp(-((a - b) ** 2).sum() / (2 * sigma**2))

    h = [
        k(x[2 * i], x[2 * i + 1])
        + k(y[2 * i], y[2 * i + 1])
        - k(x[2 * i], y[2 * i + 1])
        - k(x[2 * i + 1], y[2 * i])
        for i in range(4)
    ]
    result = st.linear_time_mmd(x, y, sigma)
    assert result.value == pytest.approx(sum(h) / 4, abs=1e-13)
    z = (sum(h) / 4) / (np.std(h, ddof=1) / 2)
    assert result.p_value == pytest.approx(1 - scipy.stats.norm.cdf(z), abs=1e-12)


def test_energy_distance_equals_its_formula_and_the_square_of_scipy_in_one_dimension():
    x, y = _samples(6, 9, 1, shift=0.7)
    by_hand = (
        2 * np.mean([abs(a - b) for a in x for b in y])
        - np.mean([abs(a - b) for a in x for b in x])
        - np.mean([abs(a - b) for a in y for b in y])
    )
    assert st.energy_distance(x, y) == pytest.approx(float(by_hand), abs=1e-13)
    assert st.energy_distance(x, y) == pytest.approx(
        scipy.stats.energy_distance(x[:, 0], y[:, 0]) ** 2, abs=1e-12
    )


def test_sliced_wasserstein_of_a_translation_is_its_length_times_the_mean_of_a_cosine():
    # In two dimensions the mean of |cos| over the circle is 2 / pi.
    x, _ = _samples(50, 50, 2)
    moved = x + np.array([3.0, 0.0])
    distance = st.sliced_wasserstein(x, moved, np.random.default_rng(1), projections=4000)
    assert distance == pytest.approx(3 * 2 / math.pi, rel=0.03)


def test_hotelling_in_one_dimension_is_the_square_of_students_t():
    x, y = _samples(12, 15, 1, shift=0.8)
    t = scipy.stats.ttest_ind(x[:, 0], y[:, 0])
    result = st.hotelling_test(x, y)
    assert result.value == pytest.approx(t.statistic**2, rel=1e-10)
    assert result.p_value == pytest.approx(t.pvalue, rel=1e-8)


def test_mahalanobis_shift_is_the_mean_move_in_standard_deviations():
    x, y = _samples(40, 40, 1, shift=1.0)
    expected = abs(y.mean() - x.mean()) / x.std(ddof=1)
    assert st.mahalanobis_shift(x, y) == pytest.approx(expected, rel=1e-10)


def test_frechet_distance_in_one_dimension_is_the_difference_of_means_and_deviations_squared():
    x, y = _samples(30, 50, 1, shift=1.5)
    expected = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    assert st.frechet_distance(x, y * 1.0) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_equals_the_matrix_root_formula_of_heusel_2017():
    x, y = _samples(60, 80, 4, shift=0.2)
    a, b = np.cov(x, rowvar=False), np.cov(y * 1.5, rowvar=False)
    shift = x.mean(0) - 1.5 * y.mean(0)
    expected = shift @ shift + np.trace(a + b - 2 * np.real(scipy.linalg.sqrtm(a @ b)))
    assert st.frechet_distance(x, 1.5 * y) == pytest.approx(float(expected), rel=1e-8)


def test_component_ks_equals_the_largest_gap_of_the_two_empirical_distributions():
    x, y = _samples(25, 35, 3, shift=0.5)
    worst, each = st.component_ks(x, y)
    for column, result in enumerate(each):
        grid = np.concatenate([x[:, column], y[:, column]])
        gaps = [abs((x[:, column] <= t).mean() - (y[:, column] <= t).mean()) for t in grid]
        assert result.value == pytest.approx(max(gaps), abs=1e-12)
    assert worst.value == max(result.value for result in each)


def test_the_smallest_detectable_ks_is_the_textbook_critical_value():
    # 1.358 * sqrt((m + n) / (m n)) at 5 % (Massey 1951, table 1).
    assert st.smallest_detectable_ks(100, 100, 0.05) == pytest.approx(1.358 * math.sqrt(0.02), rel=1e-3)
    assert st.smallest_detectable_ks(0, 100, 0.05) == 1.0


def test_psi_of_two_bins_equals_the_sum_written_out():
    x, y = np.array([0.0] * 5 + [1.0] * 5), np.array([0.0] * 2 + [1.0] * 8)
    p, q = (0.5, 0.5), (0.2, 0.8)
    expected = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert st.population_stability_index(x, y, bins=2, floor=0.0).value == pytest.approx(expected)


def test_psi_p_values_hold_their_level_without_a_change():
    rng = np.random.default_rng(3)
    p = [
        st.population_stability_index(rng.standard_normal(400), rng.standard_normal(300)).p_value
        for _ in range(300)
    ]
    assert 3 <= sum(value <= 0.05 for value in p) <= 28


def test_holm_reproduces_the_worked_example_of_its_procedure():
    adjusted = st.holm([0.01, 0.04, 0.03, 0.005])
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert st.bonferroni([0.01, 0.04, 0.3]) == pytest.approx([0.03, 0.12, 0.9])
    assert st.holm([]).size == 0


def test_principal_components_are_those_of_scikit_learn_up_to_sign():
    from sklearn.decomposition import PCA

    x, _ = _samples(50, 2, 6)
    ours = st.PrincipalComponents.fit(x, 3)
    theirs = PCA(3).fit(x)
    assert np.abs((ours.axes * theirs.components_).sum(axis=1)) == pytest.approx(1.0)
    assert ours.variance == pytest.approx(theirs.explained_variance_)


def test_principal_components_of_a_constant_sample_still_project():
    axes = st.PrincipalComponents.fit(np.ones((5, 3)), 2)
    assert np.isfinite(axes.project(np.ones((2, 3)))).all()


def test_the_classifier_separates_a_shift_and_nothing_else():
    x, y = _samples(200, 200, 4, shift=1.0)
    found = st.classifier_two_sample(x, y, np.random.default_rng(0))
    assert found.value > 0.85
    assert found.p_value < 1e-6
    x, y = _samples(200, 200, 4, seed=5)
    nothing = st.classifier_two_sample(x, y, np.random.default_rng(0))
    assert 0.4 < nothing.value < 0.6
    assert nothing.p_value > 0.05


@pytest.mark.parametrize(
    ("reference", "production", "words"),
    [
        (np.zeros((3, 2)), np.zeros((3, 4)), "same width"),
        (np.zeros((1, 2)), np.zeros((3, 2)), "n >= 2"),
        (np.zeros((3, 2)), np.full((3, 2), np.nan), "finite"),
    ],
)
def test_samples_that_cannot_be_compared_are_refused_with_the_remedy(reference, production, words):
    with pytest.raises(ValueError, match=words):
        st.mmd_squared(reference, production)
