"""The number of threads follows what is faster now."""

from __future__ import annotations

import pytest

from training.pace import Pace


class Machine:
    """A clock that a step moves on, by an amount that depends on the threads."""

    def __init__(self, seconds: dict[int, float]) -> None:
        self.now, self.seconds = 0.0, seconds

    def clock(self) -> float:
        return self.now

    def steps(self, pace: Pace, count: int) -> list[int]:
        used = []
        for _ in range(count):
            used.append(pace.begin())
            self.now += self.seconds[used[-1]]
            pace.end()
        return used


@pytest.mark.parametrize(("two", "best"), [(0.06, 2), (2.5, 1)], ids=["idle", "loaded"])
def test_the_faster_count_is_kept(two: float, best: int) -> None:
    machine = Machine({1: 0.1, 2: two})
    used = machine.steps(Pace(2, clock=machine.clock), 20)
    assert set(used[6:]) == {best}


def test_a_machine_that_becomes_idle_is_used_again() -> None:
    machine = Machine({1: 0.1, 2: 2.5})
    pace = Pace(2, every_s=10, clock=machine.clock)
    machine.steps(pace, 20)
    machine.seconds[2] = 0.05
    assert set(machine.steps(pace, 400)[-100:]) == {2}


def test_trials_take_a_small_part_of_a_loaded_run() -> None:
    machine = Machine({1: 0.1, 2: 2.5})
    pace = Pace(2, clock=machine.clock)
    used = machine.steps(pace, 3000)
    assert used.count(2) * 2.5 / machine.now < 0.1


def test_one_core_is_left_alone() -> None:
    machine = Machine({1: 0.1})
    assert set(machine.steps(Pace(1, clock=machine.clock), 50)) == {1}
