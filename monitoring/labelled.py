"""Accuracy of each yes/no model at each site, from all of its answers and the few that persons labelled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from monitoring import windows
from monitoring.performance import expected_correct, with_few_labels
from monitoring.policy import DriftPolicy
from monitoring.report import PerformanceReport
from osteon.domain import Kind, Stratum, Task

METRIC = "accuracy_labelled"
_LEAST_LABELS = 20
_COVERAGE = 0.9
_YES = 0.5


def labelled_performance(
    labelled: pd.DataFrame,
    policy: DriftPolicy,
    *,
    now: datetime | None = None,
    champions: Mapping[str, str] | None = None,
) -> tuple[PerformanceReport, ...]:
    """Prediction-powered accuracy in the newest production window of every site with 20 labels or more.

    It holds for labels of pictures that were drawn at random, or as good as: persons who label only what
    looked wrong make it too low.

    Args:
        labelled: events with their `label`, NaN where nobody answered.
    """
    frame, moment = windows.tidy(labelled, light=True), now or datetime.now(UTC)
    found = []
    for (site, task), rows in frame.groupby(["site", "task"], sort=True, observed=True):
        if Task.parse(str(task)).kind is not Kind.BINARY:
            continue
        version = windows.version_of(rows, str(task), champions)
        newest = windows.production_window(
            rows[rows["model_version"] == version], Stratum(site=str(site)), until=moment,
            hours=policy.windows.production_hours, most_events=policy.windows.production_most_events,
        )  # fmt: skip
        answered = newest[newest["answered"] & newest["value"].notna()]
        score = answered["value"].to_numpy(dtype=np.float64)
        label = answered[windows.LABEL].to_numpy(dtype=np.float64)
        chosen = np.flatnonzero(np.isfinite(label))
        if len(chosen) < _LEAST_LABELS:
            continue
        correct = ((score[chosen] >= _YES) == (label[chosen] >= _YES)).astype(np.float64)
        expected = expected_correct(score)
        value, low, high = with_few_labels(expected, chosen, correct, coverage=_COVERAGE)
        found.append(
            PerformanceReport(
                task=str(task),
                model_version=version,
                site=str(site),
                metric=METRIC,
                reference_value=float(expected.mean()),
                value=value,
                low=low,
                high=high,
                coverage=_COVERAGE,
                events=len(answered),
                effective_reference=float(len(chosen)),
                doubt=None,
            )
        )
    return tuple(found)
