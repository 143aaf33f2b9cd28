"""Streams of every site, task and stratum, event by event: which alarm, since when, looking like what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

import numpy as np
import pandas as pd

from monitoring import windows
from monitoring.drift import KeptReferences
from monitoring.policy import DriftPolicy
from monitoring.report import AlarmReport, NamedCause, Verdict
from monitoring.sequential import LEAST_EXPLAINED, Stream, StreamModel
from osteon.domain import Stratum, sha256_text

_CELLS = 4  # parts of the reference's answers: what the model says may change without a drift
_CAUSES_SHOWN = 3
Pairs = Mapping[str, tuple[np.ndarray, np.ndarray]]


class KeptAlterations(KeptReferences, Protocol):
    """As its parent, with embeddings of altered reference pictures."""

    def alterations(self, task: str, model_version: str) -> Pairs:
        """Cause -> embeddings of the same pictures without and with it; empty when none were kept."""


@dataclass
class _Watched:
    """A stream with its reference's edges of answers, and which events it has seen."""

    stream: Stream | None
    edges: np.ndarray
    run_length_days: float
    times: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


class AlarmWatch:
    """Feeds each stream the events that it has not seen, in their order, and tells how it stands.

    All state comes from the stored events: a watch that starts anew reads them again and stands the same.
    """

    def __init__(self, references: KeptAlterations, policy: DriftPolicy, *, seed: int = 0) -> None:
        self._references, self._policy, self._seed = references, policy, seed
        self._watched: dict[tuple[str, str, Stratum], _Watched] = {}

    def look(
        self, events: pd.DataFrame, champions: Mapping[str, str] | None = None
    ) -> tuple[AlarmReport, ...]:
        """How every stream stands after these events.

        Args:
            events: rows as they come from `FeatureRepository.history`.
            champions: task -> model version to judge; without it, the version of each site's newest event.
        """
        frame = windows.tidy(events)
        parts = []
        for (site, task), rows in frame.groupby(["site", "task"], sort=True):
            version = windows.version_of(rows, str(task), champions)
            mine = rows[rows["model_version"] == version]
            strata = windows.strata_of(mine, str(site), self._policy.strata) if len(mine) else []
            parts += [(str(task), version, stratum, mine) for stratum in strata]
        kept = cache(self._references.load)  # each stratum of a model asks for the same file
        found = []
        for task, version, stratum, mine in parts:
            watched = self._watched.get((task, version, stratum))
            rows = windows.narrow(mine, stratum)
            if watched is None or watched.stream is None:
                watched = self._opened(task, version, stratum, rows, kept(task, version), len(parts))
                self._watched[task, version, stratum] = watched
            self._feed(watched, rows)
            found.append(_report(task, version, stratum, watched))
        return tuple(found)

    def _opened(
        self,
        task: str,
        version: str,
        stratum: Stratum,
        rows: pd.DataFrame,
        kept: pd.DataFrame | None,
        family: int,
    ) -> _Watched:
        rule = self._policy.sequential
        reference = None if kept is None else windows.with_embedding(windows.narrow(kept, stratum))
        first = windows.with_embedding(rows).head(rule.first_events)
        days = _family_days(self._policy) * family
        seen: set[str] = set()
        if reference is None or len(reference) < rule.least_reference_events:
            reference = first if len(first) == rule.first_events else first.head(0)
            seen = set(reference["event_id"])
        edges = _edges(reference)
        if len(reference) < rule.least_reference_events or _space(reference) != _space(rows):
            return _Watched(stream=None, edges=edges, run_length_days=days)
        name = f"{task}|{version}|{stratum}"
        model = StreamModel.fit(
            np.stack(list(reference["embedding"])),
            run_length=max(100.0, days * _events_per_day(rows)),
            seed=int(sha256_text(f"{self._seed} {name}")[:8], 16),
            cells=_cells(reference, edges),
            altered=self._references.alterations(task, version),
            components=rule.components,
            memories=rule.memories,
        )
        return _Watched(stream=Stream(model), edges=edges, run_length_days=days, seen=seen)

    def _feed(self, watched: _Watched, rows: pd.DataFrame) -> None:
        if watched.stream is None:
            return
        new = windows.with_embedding(rows[~rows["event_id"].isin(watched.seen)])
        for event_id, time, embedding, cell in zip(
            new["event_id"], new["time_utc"], new["embedding"], _cells(new, watched.edges), strict=True
        ):
            watched.stream.update(embedding, cell)
            watched.seen.add(event_id)
            watched.times.append(str(time))


def _report(task: str, version: str, stratum: Stratum, watched: _Watched) -> AlarmReport:
    stream, times = watched.stream, watched.times
    if stream is None:
        return AlarmReport(
            task=task, model_version=version, stratum=stratum, verdict="cannot_tell", level=0.0, events=0,
            since_utc="", alarm_utc="", smallest_detectable=None, causes=(),
            run_length_days=watched.run_length_days,
        )  # fmt: skip
    alarm = stream.alarm
    causes = stream.causes()[:_CAUSES_SHOWN] if alarm else ()
    silent: Verdict = "cannot_tell" if stream.smallest_detectable is None else "no_drift"
    return AlarmReport(
        task=task,
        model_version=version,
        stratum=stratum,
        verdict="drift" if alarm else silent,
        level=stream.level,
        events=stream.events,
        since_utc=times[max(0, stream.since - 1)] if alarm else "",
        alarm_utc=times[alarm - 1] if alarm else "",
        smallest_detectable=stream.smallest_detectable,
        causes=tuple(
            NamedCause(name=one.name, explained=one.explained)
            for one in causes
            if one.explained >= LEAST_EXPLAINED
        ),
        run_length_days=watched.run_length_days,
    )


def _family_days(policy: DriftPolicy) -> float:
    """Days between two false alarms of all streams together: exponential times give the promised level."""
    return policy.sequential.horizon_days / -math.log1p(-policy.family_wise_level)


def _space(rows: pd.DataFrame) -> str:
    spaces = set(rows["embedding_space"])
    return str(spaces.pop()) if len(spaces) == 1 else ""


def _events_per_day(rows: pd.DataFrame) -> float:
    span_days = float((rows["time"].max() - rows["time"].min()).total_seconds()) / 86_400
    return len(rows) / max(1.0, span_days)


def _edges(reference: pd.DataFrame) -> np.ndarray:
    """Where the reference's answers are cut in parts."""
    values = reference["value"].dropna().to_numpy(dtype=np.float64)
    inner = np.linspace(0, 1, _CELLS + 1)[1:-1]
    return np.unique(np.quantile(values, inner)) if len(values) else np.empty(0)


def _cells(rows: pd.DataFrame, edges: np.ndarray) -> list[str]:
    """Body part, view and part of the answers of each row: the case mix."""
    part = np.searchsorted(edges, rows["value"].fillna(-np.inf).to_numpy(dtype=np.float64))
    answered = rows["answered"].to_numpy()
    return [
        f"{body_part}|{view}|{number if known else 'none'}"
        for body_part, view, number, known in zip(
            rows["body_part"], rows["view"], part, answered, strict=True
        )
    ]
