"""No table lets a patient onto two sides, and no text breaks the parser."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.domain import OsteonError, Task, is_test_row
from training.label_table import LabelRow, LabelTable, read_label_table, split_validation, take_fraction

keys = st.lists(st.text(min_size=1, max_size=6), min_size=2, max_size=60)


def rows_of(names: list[str]) -> tuple[LabelRow, ...]:
    return tuple(
        LabelRow(number=number, path=Path("x.png"), key=name, label=float(number % 2), sex="")
        for number, name in enumerate(names, start=1)
    )


@given(keys, st.integers(0, 99), st.floats(0.05, 0.5), st.floats(0.1, 1.0))
def test_no_patient_is_on_two_sides(names: list[str], seed: int, part: float, fraction: float) -> None:
    rows = rows_of(names)
    table = LabelTable(task=Task.FRACTURE, rows=rows, has_patients=True, skipped=0)
    learned, held_out = (
        split_validation(take_fraction(table.training_rows(), fraction, seed=seed), part=part, seed=seed)
        if table.training_rows()
        else ([], [])
    )
    sides = [{row.key for row in side} for side in (learned, held_out, table.test_rows())]
    assert not sides[0] & sides[1]
    assert not (sides[0] | sides[1]) & sides[2]
    assert all(is_test_row(key) for key in sides[2])


@given(keys, st.integers(0, 99), st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_fractions_of_one_seed_are_nested_and_each_has_every_class(
    names: list[str], seed: int, one: float, other: float
) -> None:
    rows = rows_of(names)
    small, large = (take_fraction(rows, part, seed=seed) for part in sorted((one, other)))
    assert {row.number for row in small} <= {row.number for row in large}
    highest = {name: max(row.label for row in rows if row.key == name) for name in names}
    assert {highest[row.key] for row in small} == set(highest.values())


@given(keys, st.integers(0, 99))
def test_the_split_does_not_depend_on_the_order_of_rows(names: list[str], seed: int) -> None:
    rows = rows_of(names)
    forward = split_validation(rows, part=0.3, seed=seed)[1]
    backward = split_validation(rows[::-1], part=0.3, seed=seed)[1]
    assert {row.number for row in forward} == {row.number for row in backward}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"file,fracture\n" + data)
    with contextlib.suppress(OsteonError):
        read_label_table(path, Task.FRACTURE)
