"""The coverage benchmark finds the coverage that is there, and draws what it says."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from benchmarks.coverage.answered import Answered, held
from benchmarks.coverage.drawn import draw_table
from benchmarks.coverage.splits import calibrated, coverage_of
from osteon.domain import Task, is_test_row
from osteon.models.calibration import Calibration, softmax


def knees(rng: np.random.Generator, count: int) -> Answered:
    """Grades by a model that is two grades off at one of its two sites."""
    truth = rng.integers(0, 5, count)
    south = np.arange(count) % 2 == 1
    centre = truth + 0.4 * south + rng.normal(0, 0.9, count)
    width = rng.uniform(0.5, 1.0, count)
    log_BK = np.log(softmax(-(((np.arange(5.0)[None] - centre[:, None]) / width[:, None]) ** 2)) + 1e-12)
    return Answered(
        task=Task.KNEE_OA,
        log_probability=log_BK,
        truth=truth.astype(float),
        keys=np.asarray([f"patient {number}" for number in range(count)]),
        sites=np.where(south, "sud", "nord"),
        calibration=Calibration(task="knee-oa"),
    )


def test_every_site_and_grade_is_measured_and_lies_within_its_bound() -> None:
    found = coverage_of(knees(np.random.default_rng(0), 1500), 25)
    counted = {name: one for name, one in found.items() if one["counted"]}
    assert {"all", "site nord", "site sud", *(f"class {number}" for number in range(5))} <= set(counted)
    assert {name: one["coverage"] for name, one in counted.items() if not one["within"]} == {}
    assert not found["site nord, class 1"]["counted"]  # some 150 cases


def test_a_calibration_that_holds_too_little_is_found() -> None:
    one = knees(np.random.default_rng(1), 1500)
    half = np.arange(1500) < 750
    good = calibrated(one, half)
    narrow = Calibration(task="knee-oa", cuts=good.cuts, class_rows=(9,) * 5, class_bounds=((9.0, 9.0),) * 5)
    assert held(one, good, ~half)[0].mean() == pytest.approx(0.9, abs=0.03)
    assert held(one, narrow, ~half)[0].mean() < 0.7  # the answered grade alone


def test_a_table_is_drawn_alike_again_and_a_stopped_one_is_finished(tmp_path: Path) -> None:
    sites = {"nord": 2, "ouest": 1}
    tables = [
        draw_table(tmp_path / name, Task.KNEE_OA, per_site=sites, seed=3, learned=True) for name in ("a", "b")
    ]
    assert tables[0].read_bytes() == tables[1].read_bytes()
    with tables[0].open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(row["hospital"] for row in rows) == ["nord", "nord", "ouest"]
    assert not any(is_test_row(row["patient"]) for row in rows)
    one, other = (tmp_path / name / rows[0]["file"] for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()
    one.unlink()
    (tmp_path / "a" / "manifest.json").unlink()
    draw_table(tmp_path / "a", Task.KNEE_OA, per_site=sites, seed=3, learned=True)
    assert one.read_bytes() == other.read_bytes()
