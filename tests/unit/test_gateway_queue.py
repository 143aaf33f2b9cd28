"""The gateway's queue: nothing twice, nothing lost, pauses that grow."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.gateway.queue import Backoff, Delivery, Item, Queue


def make(folder: Path, **backoff: float) -> Queue:
    pauses = Backoff(first_s=backoff.get("first_s", 0.0), longest_s=10.0, max_attempts=3)
    return Queue(f"sqlite:///{folder / 'q.db'}", "osteon", pauses, lease_s=backoff.get("lease_s", 60.0))


def item(number: int = 1, spool: str = "s1") -> Item:
    return Item(item_id=f"i{number}", study_id="st", kind="dicom", site="chu-a", spool=spool)


def test_an_item_is_claimed_once_until_its_lease_ends(tmp_path: Path) -> None:
    queue = make(tmp_path)
    queue.receive(item())
    first = queue.claim()
    assert first is not None
    assert (first.item_id, first.attempts, first.site) == ("i1", 1, "chu-a")
    assert queue.claim() is None
    assert queue.counts()["sent"] == 1


def test_an_item_of_a_dead_worker_is_taken_up_again(tmp_path: Path) -> None:
    queue = make(tmp_path, lease_s=-1.0)
    queue.receive(item())
    assert queue.claim() is not None
    again = make(tmp_path).claim()
    assert again is not None
    assert again.attempts == 2


def test_the_same_item_sent_twice_is_recorded_once(tmp_path: Path) -> None:
    queue = make(tmp_path)
    assert queue.receive(item(spool="first")) is None
    assert queue.receive(item(spool="second")) == "second"
    assert queue.counts()["received"] == 1


def test_an_answered_item_sent_again_is_asked_again(tmp_path: Path) -> None:
    queue = make(tmp_path)
    queue.receive(item(spool="first"))
    claimed = queue.claim()
    assert claimed is not None
    queue.answer(claimed, reason="shadow")
    assert queue.receive(item(spool="second")) == "first"
    again = queue.claim()
    assert again is not None
    assert (again.spool, again.attempts) == ("second", 1)


def test_a_failed_item_is_taken_up_with_its_new_bytes(tmp_path: Path) -> None:
    queue = make(tmp_path)
    queue.receive(item(spool="first"))
    claimed = queue.claim()
    assert claimed is not None
    queue.fail(claimed, "refused")
    assert queue.claim() is None
    assert queue.receive(item(spool="second")) == "first"
    again = queue.claim()
    assert again is not None
    assert (again.spool, again.attempts) == ("second", 1)


def test_an_item_fails_after_the_last_try(tmp_path: Path) -> None:
    queue = make(tmp_path)
    queue.receive(item())
    states = []
    for _ in range(3):
        claimed = queue.claim()
        assert claimed is not None
        states.append(queue.retry(claimed, "no_answer"))
    assert states == ["received", "received", "failed"]
    assert queue.claim() is None


def test_a_pause_keeps_an_item_back(tmp_path: Path) -> None:
    queue = make(tmp_path)
    queue.receive(item())
    claimed = queue.claim()
    assert claimed is not None
    queue.retry(claimed, "busy", pause_s=60)
    assert queue.claim() is None


@pytest.mark.parametrize(("attempts", "low", "high"), [(1, 1, 2), (2, 2, 4), (5, 16, 32), (100, 450, 900)])
def test_pauses_double_up_to_the_longest(attempts: int, low: float, high: float) -> None:
    backoff = Backoff(first_s=2, longest_s=900, max_attempts=9)
    assert low <= backoff.pause_s(attempts) <= high


def test_an_answer_and_its_deliveries_are_recorded_together_and_once(tmp_path: Path) -> None:
    queue = make(tmp_path)
    queue.receive(item())
    claimed = queue.claim()
    assert claimed is not None
    delivery = Delivery(item_id="i1", kind="sr", site="chu-a", file="i1/live/report.dcm")
    queue.answer(claimed, [delivery], "live")
    queue.answer(claimed, [delivery], "live")
    assert queue.delivery_counts() == {"waiting": 1, "delivered": 0, "failed": 0}
    out = queue.claim_delivery()
    assert out is not None
    assert queue.claim_delivery() is None
    assert queue.retry_delivery(out) == "waiting"
    again = queue.claim_delivery()
    assert again is not None
    queue.delivered(again)
    assert queue.delivery_counts()["delivered"] == 1
    assert queue.counts()["answered"] == 1
    assert queue.spooled() == set()
