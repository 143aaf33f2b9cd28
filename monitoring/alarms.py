"""Streams of every site, task and stratum, event by event: which alarm, since when, looking like what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Protocol

import numpy as np
import pandas as pd

from monitoring import windows
from monitoring.drift import KeptReferences
from monitoring.policy import DriftPolicy
from monitoring.report import AlarmReport
from monitoring.sequential import MixModel, MixStream, Stream, StreamModel
from monitoring.watched import LEAST_RUN, Family, WatchedStream, answer_edges, cases_of, cells_of
from osteon.domain import Stratum, sha256_text

_REFUSED_AT_MOST = 4  # times as many events are looked up as make a reference: refused ones have no embedding
Pairs = Mapping[str, tuple[np.ndarray, np.ndarray]]


class KeptAlterations(KeptReferences, Protocol):
    """As its parent, with embeddings of altered reference pictures."""

    def alterations(self, task: str, model_version: str) -> Pairs:
        """Cause -> embeddings of the same pictures without and with it; empty when none were kept."""


class AlarmWatch:
    """Feeds each stream the events that it has not seen, in their order, and tells how it stands.

    All state comes from the stored events: a watch that starts anew reads them again and stands the same.
    What it keeps of a stream does not grow with its history. A run length counts the streams that
    had begun by each event, so all of them together keep the policy's level however late some join.
    """

    def __init__(self, references: KeptAlterations, policy: DriftPolicy, *, seed: int = 0) -> None:
        self._references, self._policy, self._seed = references, policy, seed
        self._watched: dict[tuple[str, str, Stratum], WatchedStream] = {}
        self._family = Family(_family_days(policy))

    def look(
        self,
        events: pd.DataFrame,
        champions: Mapping[str, str] | None = None,
        vectors: windows.Vectors | None = None,
    ) -> tuple[AlarmReport, ...]:
        """How every stream stands after these events.

        Args:
            events: rows as they come from `FeatureRepository.history`.
            champions: task -> model version to judge; without it, the version of each site's newest event.
            vectors: where embeddings of new events are looked up, when `events` were read without.
        """
        frame = windows.tidy(events, light=vectors is not None)
        parts = []
        for (site, task), rows in frame.groupby(["site", "task"], sort=True, observed=True):
            version = windows.version_of(rows, str(task), champions)
            mine = rows[rows["model_version"] == version]
            strata = windows.strata_of(mine, str(site), self._policy.strata) if len(mine) else []
            own = windows.remembered(vectors)
            parts += [(str(task), version, stratum, windows.narrow(mine, stratum), own) for stratum in strata]
        for task, _, stratum, rows, _ in parts:
            self._family.joined(task, stratum, rows["time"].iloc[0])
        kept = cache(self._references.load)  # each stratum of a model asks for the same file
        found = []
        parts.reverse()
        while parts:  # what was looked up for a site goes with the last of its strata
            task, version, stratum, rows, own = parts.pop()
            watched = self._watched.get((task, version, stratum))
            if watched is None or watched.pictures is None:
                watched = self._opened(task, version, stratum, rows, kept(task, version), own)
                self._watched[task, version, stratum] = watched
            watched.feed(rows, self._family, own)
            days = self._family.days(rows["time"].iloc[-1])
            found.append(watched.report(task, version, stratum, days))
        return tuple(found)

    def _opened(
        self,
        task: str,
        version: str,
        stratum: Stratum,
        rows: pd.DataFrame,
        kept: pd.DataFrame | None,
        vectors: windows.Vectors | None,
    ) -> WatchedStream:
        rule = self._policy.sequential
        reference = None if kept is None else windows.with_embedding(windows.narrow(kept, stratum))
        own = reference is None or len(reference) < rule.least_reference_events
        if reference is None or own:
            early = rows if vectors is None else rows.head(_REFUSED_AT_MOST * rule.first_events)
            first = windows.with_embedding(windows.recalled(early, vectors)).head(rule.first_events)
            reference = first if len(first) == rule.first_events else first.head(0)
        edges = answer_edges(reference)
        if len(reference) < rule.least_reference_events or _space(reference) != _space(rows):
            return WatchedStream(edges=edges)
        name = f"{task}|{version}|{stratum}"
        seed = int(sha256_text(f"{self._seed} {name}")[:8], 16)
        per_day = _events_per_day(rows)
        run_length = max(LEAST_RUN, self._family.days(rows["time"].iloc[0]) * per_day)
        model = StreamModel.fit(
            np.stack(list(reference["embedding"])),
            run_length=run_length,
            seed=seed,
            cells=cells_of(reference, edges),
            altered=self._references.alterations(task, version),
            components=rule.components,
            memories=rule.memories,
        )
        mix = MixModel.fit(cases_of(reference, edges), run_length=run_length, seed=seed)
        watched = WatchedStream(
            edges=edges, pictures=Stream(model), mix=MixStream(mix), events_per_day=per_day
        )
        if own:
            watched.saw(reference)
        return watched


def _family_days(policy: DriftPolicy) -> float:
    """Days between two false alarms of all streams together: exponential times give the promised level."""
    return policy.sequential.horizon_days / -math.log1p(-policy.family_wise_level)


def _space(rows: pd.DataFrame) -> str:
    spaces = set(rows["embedding_space"])
    return str(spaces.pop()) if len(spaces) == 1 else ""


def _events_per_day(rows: pd.DataFrame) -> float:
    span_days = float((rows["time"].max() - rows["time"].min()).total_seconds()) / 86_400
    return len(rows) / max(1.0, span_days)
