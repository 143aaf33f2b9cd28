"""The drift report of a frame of events: at which site and stratum, by which statistic, how sure."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from math import ceil

import numpy as np
import pandas as pd

from monitoring import windows
from monitoring.comparisons import Comparison, KeptReferences, comparisons
from monitoring.evidence import measure
from monitoring.policy import DriftPolicy
from monitoring.report import DriftReport, Measured, StreamReport
from monitoring.statistics import Result, holm, smallest_detectable_ks
from monitoring.windows import Vectors
from osteon.domain import sha256_text

__all__ = ["DriftReport", "KeptReferences", "drift_report"]


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
    streams = comparisons(
        windows.tidy(events, light=vectors is not None), references, policy, moment, champions or {}, vectors
    )
    deciding = [name for name, rule in policy.statistics.items() if rule.decides]
    hypotheses = len(deciding) * sum(stream.doubt is None for stream in streams)
    most_draws = min(policy.most_permutations, max(199, ceil(2 * hypotheses / policy.family_wise_level)))

    def measured(stream: Comparison) -> dict[str, Result]:
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


def _generator(seed: int, stream: Comparison) -> np.random.Generator:
    """Random numbers of one stream: other streams coming or going do not change them."""
    return np.random.default_rng([seed, int(sha256_text(stream.name)[:12], 16)])


def _family_wise(results: list[dict[str, Result]], deciding: Sequence[str]) -> list[dict[str, float]]:
    """Holm-adjusted p-values of the deciding statistics, over all streams at once."""
    places = [(i, name) for i, result in enumerate(results) for name in deciding if name in result]
    p_values = [results[i][name].p_value for i, name in places]
    adjusted: list[dict[str, float]] = [{} for _ in results]
    for (i, name), p in zip(places, holm([1.0 if p is None else p for p in p_values]), strict=True):
        adjusted[i][name] = float(p)
    return adjusted


def _judged(
    stream: Comparison,
    results: dict[str, Result],
    adjusted: dict[str, float],
    policy: DriftPolicy,
    level: float,
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
