"""Retraining requests: from a report's evidence, filed once per cause and cooldown.

The folder is the queue of one machine and of a shared volume: `osteon pipeline watch` claims the files.
"""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitoring.policy import DriftPolicy
from monitoring.report import DriftReport, StreamReport
from osteon.artefact import atomic_write
from osteon.domain import RetrainingRequest

REASON = "drift"


def requests_from(report: DriftReport, policy: DriftPolicy) -> list[RetrainingRequest]:
    """One request per drifting task and model, naming every drifting site that has enough new events.

    The evidence holds each drifting stream's windows and statistics, and the report's policy and seed.
    """
    rule = policy.retraining
    enough = {
        (stream.task, stream.stratum.site)
        for stream in report.streams
        if stream.key == "all" and stream.production.events >= rule.least_production_events
    }
    causes: dict[tuple[str, str], list[StreamReport]] = {}
    for stream in report.streams:
        if stream.verdict == "drift" and (stream.task, stream.stratum.site) in enough:
            causes.setdefault((stream.task, stream.model_version), []).append(stream)
    return [
        RetrainingRequest(
            task=task,
            sites=tuple(sorted({stream.stratum.site for stream in streams})),
            reason=REASON,
            evidence={
                "policy_hash": report.policy_hash,
                "seed": report.seed,
                "family_wise_level": report.family_wise_level,
                "streams": [_evidence(stream) for stream in streams],
            },
            model_version=version,
            cooldown_s=int(rule.cooldown_hours * 3600),
            time_utc=report.time_utc,
            project=report.project,
        )
        for (task, version), streams in sorted(causes.items())
    ]


def _evidence(stream: StreamReport) -> dict[str, Any]:
    return {
        "reference": asdict(stream.reference) if stream.reference else None,
        "production": asdict(stream.production),
        "statistics": {name: asdict(measured) for name, measured in stream.statistics.items()},
    }


class RequestFolder:
    """Requests as files named by time and deduplication key; several writers may share the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, request: RetrainingRequest) -> Path | None:
        """Write the request whole; None when one of the same cause is younger than its cooldown.

        Claimed requests count as well, whatever suffix the claim gave their file.
        """
        key = request.deduplication_key
        with self._locked():
            newest = self._newest(key)
            moment = datetime.fromisoformat(request.time_utc).astimezone(UTC)
            if newest is not None and moment < newest + timedelta(seconds=request.cooldown_s):
                return None
            target = self._folder / f"{moment:%Y%m%dT%H%M%SZ}-{key}.json"
            atomic_write(target, json.dumps(request.as_dict(), indent=2, sort_keys=True) + "\n")
            return target

    def file_all(self, requests: Sequence[RetrainingRequest]) -> list[RetrainingRequest]:
        """The requests that were written now."""
        return [request for request in requests if self.file(request) is not None]

    def _newest(self, key: str) -> datetime | None:
        times = [
            datetime.strptime(path.name.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            for path in self._folder.glob(f"*-{key}.json*")
            if not path.name.startswith(".")
        ]
        return max(times, default=None)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, also across processes: the check and the write are one step."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
