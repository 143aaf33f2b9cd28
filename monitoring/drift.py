"""The drift report of a frame of events: at which site and stratum, by which statistic, how sure."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from math import ceil
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from monitoring import windows
from monitoring.evidence import measure
from monitoring.policy import DriftPolicy
from monitoring.report import Doubt, DriftReport, Measured, StreamReport
from monitoring.statistics import Result, holm, smallest_detectable_ks
from monitoring.windows import Sample, Vectors
from osteon.domain import Stratum, sha256_text

__all__ = ["DriftReport", "KeptReferences", "drift_report"]


class KeptReferences(Protocol):
    """Where the reference events of a model version are kept (`monitoring.references.References`)."""

    def load(self, task: str, model_version: str) -> pd.DataFrame | None:
        """Tidy reference events of a task's model version; None when none was kept."""


@dataclass(frozen=True, kw_only=True)
class _Stream:
    """One comparison to make, before any statistic."""

    task: str
    model_version: str
    embedding_space: str
    stratum: Stratum
    production: Sample
    reference: Sample | None
    reference_source: Literal["stored", "first_events"]
    doubt: Doubt | None

    def equals(self, whole: "_Stream") -> bool:
        """Whether both windows are those of the whole site: a site with one device has no stream for it."""
        return _events(self) == _events(whole)

    @property
    def name(self) -> str:
        return f"{self.task}|{self.model_version}|{self.stratum}"


def drift_report(
    events: pd.DataFrame,
    references: KeptReferences,
    policy: DriftPolicy,
    *,
    now: datetime | None = None,
    seed: int = 0,
    project: str = "osteon",
    champions: Mapping[str, str] | None = None,
    vectors: Vectors | None = None,
) -> DriftReport:
    """Compare production with reference windows for every site, task and stratum.

    Every deciding statistic of every stream is one hypothesis; Holm's correction over all of them holds the
    probability of any false alarm in the report at the policy's level. A stream too short to tell says so.
    The same events, references, policy, time and seed give the same report, in any order of events.

    Args:
        events: rows as they come from `FeatureRepository.history`.
        champions: task -> model version to judge; without it, the version of each site's newest event.
        vectors: where the windows' embeddings are looked up, site by site, when `events` were read without
            (`windows.READ_COLUMNS`): of millions of events, a report needs those of some hundred per stream.
    Raises:
        RefusedError: a column is missing, or one model's events mix embedding spaces.
    """
    moment = now or datetime.now(UTC)
    streams = _streams(
        windows.tidy(events, light=vectors is not None), references, policy, moment, champions or {}, vectors
    )
    deciding = [name for name, rule in policy.statistics.items() if rule.decides]
    hypotheses = len(deciding) * sum(stream.doubt is None for stream in streams)
    most_draws = min(policy.most_permutations, max(199, ceil(2 * hypotheses / policy.family_wise_level)))

    def measured(stream: _Stream) -> dict[str, Result]:
        if stream.doubt is not None or stream.reference is None:
            return {}
        rng = _generator(seed, stream)
        return measure(stream.reference, stream.production, policy, rng, most_draws=most_draws)

    with ThreadPoolExecutor(_threads()) as pool:  # numpy computes without the interpreter's lock
        results = list(pool.map(measured, streams))
    adjusted = _family_wise(results, deciding)
    level = policy.family_wise_level / max(1, hypotheses)
    return DriftReport(
        project=project,
        time_utc=moment.astimezone(UTC).isoformat(timespec="seconds"),
        seed=seed,
        policy_hash=policy.hash,
        family_wise_level=policy.family_wise_level,
        hypotheses=hypotheses,
        streams=tuple(
            _judged(stream, result, p, policy, level)
            for stream, result, p in zip(streams, results, adjusted, strict=True)
        ),
    )


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _events(stream: _Stream) -> tuple[int, int, str]:
    reference = stream.reference.window.events if stream.reference else 0
    return stream.production.window.events, reference, stream.reference_source


def _generator(seed: int, stream: _Stream) -> np.random.Generator:
    """Random numbers of one stream: other streams coming or going do not change them."""
    return np.random.default_rng([seed, int(sha256_text(stream.name)[:12], 16)])


def _streams(
    frame: pd.DataFrame,
    references: KeptReferences,
    policy: DriftPolicy,
    now: datetime,
    champions: Mapping[str, str],
    vectors: Vectors | None,
) -> list[_Stream]:
    found = []
    kept = cache(references.load)  # each site of a model asks for the same file
    for (site, task), rows in frame.groupby(["site", "task"], sort=True, observed=True):
        version = windows.version_of(rows, str(task), champions)
        mine = rows[rows["model_version"] == version]
        if mine.empty:
            continue
        strata = windows.strata_of(mine, str(site), policy.strata)
        pairs = [_Pair.cut(mine, kept(str(task), version), stratum, policy, now) for stratum in strata]
        whole, *parts = [pair.stream(str(task), policy) for pair in _recalled(pairs, vectors)]
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
        kept: pd.DataFrame | None,
        stratum: Stratum,
        policy: DriftPolicy,
        now: datetime,
    ) -> "_Pair":
        rule = policy.windows
        newest = windows.production_window(
            mine, stratum, until=now, hours=rule.production_hours, most_events=rule.production_most_events
        )
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

    def stream(self, task: str, policy: DriftPolicy) -> _Stream:
        changed = bool((self.known["embedding_space"] != self.space).any())
        samples = [
            windows.sample_of(rows, self.stratum, model_version=self.version, embedding_space=self.space)
            for rows in ((self.newest,) if changed else (self.newest, self.known))
        ]
        production, reference = samples[0], None if changed else samples[1]
        return _Stream(
            task=task,
            model_version=self.version,
            embedding_space=self.space,
            stratum=self.stratum,
            production=production,
            reference=reference,
            reference_source=self.source,
            doubt=_doubt(reference, production, policy),
        )


def _recalled(pairs: list[_Pair], vectors: Vectors | None) -> list[_Pair]:
    """The pairs with their embeddings, looked up once for all strata of a site."""
    if vectors is None:
        return pairs
    light = [rows for pair in pairs for rows in (pair.newest, pair.known) if "embedding" not in rows]
    found = vectors(pd.concat(light).drop_duplicates("event_id")) if light else {}
    return [
        replace(
            pair,
            newest=windows.recalled(pair.newest, lambda _: found),
            known=windows.recalled(pair.known, lambda _: found),
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


def _family_wise(results: list[dict[str, Result]], deciding: Sequence[str]) -> list[dict[str, float]]:
    """Holm-adjusted p-values of the deciding statistics, over all streams at once."""
    places = [(i, name) for i, result in enumerate(results) for name in deciding if name in result]
    p_values = [results[i][name].p_value for i, name in places]
    adjusted: list[dict[str, float]] = [{} for _ in results]
    for (i, name), p in zip(places, holm([1.0 if p is None else p for p in p_values]), strict=True):
        adjusted[i][name] = float(p)
    return adjusted


def _judged(
    stream: _Stream, results: dict[str, Result], adjusted: dict[str, float], policy: DriftPolicy, level: float
) -> StreamReport:
    measured = {}
    for name, result in results.items():
        rule = policy.statistics[name]  # type: ignore[index]
        p = adjusted.get(name)
        large = rule.least_effect is None or result.value >= rule.least_effect
        measured[name] = Measured(
            value=result.value,
            p_value=result.p_value,
            p_adjusted=p,
            least_effect=rule.least_effect,
            decides=rule.decides,
            alarms=rule.decides and large and p is not None and p <= policy.family_wise_level,
        )
    drifts = any(one.alarms for one in measured.values())
    reference = stream.reference
    return StreamReport(
        task=stream.task,
        model_version=stream.model_version,
        embedding_space=stream.embedding_space,
        stratum=stream.stratum,
        verdict="cannot_tell" if stream.doubt else "drift" if drifts else "no_drift",
        doubt=stream.doubt,
        reference=reference.window if reference else None,
        reference_source=stream.reference_source,
        production=stream.production.window,
        statistics=measured,
        smallest_detectable_ks=smallest_detectable_ks(
            len(reference.embeddings) if reference else 0, len(stream.production.embeddings), level
        ),
    )
