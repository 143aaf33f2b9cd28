"""Threads and number format follow what is faster now."""

from __future__ import annotations

import pytest

from training.pace import Pace, Way


class Machine:
    """A clock that a step moves on, by an amount that depends on the threads and the number format."""

    def __init__(self, seconds: dict[int, float], bfloat16: float = 1.0) -> None:
        self.now, self.seconds, self.bfloat16 = 0.0, seconds, bfloat16

    def clock(self) -> float:
        return self.now

    def ways(self, pace: Pace, count: int) -> list[Way]:
        used = []
        for _ in range(count):
            used.append(pace.begin())
            self.now += self.seconds[used[-1].threads] * (self.bfloat16 if used[-1].bfloat16 else 1.0)
            pace.end()
        return used

    def steps(self, pace: Pace, count: int) -> list[int]:
        return [way.threads for way in self.ways(pace, count)]


@pytest.mark.parametrize(("two", "best"), [(0.06, 2), (2.5, 1)], ids=["idle", "loaded"])
def test_the_faster_count_is_kept(two: float, best: int) -> None:
    machine = Machine({1: 0.1, 2: two})
    used = machine.steps(Pace(2, bfloat16=False, clock=machine.clock), 20)
    assert set(used[6:]) == {best}


@pytest.mark.parametrize("factor", [0.55, 1.4], ids=["amx", "without"])
@pytest.mark.parametrize("two", [0.06, 2.5], ids=["idle", "loaded"])
def test_bfloat16_is_used_where_it_is_faster(two: float, factor: float) -> None:
    machine = Machine({1: 0.1, 2: two}, bfloat16=factor)
    used = machine.ways(Pace(2, bfloat16=True, clock=machine.clock), 30)
    assert set(used[10:]) == {Way(2 if two < 0.1 else 1, factor < 1)}


def test_a_machine_that_becomes_idle_is_used_again() -> None:
    machine = Machine({1: 0.1, 2: 2.5})
    pace = Pace(2, bfloat16=False, every_s=10, clock=machine.clock)
    machine.steps(pace, 20)
    machine.seconds[2] = 0.05
    assert set(machine.steps(pace, 400)[-100:]) == {2}


def test_trials_take_a_small_part_of_a_loaded_run() -> None:
    machine = Machine({1: 0.1, 2: 2.5})
    pace = Pace(2, bfloat16=False, clock=machine.clock)
    used = machine.steps(pace, 3000)
    assert used.count(2) * 2.5 / machine.now < 0.1


def test_one_core_is_left_alone() -> None:
    machine = Machine({1: 0.1})
    assert set(machine.steps(Pace(1, bfloat16=False, clock=machine.clock), 50)) == {1}
