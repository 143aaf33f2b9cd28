"""Items of the queue as studies, for `GET /v1/studies`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any


def summarise(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """One entry per study, newest first; ids are opaque and nothing else tells who it is."""
    studies: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row.kind != "dicom":
            continue
        entry = studies.setdefault(
            row.study_id,
            {
                "study": row.study_id,
                "site": row.site,
                "instances": 0,
                "states": {},
                "reasons": [],
                "received": 0.0,
            },
        )
        entry["instances"] += 1
        entry["states"][row.state] = entry["states"].get(row.state, 0) + 1
        entry["reasons"] = sorted({*entry["reasons"], *([row.reason] if row.reason else [])})
        entry["received"] = max(entry["received"], row.received_s)
    return [_finish(entry) for entry in studies.values()]


def _finish(entry: dict[str, Any]) -> dict[str, Any]:
    """A study is as far as its slowest instance, and failed when one has failed."""
    received = entry.pop("received")
    order = ("failed", "received", "sent", "answered")
    state = next(state for state in order if entry["states"].get(state))
    stamp = datetime.fromtimestamp(received, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {**entry, "state": state, "received_utc": stamp}
