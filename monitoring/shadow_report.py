"""Champion against challenger on the same pictures: where they agree, and by how much they differ."""

from dataclasses import asdict, dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitoring.bootstrap import cluster_interval
from monitoring.policy import StratumKey
from monitoring.statistics.result import Floats
from osteon.domain import Kind, RefusedError, Task

SHADOW_REPORT_SCHEMA_VERSION = "1"
GROUP_KEYS = ("site", *get_args(StratumKey))
_PICTURE = ["input_hmac", "laterality"]  # of a film of both knees, each knee
_PAIR = ["request_id", "task", *_PICTURE]
_LEAST_CLUSTERS = 30  # under it a percentile interval of the bootstrap is too short
_DECISION = 0.5


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A mean and the interval of it; bounds are None where there are too few patients to give them."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class GroupReport:
    """Champion against challenger on the pictures of one group.

    Attributes:
        key, label: what the group is narrowed by, `all` for everything.
        pictures: judged by both models; `patients` have a pseudonym, or else are counted by request.
        both_answered, champion_only, challenger_only: how many pictures who answered; the rest, nobody.
        agreement: share of pictures both answered with the same class or grade; for a measure, with each
            value within the other's interval.
        difference, absolute_difference: challenger minus champion, in the task's unit.
    """

    key: str
    label: str
    pictures: int
    patients: int
    both_answered: int
    champion_only: int
    challenger_only: int
    agreement: Measured
    difference: Measured
    absolute_difference: Measured


@dataclass(frozen=True, kw_only=True)
class ShadowReport:
    """One champion and one challenger of a task, overall and by group.

    Attributes:
        unpaired: challenger's events whose champion's event is not in the window.
        coverage: of each interval, for itself: of twenty groups about one interval misses at 95 %.
    """

    task: str
    unit: str
    champion: str
    challenger: str
    since_utc: str
    until_utc: str
    unpaired: int
    coverage: float
    seed: int
    groups: tuple[GroupReport, ...]
    schema_version: str = SHADOW_REPORT_SCHEMA_VERSION

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return asdict(self)


def shadow_report(
    champions: pd.DataFrame,
    challengers: pd.DataFrame,
    task: Task,
    *,
    seed: int = 0,
    coverage: float = 0.95,
    resamples: int = 2000,
) -> ShadowReport:
    """The newest challenger of a task against the newest champion that met the same pictures.

    Each picture counts once, however often it was sent. Intervals come from drawing patients with all of
    their pictures.

    Args:
        champions, challengers: events by role, with the columns of `FeatureRepository.history`.
    Raises:
        RefusedError: the challenger has judged no picture that the champion judged too.
    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 8 and 13 (clusters,
        percentiles); agreement of two measures without truth: Bland and Altman 1986, Lancet 327.
    """
    shadows = _newest(challengers[challengers["task"] == task.value])
    pairs = shadows.merge(
        champions[champions["task"] == task.value].drop_duplicates(_PAIR, keep="last"),
        on=_PAIR,
        suffixes=("_challenger", ""),
    )
    if pairs.empty:
        raise RefusedError(
            "pictures that a challenger judged beside the champion",
            f"{len(shadows)} events of a challenger and none in pairs",
            "give a version the alias challenger and send studies",
        )
    pairs = _newest(pairs).drop_duplicates(_PICTURE, keep="last").reset_index(drop=True)
    measured = _measure(pairs, task)
    rng = np.random.default_rng(seed)
    groups = [("all", "all", measured)]
    for key in GROUP_KEYS:
        groups += [(key, str(label), rows) for label, rows in measured.groupby(key, sort=True)]
    return ShadowReport(
        task=task.value,
        unit=task.unit,
        champion=str(pairs["model_version"].iloc[-1]),
        challenger=str(pairs["model_version_challenger"].iloc[-1]),
        since_utc=pairs["time_utc"].min().isoformat(),
        until_utc=pairs["time_utc"].max().isoformat(),
        unpaired=len(shadows) - int(shadows["event_id"].isin(pairs["event_id_challenger"]).sum()),
        coverage=coverage,
        seed=seed,
        groups=tuple(_group(key, label, rows, rng, coverage, resamples) for key, label, rows in groups),
    )


def _newest(events: pd.DataFrame) -> pd.DataFrame:
    """Oldest first, of the model version of the newest one alone."""
    rows = events.sort_values(["time_utc", "event_id"], kind="stable")
    return rows[rows["model_version"] == rows["model_version"].iloc[-1]] if len(rows) else rows


def _measure(pairs: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Per picture: the groups' labels, `patient`, who answered, `agrees` and `difference` (NaN: not both)."""
    champion, challenger = pairs["value"].astype(float), pairs["value_challenger"].astype(float)
    both = champion.notna() & challenger.notna()
    if task.kind is Kind.REGRESSION:
        inside = _within(challenger, pairs, "") & _within(champion, pairs, "_challenger")
        known = pairs["interval_low"].notna() & pairs["interval_low_challenger"].notna()
        agrees = inside.astype(float).where(both & known)
    elif task.kind is Kind.BINARY:
        agrees = ((champion >= _DECISION) == (challenger >= _DECISION)).astype(float).where(both)
    else:
        agrees = (champion == challenger).astype(float).where(both)
    return pairs.loc[:, list(GROUP_KEYS)].assign(
        patient=pairs["subject"].fillna("request " + pairs["request_id"]),
        champion=champion.notna(),
        challenger=challenger.notna(),
        agrees=agrees,
        difference=challenger - champion,
    )


def _within(value: "pd.Series[float]", pairs: pd.DataFrame, suffix: str) -> "pd.Series[bool]":
    return (value >= pairs[f"interval_low{suffix}"]) & (value <= pairs[f"interval_high{suffix}"])


def _group(
    key: str, label: str, rows: pd.DataFrame, rng: np.random.Generator, coverage: float, resamples: int
) -> GroupReport:
    difference = rows["difference"].to_numpy(dtype=np.float64)
    patient = rows["patient"].to_numpy(dtype=str)
    columns = (rows["agrees"].to_numpy(dtype=np.float64), difference, np.abs(difference))
    agreement, signed, absolute = (
        _mean_and_interval(values, patient, rng, coverage, resamples) for values in columns
    )
    return GroupReport(
        key=key,
        label=label,
        pictures=len(rows),
        patients=len(np.unique(patient)),
        both_answered=int((rows["champion"] & rows["challenger"]).sum()),
        champion_only=int((rows["champion"] & ~rows["challenger"]).sum()),
        challenger_only=int((~rows["champion"] & rows["challenger"]).sum()),
        agreement=agreement,
        difference=signed,
        absolute_difference=absolute,
    )


def _mean_and_interval(
    values: Floats, patient: NDArray[np.str_], rng: np.random.Generator, coverage: float, resamples: int
) -> Measured:
    """Mean of the known values; the interval from as many patients drawn with all of their pictures."""
    known = np.isfinite(values)
    if not known.any():
        return Measured(value=None, low=None, high=None)
    mean = float(values[known].mean())
    if len(np.unique(patient[known])) < _LEAST_CLUSTERS:
        return Measured(value=mean, low=None, high=None)
    low, high = cluster_interval(values[known], patient[known], rng, coverage=coverage, resamples=resamples)
    return Measured(value=mean, low=low, high=high)
