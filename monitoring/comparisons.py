"""Which windows a drift report compares: one pair for every site, task and stratum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Literal, Protocol

import pandas as pd

from monitoring import windows
from monitoring.policy import DriftPolicy
from monitoring.report import Doubt
from monitoring.windows import Sample, Vectors
from osteon.domain import Stratum


class KeptReferences(Protocol):
    """Where the reference events of a model version are kept (`monitoring.references.References`)."""

    def load(self, task: str, model_version: str) -> pd.DataFrame | None:
        """Tidy reference events of a task's model version; None when none was kept."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One comparison to make, before any statistic."""

    task: str
    model_version: str
    embedding_space: str
    stratum: Stratum
    production: Sample
    reference: Sample | None
    reference_source: Literal["stored", "first_events"]
    doubt: Doubt | None

    def equals(self, whole: Comparison) -> bool:
        """Whether both windows are those of the whole site: a site with one device has no stream for it."""
        return _events(self) == _events(whole)

    @property
    def name(self) -> str:
        """Tells it from every other."""
        return f"{self.task}|{self.model_version}|{self.stratum}"


def comparisons(
    frame: pd.DataFrame,
    references: KeptReferences,
    policy: DriftPolicy,
    now: datetime,
    champions: Mapping[str, str],
    vectors: Vectors | None,
) -> list[Comparison]:
    """Both windows of the whole site, then of every stratum that is not the whole site again.

    Args:
        frame: tidy events.
    """
    cut: list[tuple[str, list[_Pair]]] = []
    kept = cache(references.load)  # each site of a model asks for the same file
    for (site, task), rows in frame.groupby(["site", "task"], sort=True, observed=True):
        version = windows.version_of(rows, str(task), champions)
        mine = windows.where(rows, rows["model_version"] == version)
        if mine.empty:
            continue
        strata = windows.strata_of(mine, str(site), policy.strata)
        # What is small is cut out once: each stratum would copy the whole history again.
        recent = windows.recent(mine, now, policy.windows.production_hours)
        known = kept(str(task), version)
        reference = None if known is None else windows.narrow(known, strata[0])
        cut.append((str(task), [_Pair.cut(mine, recent, reference, one, policy) for one in strata]))
    found_vectors = _vectors_of([pair for _, pairs in cut for pair in pairs], vectors)
    found = []
    for task_name, pairs in cut:
        whole, *parts = [pair.stream(task_name, policy) for pair in _recalled(pairs, found_vectors)]
        found += [whole, *(part for part in parts if not part.equals(whole))]
    return found


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """The rows of both windows of one stream."""

    stratum: Stratum
    newest: pd.DataFrame
    known: pd.DataFrame
    source: Literal["stored", "first_events"]
    version: str
    space: str

    @classmethod
    def cut(
        cls,
        mine: pd.DataFrame,
        recent: pd.DataFrame,
        kept: pd.DataFrame | None,
        stratum: Stratum,
        policy: DriftPolicy,
    ) -> _Pair:
        rule = policy.windows
        newest = windows.narrow(recent, stratum).tail(rule.production_most_events)
        source: Literal["stored", "first_events"] = "stored"
        known = windows.narrow(kept, stratum) if kept is not None else None
        if known is None or known.empty:
            source = "first_events"
            known = windows.reference_window(mine, stratum, first_events=rule.first_events, production=newest)
        return cls(
            stratum=stratum,
            newest=newest,
            known=known,
            source=source,
            version=str(mine["model_version"].iloc[-1]),
            # Of one model version the events share a space, else `sample_of` refuses below.
            space=str(mine["embedding_space"].iloc[-1]),
        )

    def stream(self, task: str, policy: DriftPolicy) -> Comparison:
        changed = bool((self.known["embedding_space"] != self.space).any())
        samples = [
            windows.sample_of(rows, self.stratum, model_version=self.version, embedding_space=self.space)
            for rows in ((self.newest,) if changed else (self.newest, self.known))
        ]
        production, reference = samples[0], None if changed else samples[1]
        return Comparison(
            task=task,
            model_version=self.version,
            embedding_space=self.space,
            stratum=self.stratum,
            production=production,
            reference=reference,
            reference_source=self.source,
            doubt=_doubt(reference, production, policy),
        )


def _vectors_of(pairs: list[_Pair], vectors: Vectors | None) -> Vectors | None:
    """The same look-up, made once for all streams: sites share the days that it reads."""
    if vectors is None:
        return None
    light = [rows for pair in pairs for rows in (pair.newest, pair.known) if "embedding" not in rows]
    columns = ["event_id", "time_utc"]
    found = vectors(pd.concat([rows[columns] for rows in light]).drop_duplicates("event_id")) if light else {}
    return lambda _: found


def _recalled(pairs: list[_Pair], known: Vectors | None) -> list[_Pair]:
    """The pairs with their embeddings."""
    return [
        replace(
            pair,
            newest=windows.recalled(pair.newest, known),
            known=windows.recalled(pair.known, known),
        )
        for pair in pairs
    ]


def _doubt(reference: Sample | None, production: Sample, policy: DriftPolicy) -> Doubt | None:
    if reference is None:
        return "embedding_space_changed"
    if len(reference.embeddings) == 0:
        return "no_reference"
    if len(reference.embeddings) < policy.windows.least_reference_events:
        return "too_few_reference_events"
    if len(production.embeddings) < policy.windows.least_production_events:
        return "too_few_production_events"
    return None


def _events(stream: Comparison) -> tuple[int, int, str]:
    reference = stream.reference.window.events if stream.reference else 0
    return stream.production.window.events, reference, stream.reference_source
