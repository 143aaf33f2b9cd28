"""Retraining requests: from a report's evidence, filed once per cause and cooldown.

The folder is the queue of one machine and of a shared volume: `osteon pipeline watch` claims the files.
"""

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitoring.policy import DriftPolicy
from monitoring.report import DriftReport, StreamReport
from osteon.artefact import atomic_write
from osteon.domain import RetrainingRequest

REASON = "drift"
_CLAIMED = ".claimed"
_DONE = ".done"


def requests_from(report: DriftReport, policy: DriftPolicy) -> list[RetrainingRequest]:
    """One request per drifting task and model, naming every drifting site that has enough new events.

    A site where the model does as well as on its reference asks for nothing, unless it abstains more often.
    The evidence holds each drifting stream's windows and statistics, what the change looks like, the
    estimated performance, and the report's policy and seed.
    """
    rule = policy.retraining
    enough = {
        (stream.task, stream.stratum.site)
        for stream in report.streams
        if stream.key == "all" and stream.production.events >= rule.least_production_events
    }
    harmless = _harmless(report, rule.harmless_within)
    causes: dict[tuple[str, str], list[StreamReport]] = {}
    for stream in report.streams:
        where = (stream.task, stream.stratum.site)
        abstains = (rise := stream.statistics.get("abstention_rate")) is not None and rise.alarms
        if stream.verdict == "drift" and where in enough and (abstains or where not in harmless):
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
                "alarms": [asdict(one) for one in report.alarms if one.task == task and one.alarm_utc],
                "performance": [asdict(one) for one in report.performance if one.task == task],
            },
            model_version=version,
            cooldown_s=int(rule.cooldown_hours * 3600),
            time_utc=report.time_utc,
            project=report.project,
        )
        for (task, version), streams in sorted(causes.items())
    ]


def _harmless(report: DriftReport, within: float) -> set[tuple[str, str]]:
    """Tasks and sites whose every metric is estimated, not doubted and surely as good as on the reference."""
    good: dict[tuple[str, str], bool] = {}
    for one in report.performance:
        where = (one.task, one.site)
        fine = one.doubt is None and one.low >= one.reference_value - within
        good[where] = good.get(where, True) and fine
    return {where for where, fine in good.items() if fine}


def _evidence(stream: StreamReport) -> dict[str, Any]:
    return {
        "reference": asdict(stream.reference) if stream.reference else None,
        "production": asdict(stream.production),
        "statistics": {name: asdict(measured) for name, measured in stream.statistics.items()},
    }


@dataclass(frozen=True, kw_only=True)
class ClaimedRequest:
    """A request that one worker holds; `fields` is its JSON."""

    path: Path
    fields: dict[str, Any]


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

    def claim(self, *, lease_s: float = 3600.0) -> "ClaimedRequest | None":
        """The oldest request that nobody works on; one whose worker was silent for `lease_s` comes back.

        Its `claimed_utc` is when it was first claimed.
        """
        with self._locked():
            limit = time.time() - lease_s
            waiting = [*self._folder.glob("[0-9]*.json")]
            abandoned = [p for p in self._folder.glob(f"[0-9]*{_CLAIMED}") if p.stat().st_mtime < limit]
            for path in sorted([*waiting, *abandoned]):
                name = path.name.removesuffix(_CLAIMED)
                if path.with_name(name + _DONE).exists():  # its worker died between the two steps of `finish`
                    path.unlink()
                    continue
                claimed = path.with_name(name + _CLAIMED)
                path.replace(claimed)
                os.utime(claimed)
                fields = json.loads(claimed.read_text(encoding="utf-8"))
                if "claimed_utc" not in fields:  # what is gathered ends here, also when it is claimed again
                    fields["claimed_utc"] = datetime.now(UTC).isoformat(timespec="seconds")
                    atomic_write(claimed, json.dumps(fields, indent=2, sort_keys=True) + "\n")
                return ClaimedRequest(path=claimed, fields=fields)
            return None

    @contextmanager
    def held(self, claimed: "ClaimedRequest", *, every_s: float = 20.0) -> Iterator[None]:
        """Inside, the request stays this worker's; a worker that is killed lets go of it after one lease."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(every_s):
                with suppress(FileNotFoundError):
                    os.utime(claimed.path)

        beat = threading.Thread(target=renew, name="retraining-lease", daemon=True)
        beat.start()
        try:
            yield
        finally:
            over.set()
            beat.join()

    def finish(self, claimed: "ClaimedRequest", run: str) -> Path:
        """Record the run that a request became; it is not claimed again."""
        done = claimed.path.with_name(claimed.path.name.removesuffix(_CLAIMED) + _DONE)
        atomic_write(done, json.dumps({**claimed.fields, "run": run}, indent=2, sort_keys=True) + "\n")
        claimed.path.unlink()
        return done

    def release(self, claimed: "ClaimedRequest") -> None:
        """Give a request back that could not be worked on: the next claim may have it at once."""
        name = claimed.path.name.removesuffix(_CLAIMED)
        with self._locked(), suppress(FileNotFoundError):
            claimed.path.replace(claimed.path.with_name(name))

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
