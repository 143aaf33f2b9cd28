"""Percentiles without sorting: numpy's own, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.models.extremes import extremes


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 60_000),
    levels=st.sampled_from([0, 2, 16, 256, 4096]),
    black=st.floats(0, 1),
    power=st.integers(1, 9),
    low=st.floats(0, 12),
)
def test_extremes_are_numpys_percentiles(
    seed: int, count: int, levels: int, black: float, power: int, low: float
) -> None:
    random = np.random.default_rng(seed)
    values = random.random(count, dtype=np.float32) ** power
    if levels:
        values = np.rint(values * levels).astype(np.float32) / np.float32(levels)
    values[random.random(count) < black] = 0
    expected = np.percentile(values, [low, 100 - low])
    assert extremes(values, low, 100 - low) == (float(expected[0]), float(expected[1]))


@pytest.mark.parametrize("order", [1, -1])
def test_a_sorted_picture_whose_width_the_sample_divides_is_no_exception(order: int) -> None:
    values = np.sort(np.random.default_rng(0).random((610, 610), dtype=np.float32).ravel())[::order]
    picture = values.reshape(610, 610)
    expected = np.percentile(picture, [1, 99])
    assert extremes(picture, 1, 99) == (float(expected[0]), float(expected[1]))


def test_a_value_that_is_no_number_gives_none() -> None:
    values = np.linspace(0, 1, 20_000, dtype=np.float32)
    values[77] = np.nan
    assert np.isnan(extremes(values, 1, 99)).all()
