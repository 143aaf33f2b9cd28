"""One stream under watch: which events it has seen, its charts, and when they changed."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from monitoring import windows
from monitoring.report import AlarmReport, NamedCause, Verdict
from monitoring.sequential import LEAST_EXPLAINED, REMEMBERED, Case, ChartRun, LikelyCause, MixStream, Stream
from osteon.domain import Stratum

LATE = 4096  # newest events among which one that comes late still counts; older ones are taken as seen
_CELLS = 4  # parts of the reference's answers: what the model says may change without a drift
_CAUSES_SHOWN = 3
LEAST_RUN = 100.0  # events between false alarms, however few come


class Family:
    """Which streams there are, and from when: the more, the longer each one's promised run.

    Each picture stream has a case mix beside it, which counts as another. A task's new model takes the place
    of the one before.
    """

    def __init__(self, days_of_all: float) -> None:
        self._days_of_all = days_of_all
        self._joined: set[tuple[str, Stratum]] = set()
        self._times: list[pd.Timestamp] = []

    def joined(self, task: str, stratum: Stratum, time: pd.Timestamp) -> None:
        """A stream's first event; only the first call counts."""
        if (task, stratum) not in self._joined:
            self._joined.add((task, stratum))
            insort(self._times, time)

    def days(self, time: pd.Timestamp) -> float:
        """Days between two false alarms of each stream, by the streams that had begun at that time."""
        return self._days_of_all * 2 * max(1, bisect_right(self._times, time))


@dataclass
class _Told:
    """The times of a chart's alarm, kept when it was raised."""

    alarm: int | None = None
    since_utc: str = ""
    alarm_utc: str = ""

    def follow(self, run: ChartRun, times: deque[str]) -> None:
        if run.alarm == self.alarm:
            return
        self.alarm = run.alarm
        if run.alarm is None:
            self.since_utc = self.alarm_utc = ""
            return
        back = min(len(times), run.alarm - run.since + 1)
        self.since_utc, self.alarm_utc = times[-back], times[-1]


@dataclass
class WatchedStream:
    """Charts of one site, task and stratum; without charts it cannot tell.

    Attributes:
        edges: where the reference's answers are cut in parts.
    """

    edges: np.ndarray
    pictures: Stream | None = None
    mix: MixStream | None = None
    events_per_day: float = 1.0
    _seen: dict[str, pd.Timestamp] = field(default_factory=dict)
    _before: pd.Timestamp | None = None
    _times: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED + 1))
    _pictures_told: _Told = field(default_factory=_Told)
    _mix_told: _Told = field(default_factory=_Told)

    def saw(self, rows: pd.DataFrame) -> None:
        """These events are no news; only the newest `LATE` are remembered one by one."""
        self._seen.update(zip(rows["event_id"], rows["time"], strict=True))
        if len(self._seen) <= LATE:
            return
        by_time = sorted(self._seen.items(), key=lambda item: (item[1], item[0]))
        self._before = by_time[-LATE - 1][1]
        self._seen = dict(by_time[-LATE:])

    def feed(self, rows: pd.DataFrame, family: Family, vectors: windows.Vectors | None = None) -> None:
        """Take the events that were not seen yet, in their order."""
        if self.pictures is None or self.mix is None:
            return
        fresh = ~rows["event_id"].isin(list(self._seen))
        if self._before is not None:
            fresh &= rows["time"] > self._before
        new = windows.with_embedding(windows.recalled(rows[fresh], vectors))
        promised = 0.0
        for time, embedding, cell, case in zip(
            new["time"], new["embedding"], cells_of(new, self.edges), cases_of(new, self.edges), strict=True
        ):
            if (days := family.days(time)) != promised:
                promised = days
                for run in (self.pictures.run, self.mix.run):
                    run.promise(max(LEAST_RUN, days * self.events_per_day))
            self.pictures.update(embedding, cell)
            self.mix.update(case)
            self._times.append(time.isoformat())
            self._pictures_told.follow(self.pictures.run, self._times)
            self._mix_told.follow(self.mix.run, self._times)
        self.saw(rows[fresh])

    def report(self, task: str, version: str, stratum: Stratum, days: float) -> AlarmReport:
        """How it stands, with the run length promised by now."""
        if self.pictures is None or self.mix is None:
            return AlarmReport(
                task=task, model_version=version, stratum=stratum, verdict="cannot_tell", level=0.0, events=0,
                since_utc="", alarm_utc="", smallest_detectable=None, causes=(), run_length_days=days,
            )  # fmt: skip
        run = self.pictures.run
        silent: Verdict = "cannot_tell" if run.smallest_detectable is None else "no_drift"
        return AlarmReport(
            task=task,
            model_version=version,
            stratum=stratum,
            verdict="drift" if run.alarm else silent,
            level=run.level,
            events=run.events,
            since_utc=self._pictures_told.since_utc,
            alarm_utc=self._pictures_told.alarm_utc,
            smallest_detectable=run.smallest_detectable,
            causes=_named(self.pictures.causes()) if run.alarm else (),
            run_length_days=days,
            mix_causes=_named(self.mix.causes()) if self.mix.run.alarm else (),
            mix_since_utc=self._mix_told.since_utc,
        )


def _named(causes: tuple[LikelyCause, ...]) -> tuple[NamedCause, ...]:
    return tuple(
        NamedCause(name=one.name, explained=one.explained)
        for one in causes[:_CAUSES_SHOWN]
        if one.explained >= LEAST_EXPLAINED
    )


def answer_edges(reference: pd.DataFrame) -> np.ndarray:
    """Where the reference's answers are cut in parts."""
    values = reference["value"].dropna().to_numpy(dtype=np.float64)
    inner = np.linspace(0, 1, _CELLS + 1)[1:-1]
    return np.unique(np.quantile(values, inner)) if len(values) else np.empty(0)


def cells_of(rows: pd.DataFrame, edges: np.ndarray) -> list[str]:
    """Body part, view and part of the answers: a winter of fractures moves no picture within its cell."""
    return [
        f"{body_part}|{view}|{part}"
        for body_part, view, part in zip(rows["body_part"], rows["view"], _answers(rows, edges), strict=True)
    ]


def cases_of(rows: pd.DataFrame, edges: np.ndarray) -> list[Case]:
    """Who came, and which part of the answers was given."""
    columns = (rows[name].astype(str) for name in ("body_part", "age_band", "sex"))
    who = zip(*columns, strict=True)
    return [Case(who=one, answer=part) for one, part in zip(who, _answers(rows, edges), strict=True)]


def _answers(rows: pd.DataFrame, edges: np.ndarray) -> list[str]:
    part = np.searchsorted(edges, rows["value"].fillna(-np.inf).to_numpy(dtype=np.float64))
    return [
        str(number) if known else "none"
        for number, known in zip(part, rows["answered"].to_numpy(), strict=True)
    ]
