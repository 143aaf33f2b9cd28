"""What must hold of every two-sample statistic, whatever the numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from monitoring import statistics as st

NUMBERS = some.floats(-100, 100, allow_nan=False, width=32)


@some.composite
def samples(draw):
    width = draw(some.integers(1, 4))
    return tuple(
        draw(arrays(np.float64, (draw(some.integers(4, 12)), width), elements=NUMBERS)) for _ in range(2)
    )


@given(samples())
@settings(max_examples=60, deadline=None)
def test_distances_do_not_depend_on_which_sample_comes_first(pair):
    x, y = pair
    sigma = st.median_bandwidth(x, y)
    assert sigma == pytest.approx(st.median_bandwidth(y, x), rel=1e-12)
    assert st.mmd_squared(x, y, sigma) == pytest.approx(st.mmd_squared(y, x, sigma), abs=1e-9)
    assert st.energy_distance(x, y) == pytest.approx(st.energy_distance(y, x), abs=1e-9)
    assert st.frechet_distance(x, y) == pytest.approx(st.frechet_distance(y, x), rel=1e-6, abs=1e-4)
    assert st.component_ks(x, y)[0].value == pytest.approx(st.component_ks(y, x)[0].value)


@given(samples())
@settings(max_examples=60, deadline=None)
def test_a_sample_is_at_no_distance_from_itself(pair):
    x, _ = pair
    assert st.energy_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert st.sliced_wasserstein(x, x, np.random.default_rng(0)) == 0
    assert st.component_ks(x, x)[0].value == 0
    assert st.mahalanobis_shift(x, x) == 0


@given(samples(), some.integers(0, 2**16))
@settings(max_examples=40, deadline=None)
def test_neither_the_order_of_rows_nor_a_common_translation_changes_a_distance(pair, seed):
    x, y = pair
    order = np.random.default_rng(seed).permutation(len(x))
    assert st.energy_distance(x[order], y) == pytest.approx(st.energy_distance(x, y), abs=1e-7)
    assert st.energy_distance(x + 7, y + 7) == pytest.approx(st.energy_distance(x, y), abs=1e-7)
    assert st.mmd_squared(x[order], y, 3.0) == pytest.approx(st.mmd_squared(x, y, 3.0), abs=1e-7)


@given(some.lists(some.floats(0, 1), min_size=1, max_size=30))
@settings(deadline=None)
def test_holm_lies_between_the_raw_p_value_and_bonferroni_and_keeps_their_order(p_values):
    raw, adjusted, bonferroni = np.array(p_values), st.holm(p_values), st.bonferroni(p_values)
    assert (adjusted >= raw - 1e-12).all()
    assert (adjusted <= bonferroni + 1e-12).all()
    order = np.argsort(raw, kind="stable")
    assert (np.diff(adjusted[order]) >= -1e-12).all()


@given(samples())
@settings(max_examples=40, deadline=None)
def test_psi_is_never_negative_and_its_p_value_is_a_probability(pair):
    x, y = pair
    result = st.population_stability_index(x[:, 0], y[:, 0])
    assert result.value >= 0
    assert 0 <= result.p_value <= 1
