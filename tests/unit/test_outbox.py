"""The outbox: recorded once, held by one writer at a time, gone only when acknowledged."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from osteon.features import Outbox
from osteon.features.outbox import claim_statement
from tests.event_samples import make_event


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(f"sqlite:///{tmp_path}/outbox.db")


def test_an_event_comes_out_of_the_outbox_as_it_went_in(outbox: Outbox) -> None:
    event = make_event(1, subject="P7K2")
    assert outbox.append(event) == 1
    (claimed,) = outbox.claim()
    assert claimed.event.as_dict() == event.as_dict()


def test_an_event_without_embedding_comes_out_without_one(outbox: Outbox) -> None:
    event = replace(make_event(1), embedding=())
    outbox.append(event)
    assert outbox.claim()[0].event == event


def test_the_same_event_is_recorded_once(outbox: Outbox) -> None:
    assert outbox.append(make_event(1), make_event(2)) == 2
    assert outbox.append(make_event(2), make_event(3)) == 1
    assert outbox.depth() == 3


def test_a_claimed_event_is_not_given_to_a_second_writer(outbox: Outbox) -> None:
    outbox.append(*(make_event(number) for number in range(5)))
    first = outbox.claim(3)
    second = outbox.claim(3)
    assert [each.event.prediction.value for each in first] == [100.0, 101.0, 102.0]
    assert [each.event.prediction.value for each in second] == [103.0, 104.0]
    assert outbox.claim() == []


def test_a_claim_that_was_not_acknowledged_comes_back(outbox: Outbox) -> None:
    outbox.append(make_event(1))
    assert outbox.claim(lease_s=0.0)
    again = outbox.claim()
    outbox.ack(again)
    assert outbox.depth() == 0
    assert outbox.claim(lease_s=0.0) == []


def test_many_threads_append_without_losing_one(outbox: Outbox) -> None:
    def append(start: int) -> None:
        for number in range(start, start + 20):
            outbox.append(make_event(number))

    threads = [threading.Thread(target=append, args=(start,)) for start in range(0, 100, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outbox.depth() == 100


def test_opening_an_outbox_again_keeps_its_events_and_its_schema_version(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/outbox.db"
    Outbox(url).append(make_event(1))
    assert Outbox(url).depth() == 1
    with sa.create_engine(url).connect() as connection:
        versions = connection.execute(sa.text("SELECT version_num FROM osteon_features_version")).all()
        journal = connection.execute(sa.text("PRAGMA journal_mode")).scalar_one()
    assert [row[0] for row in versions] == ["0003"]
    assert journal == "wal"


def test_writers_on_postgresql_step_over_rows_that_another_holds() -> None:
    from sqlalchemy.dialects import postgresql

    statement = str(claim_statement(1.0, 10, 30.0).compile(dialect=postgresql.dialect()))
    assert "FOR UPDATE SKIP LOCKED" in statement
