"""Rates: a caller who asks too fast waits, and nobody else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model_server.answers import HttpError, error_response
from services.model_server.rates import Rates


class Clock:
    """A time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def spent(rates: Rates, caller: str, times: int) -> int:
    """How many of so many requests were let through."""
    passed = 0
    for _ in range(times):
        try:
            rates.spend(caller)
        except HttpError:
            continue
        passed += 1
    return passed


def test_a_burst_is_let_through_and_then_the_steady_rate() -> None:
    clock = Clock()
    rates = Rates(5.0, 20, clock)
    assert spent(rates, "one", 50) == 20
    clock.now_s += 2.0
    assert spent(rates, "one", 50) == 10
    clock.now_s += 3600.0
    assert spent(rates, "one", 50) == 20  # a pause fills the bucket, and no further


def test_who_asks_too_fast_takes_nothing_from_another() -> None:
    rates = Rates(5.0, 20, Clock())
    assert spent(rates, "greedy", 500) == 20
    assert spent(rates, "another", 20) == 20


def test_a_refusal_says_when_to_come_back_and_then_the_request_passes() -> None:
    clock = Clock()
    rates = Rates(0.25, 1, clock)
    rates.spend("one")
    with pytest.raises(HttpError) as caught:
        rates.spend("one")
    response = error_response(caught.value)
    assert response.status_code == 429
    wait_s = int(response.headers["retry-after"])
    assert wait_s == 4
    clock.now_s += wait_s - 1
    assert spent(rates, "one", 1) == 0
    clock.now_s += 1
    assert spent(rates, "one", 1) == 1


@given(
    per_s=st.floats(0.01, 1000.0),
    burst=st.integers(1, 100),
    gaps_s=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=200),
)
def test_over_any_time_no_caller_gets_more_than_burst_and_rate(
    per_s: float, burst: int, gaps_s: list[float]
) -> None:
    clock = Clock()
    rates = Rates(per_s, burst, clock)
    passed = 0
    for gap_s in gaps_s:
        clock.now_s += gap_s
        passed += spent(rates, "one", 1)
    assert passed <= burst + per_s * sum(gaps_s) * 1.001 + 1
