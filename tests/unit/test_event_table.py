"""The offline table: each event once, whole parts, the right days."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from osteon.features import table as table_module
from osteon.features.table import QUALITY_COLUMNS, EventTable, parse_time
from tests.event_samples import START, make_event


@pytest.fixture
def table(tmp_path: Path) -> EventTable:
    table = EventTable(tmp_path / "events")
    table.create()
    return table


def test_an_event_sent_twice_is_one_row(table: EventTable) -> None:
    events = [make_event(number) for number in range(30)]
    assert table.append(events) == 30
    assert table.append([*events[10:], make_event(30)]) == 1
    assert len(table.read(None, None, None)) == 31


def test_a_range_is_half_open_and_a_site_narrows_it(table: EventTable) -> None:
    table.append([make_event(number, site="lyon" if number % 2 else "lille") for number in range(48)])
    day = timedelta(days=1)
    assert table.read(START, START + day, None).num_rows == 24
    assert table.read(START + day, None, "lyon").column("value").to_pylist() == [
        100.0 + number for number in range(25, 48, 2)
    ]
    assert table.read(START + 9 * day, None, None).num_rows == 0


def test_an_empty_or_absent_table_reads_as_no_rows(table: EventTable, tmp_path: Path) -> None:
    assert table.read(None, None, None).num_rows == 0
    assert EventTable(tmp_path / "absent").read(None, None, None).num_rows == 0


def test_many_small_parts_are_merged_without_losing_a_row(
    table: EventTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_module, "PARTS_BEFORE_MERGE", 5)
    for number in range(12):
        table.append([make_event(number, hours=number / 100)])
    assert len(list(table.folder.glob("2026-01-01/*.parquet"))) < 5
    assert table.read(None, None, None).num_rows == 12


def test_a_merge_that_died_halfway_doubles_nothing(table: EventTable) -> None:
    table.append([make_event(1)])
    (part,) = (table.folder / "2026-01-01").glob("*.parquet")
    (part.parent / "0merged.parquet").write_bytes(part.read_bytes())
    assert table.read(None, None, None).num_rows == 1
    assert table.append([make_event(1)]) == 0


def test_a_half_written_part_is_not_read(table: EventTable) -> None:
    table.append([make_event(1)])
    (table.folder / "2026-01-01" / "x.123.part").write_bytes(b"PAR1 half")
    assert table.read(None, None, None).num_rows == 1
    assert table.append([make_event(2)]) == 1


def _as_version_1(part: Path) -> None:
    rows = pq.read_table(part)
    pq.write_table(rows.drop_columns(["role", "request_id"]), part)


def test_parts_from_before_challengers_read_as_champions(table: EventTable) -> None:
    table.append([make_event(1)])
    (old,) = (table.folder / "2026-01-01").glob("*.parquet")
    _as_version_1(old)
    table.append([make_event(2)])
    rows = table.read(None, None, None)
    assert rows.column("role").to_pylist() == ["champion", "champion"]
    assert rows.column("request_id").to_pylist() == ["", "request-2"]


def test_creating_a_table_again_brings_its_old_parts_up_to_date(table: EventTable) -> None:
    table.append([make_event(1), make_event(2)])
    before = table.read(None, None, None)
    for part in table.folder.glob("*/*.parquet"):
        _as_version_1(part)
    table.create()
    schemas = {tuple(pq.read_schema(part).names) for part in table.folder.glob("*/*.parquet")}
    assert schemas == {tuple(table_module.table_schema().names)}
    after = table.read(None, None, None)
    assert after.drop_columns("request_id").equals(before.drop_columns("request_id"))


def test_embeddings_are_looked_up_by_event_and_those_that_are_not_there_are_left_out(
    table: EventTable,
) -> None:
    events = [make_event(number) for number in range(60)]
    table.append(events)
    wanted = {event.event_id: parse_time(event.time_utc) for event in (events[3], events[50])}
    found = table.embeddings({**wanted, "absent": START})
    assert set(found) == set(wanted)
    assert found[events[50].event_id].tolist() == pytest.approx(list(events[50].embedding))


def test_embeddings_are_found_beside_parts_of_that_day_that_hold_none_of_them(table: EventTable) -> None:
    for number in range(3):  # a part each
        table.append([make_event(number)])
    wanted = make_event(2)
    found = table.embeddings({wanted.event_id: parse_time(wanted.time_utc)})
    assert list(found) == [wanted.event_id]
    assert found[wanted.event_id].tolist() == pytest.approx(list(wanted.embedding))


def test_columns_alone_come_in_the_order_of_the_whole(table: EventTable) -> None:
    table.append([make_event(number, hours=number // 3) for number in reversed(range(30))])
    light = table.read(None, None, None, columns=("time_utc", "event_id"))
    assert light.column_names == ["time_utc", "event_id"]
    whole = table.read(None, None, None)
    assert light.column("event_id").to_pylist() == whole.column("event_id").to_pylist()
    keys = list(zip(*(whole.column(name).to_pylist() for name in ("time_utc", "event_id")), strict=True))
    assert keys == sorted(keys)


def test_the_quality_of_a_picture_comes_back_and_parts_from_before_have_none(table: EventTable) -> None:
    table.append([make_event(1), replace(make_event(2), quality=None)])
    rows = table.read(None, None, None).select(QUALITY_COLUMNS).to_pylist()
    assert rows[0]["quality_noise"] == pytest.approx(-2.0 - 1 / 1024)
    assert set(rows[1].values()) == {None}
    (part,) = (table.folder / "2026-01-01").glob("*.parquet")
    pq.write_table(pq.read_table(part).drop_columns(list(QUALITY_COLUMNS)), part)
    table.create()
    assert table.read(None, None, None).column("quality_noise").to_pylist() == [None, None]
