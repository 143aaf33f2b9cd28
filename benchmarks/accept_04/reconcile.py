"""The feature store against the ledger: each answered prediction once, nothing of a refused request."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from benchmarks.accept_04.checks import Checks, alike
from benchmarks.accept_04.ledger import Recorded
from benchmarks.accept_04.processes import Processes
from osteon.features import FeatureRepository, Outbox

_COLUMNS = ("event_id", "subject", "task", "status", "reason", "value", "model_version", "input_hmac", "site")
Row = dict[str, Any]


async def drained(processes: Processes, limit_s: float = 120.0) -> int:
    """Events that still wait in the outbox when the writer has nothing more to do, or time is over."""
    outbox = Outbox(processes.outbox)
    end = time.monotonic() + limit_s
    while (waiting := outbox.depth()) and time.monotonic() < end:
        await asyncio.sleep(0.5)
    return waiting


def reconcile(features: Path, checks: Checks) -> dict[str, int]:
    """Compares every row of the feature store; what is wrong goes to the ledger.

    Returns:
        Counts: rows, of answered requests, of requests whose clients never heard, of the challenger, and rows
        that lie in two files of the table (a writer killed while it merged; readers give each once).
    """
    repository = FeatureRepository(features)
    counts = {"on_disk_twice": _twice_on_disk(features)}
    champions = _rows(repository, checks, "champion")
    counts["champion_rows"] = len(champions)
    counts |= compare(champions, checks)
    challengers = _rows(repository, checks, "challenger")
    counts["challenger_rows"] = len(challengers)
    for row in challengers:
        recorded = checks.ledger.predictions.get(row["subject"])
        if recorded is None or row["model_version"] != checks.served.challenger.name:
            checks.ledger.fail("challenger's event without its request", row["task"])
            continue
        _require_right(row, recorded, checks)
    return counts


def _rows(repository: FeatureRepository, checks: Checks, role: Any) -> list[Row]:
    frame = repository.history(role=role)
    twice = len(frame) - frame["event_id"].nunique()
    if twice:
        checks.ledger.fail("event twice in the feature store", f"{twice} rows of {role}")
    frame = frame[[*_COLUMNS, "probabilities"]]
    return [
        {str(name): None if value != value else value for name, value in row.items()}  # NaN is no value
        for row in frame.to_dict("records")
    ]


def _twice_on_disk(features: Path) -> int:
    import pyarrow.parquet as pq

    seen: Counter[str] = Counter()
    for part in FeatureRepository(features).table.folder.glob("*/*.parquet"):
        seen.update(pq.read_table(part, columns=["event_id"]).column("event_id").to_pylist())
    return sum(count - 1 for count in seen.values())


def compare(rows: list[Row], checks: Checks) -> dict[str, int]:
    """Rows of answered requests and of requests whose clients never heard; failures go to the ledger."""
    ledger = checks.ledger
    by_subject: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_subject[row["subject"]].append(row)
    strangers = set(by_subject) - set(ledger.predictions)
    for subject in strangers:
        ledger.fail("event of a refused request", f"{len(by_subject[subject])} rows")
    answered = unheard = 0
    for subject, recorded in ledger.predictions.items():
        own = by_subject.get(subject, [])
        if recorded.maybe:
            unheard += len(own)
            if own and len(own) != _owed(recorded, checks):
                ledger.fail("part of a request recorded", f"{len(own)} rows of {recorded.asked.names}")
        else:
            answered += len(own)
            found = {row["event_id"] for row in own}
            missing, doubled = set(recorded.answered) - found, len(own) - len(found)
            if missing:
                ledger.fail("answered prediction lost", f"{len(missing)} of {len(recorded.answered)}")
            if doubled or found - set(recorded.answered):
                ledger.fail("answered prediction recorded more than once", f"{len(own)} rows")
        for row in own:
            _require_right(row, recorded, checks)
    return {"answered_rows": answered, "unheard_rows": unheard}


def _owed(recorded: Recorded, checks: Checks) -> int:
    """Events of a whole request."""
    asked = recorded.asked
    return sum(1 if "task" in asked.fields else len(checks.references.fitting[name]) for name in asked.names)


def _require_right(row: Row, recorded: Recorded, checks: Checks) -> None:
    """The row is what some picture of its request gets from the version that it names, and what was told."""
    asked = recorded.asked
    told = recorded.answered.get(row["event_id"])
    sex = asked.fields.get("sex")
    possible = [checks.references.predictions.get((row["model_version"], name, sex)) for name in asked.names]
    if not any(right is not None and _same(row, right) for right in [told] if told) and not (
        told is None and any(right is not None and _same(row, right) for right in possible)
    ):
        checks.ledger.fail("event that is not the answer", f"{row['task']} by {row['model_version']}")


def _same(row: Row, right: Any) -> bool:
    fields = ("task", "status", "reason", "value", "model_version", "input_hmac")
    same = all(alike(right[name], row[name]) for name in fields)
    return same and alike(dict(right["probabilities"]), json.loads(row["probabilities"]))
