"""Expected performance of each yes/no model at each site, from its labelled reference and stored events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from monitoring import windows
from monitoring.drift import KeptReferences
from monitoring.performance import Labelled, Metric, measured, without_labels
from monitoring.policy import DriftPolicy
from monitoring.report import PerformanceReport
from monitoring.statistics import PrincipalComponents
from monitoring.statistics.result import Floats
from osteon.domain import Kind, Stratum, Task, sha256_text

_COMPONENTS = 6  # the weights of more are those of few pictures
_METRICS: tuple[Metric, ...] = ("accuracy", "auroc")


def expected_performance(
    events: pd.DataFrame,
    references: KeptReferences,
    policy: DriftPolicy,
    *,
    now: datetime | None = None,
    seed: int = 0,
    champions: Mapping[str, str] | None = None,
    vectors: windows.Vectors | None = None,
) -> tuple[PerformanceReport, ...]:
    """Accuracy and AUROC in the newest production window of every site, for yes/no models with labels kept.

    Sites with fewer answered pictures than the policy's least production window have no row, nor have
    models whose reference holds no labels, or one answer only.
    """
    frame, moment = windows.tidy(events, light=vectors is not None), now or datetime.now(UTC)
    found = []
    for (site, task), rows in frame.groupby(["site", "task"], sort=True, observed=True):
        version = windows.version_of(rows, str(task), champions)
        kept = references.load(str(task), version) if _is_binary(str(task)) else None
        if kept is None or windows.LABEL not in kept:
            continue
        newest = windows.production_window(
            rows[rows["model_version"] == version], Stratum(site=str(site)), until=moment,
            hours=policy.windows.production_hours, most_events=policy.windows.production_most_events,
        )  # fmt: skip
        known, new = (
            _answered(kept[kept[windows.LABEL].notna()]),
            _answered(windows.recalled(newest, vectors)),
        )
        rule = policy.windows
        few = len(known) < rule.least_reference_events or len(new) < rule.least_production_events
        if (
            few
            or known[windows.LABEL].nunique() < 2
            or set(known["embedding_space"]) != set(new["embedding_space"])
        ):
            continue
        found += _estimates(str(site), str(task), version, known, new, seed)
    return tuple(found)


def _estimates(
    site: str, task: str, version: str, known: pd.DataFrame, new: pd.DataFrame, seed: int
) -> list[PerformanceReport]:
    x, y = (np.stack(list(rows["embedding"])) for rows in (known, new))
    axes = PrincipalComponents.fit(np.vstack([x, y]), _COMPONENTS)
    reference = Labelled(
        coordinates=axes.project(x), score=_floats(known, "value"), label=_floats(known, windows.LABEL)
    )
    score = _floats(new, "value")
    rows = []
    for metric in _METRICS:
        name = f"{seed}|{site}|{task}|{version}|{metric}"
        rng = np.random.default_rng(int(sha256_text(name)[:12], 16))
        estimate = without_labels(reference, axes.project(y), score, metric, rng)
        rows.append(
            PerformanceReport(
                task=task,
                model_version=version,
                site=site,
                metric=metric,
                reference_value=measured(metric, reference.score, reference.label),
                value=estimate.value,
                low=estimate.low,
                high=estimate.high,
                coverage=estimate.coverage,
                events=len(new),
                effective_reference=estimate.effective_reference,
                doubt=estimate.doubt,
            )
        )
    return rows


def _is_binary(task: str) -> bool:
    return task in {one.value for one in Task if one.kind is Kind.BINARY}


def _answered(rows: pd.DataFrame) -> pd.DataFrame:
    whole = windows.with_embedding(rows)
    return whole[whole["answered"] & whole["value"].notna()]


def _floats(rows: pd.DataFrame, column: str) -> Floats:
    return rows[column].to_numpy(dtype=np.float64)
