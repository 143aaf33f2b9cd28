"""The soak sees what it is there to see: each kind of fault of a server is a failure of the run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.accept_04.checks import Checks, Reigns
from benchmarks.accept_04.ledger import Ledger, Reply
from benchmarks.accept_04.material import Asked
from benchmarks.accept_04.models import Served, Version
from benchmarks.accept_04.plan import CUT, Timeline
from benchmarks.accept_04.reconcile import compare
from benchmarks.accept_04.references import References

SUBJECT = "P0000000000000001"
ASKED = Asked(route="predict", names=("hand",), subject=SUBJECT)
RIGHT: dict[str, Any] = {
    "event_id": "of the reference",
    "task": "fracture",
    "status": "answered",
    "reason": None,
    "value": 0.25,
    "probabilities": {"no": 0.75, "yes": 0.25},
    "model_version": "fracture-one",
    "input_hmac": "ab",
    "time_utc": "2026-01-01T00:00:00+00:00",
    "site": "local",
}


@pytest.fixture
def checks() -> Checks:
    challenger = Version("fracture", "9", Path(), "fracture-nine")
    registry: Any = None  # nothing is promoted here
    served = Served(Path(), registry, {}, challenger, Path(), Path())
    references = References(
        predictions={("fracture-one", "hand", None): RIGHT, ("fracture-old", "hand", None): RIGHT},
        embeddings={("fracture-one", "hand"): np.ones(2, np.float32)},
        fitting={"hand": ("fracture",)},
        found={},
        zero_shot={},
        drafts={},
    )
    reigns = Reigns({"fracture": [(0.0, "fracture-old"), (100.0, "fracture-one")]})
    return Checks(references, served, reigns, Ledger(Timeline()))


def answer(status: int = 200, began: float = 200.0, **changes: Any) -> Reply:
    body = {"predictions": [{**RIGHT, "event_id": "e1", **changes}]}
    return Reply(status, {}, json.dumps(body).encode(), began, began + 0.1)


def row(**changes: Any) -> dict[str, Any]:
    probabilities = json.dumps(RIGHT["probabilities"])
    return {**RIGHT, "event_id": "e1", "subject": SUBJECT, "probabilities": probabilities, **changes}


def test_a_right_answer_that_is_recorded_once_is_no_failure(checks: Checks) -> None:
    checks.check(ASKED, answer())
    counts = compare([row()], checks)
    assert not checks.ledger.failures
    assert counts == {"answered_rows": 1, "unheard_rows": 0}


@pytest.mark.parametrize(
    "changes",
    [
        {"value": 0.26},
        {"probabilities": {"no": 0.7, "yes": 0.3}},
        {"input_hmac": "cd"},
        {"site": "lyon"},
        {"model_version": "fracture-nine"},
        {"model_version": "fracture-old"},  # no champion for 100 s
        {"task": "bone-age"},
    ],
    ids=str,
)
def test_an_answer_that_differs_from_its_version_is_wrong(checks: Checks, changes: dict[str, Any]) -> None:
    checks.reigns.since["bone-age"] = [(0.0, "fracture-one")]
    checks.check(ASKED, answer(**changes))
    assert checks.ledger.failures["wrong answer of predict"] >= 1


@pytest.mark.parametrize(
    ("rows", "failure"),
    [
        ([], "answered prediction lost"),
        ([row(), row()], "answered prediction recorded more than once"),
        ([row(), row(event_id="e2")], "answered prediction recorded more than once"),
        ([row(value=0.5)], "event that is not the answer"),
        ([row(), row(subject="P0000000000000002", event_id="e3")], "event of a refused request"),
    ],
    ids=["lost", "twice", "one more", "another answer", "of nobody"],
)
def test_a_record_that_is_not_the_answer_is_seen(
    checks: Checks, rows: list[dict[str, Any]], failure: str
) -> None:
    checks.check(ASKED, answer())
    compare(rows, checks)
    assert checks.ledger.failures[failure] == 1


def test_a_client_who_never_heard_may_be_recorded_whole_or_not_at_all(checks: Checks) -> None:
    two = Asked(route="predict", names=("hand", "hand"), subject=SUBJECT)
    checks.ledger.owe(two, Reply(CUT, {}, b"", 0.0, 1.0), [])
    compare([], checks)
    compare([row(), row(event_id="e2")], checks)
    assert not checks.ledger.failures
    compare([row()], checks)
    assert checks.ledger.failures == {"part of a request recorded": 1}


def test_an_error_counts_unless_a_fault_of_that_moment_promises_it() -> None:
    async def during(fault: str) -> Timeline:
        timeline = Timeline()
        async with timeline.reigns(fault):
            pass
        return timeline

    timeline = asyncio.run(during("disk_full"))
    (window,) = timeline.windows
    within, before = (window.began, window.ended), (window.began - 9.0, window.began - 8.0)
    assert timeline.excuses("predict", 503, *within)
    assert not timeline.excuses("predict", 503, *before)
    assert not timeline.excuses("embed", 503, *within)  # records nothing: needs no disk
    assert not timeline.excuses("predict", 500, *within)
    assert not timeline.excuses("predict", CUT, *within)
    for status in (404, 500, 503, CUT):
        ledger = Ledger(Timeline())
        ledger.note(ASKED, Reply(status, {"retry-after": "1"}, b"", 0.0, 1.0))
        assert sum(ledger.failures.values()) == 1


def test_a_server_that_does_not_say_when_to_come_back_is_seen() -> None:
    ledger = Ledger(asyncio.run(_flooded()))
    (window,) = ledger.timeline.windows
    ledger.note(ASKED, Reply(429, {}, b"", window.began, window.ended))
    assert ledger.failures == {"no Retry-After": 1}


async def _flooded() -> Timeline:
    timeline = Timeline()
    async with timeline.reigns("too_many_at_once"):
        pass
    return timeline
