"""Drift policy: thresholds as data, each with its reason and its source."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator

from monitoring.strict_file import Strict, load_strict

StatisticName = Literal[
    "mmd",
    "component_ks",
    "classifier_auroc",
    "energy",
    "sliced_wasserstein",
    "mahalanobis",
    "frechet",
    "prediction_psi",
    "abstention_rate",
]
StratumKey = Literal["device", "view", "body_part", "age_band", "sex"]
STATISTICS: tuple[str, ...] = get_args(StatisticName)
STRATUM_KEYS: tuple[str, ...] = get_args(StratumKey)
WITHOUT_P_VALUE = frozenset({"sliced_wasserstein", "mahalanobis", "frechet"})
DEFAULT_POLICY = Path(__file__).with_name("thresholds.yaml")


class Windows(Strict):
    """How long and how full the compared windows are."""

    production_hours: float = Field(gt=0)
    production_most_events: int = Field(ge=2)
    first_events: int = Field(ge=0)
    least_reference_events: int = Field(ge=8)
    least_production_events: int = Field(ge=8)


class StatisticRule(Strict):
    """What one statistic is for.

    `decides`: its corrected p-value can call a drift. `least_effect`: smaller values never do, however
    significant.
    """

    decides: bool
    least_effect: float | None = None
    reason: str = Field(min_length=1)
    source: str = Field(min_length=1)


class SequentialRule(Strict):
    """Alarms event by event.

    Attributes:
        horizon_days: over so long, all streams together raise a false alarm with `family_wise_level`.
        first_events: events that stand for a stream's reference where none is kept.
        memories: weights of the newest event in the moving means.
    """

    horizon_days: float = Field(gt=0)
    least_reference_events: int = Field(ge=45)
    first_events: int = Field(ge=45)
    components: int = Field(ge=1)
    memories: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(min_length=1)
    reason: str = Field(min_length=1)
    source: str = Field(min_length=1)


class RetrainingRule(Strict):
    """When a drift is worth a retraining request.

    `harmless_within`: where performance can be estimated and its whole interval lies no further than this
    below the reference's, a drift harms nobody and asks for nothing.
    """

    cooldown_hours: float = Field(gt=0)
    harmless_within: float = Field(ge=0, le=1)
    least_production_events: int = Field(ge=0)
    reason: str = Field(min_length=1)


class ProbationRule(Strict):
    """How a new champion is watched: so many days, with `level` as the chance of a false rollback."""

    days: float = Field(gt=0)
    level: float = Field(gt=0, lt=0.5)
    least_labels: int = Field(ge=1)
    reason: str = Field(min_length=1)
    source: str = Field(min_length=1)


class DriftPolicy(Strict):
    """The whole of `thresholds.yaml`."""

    schema_version: Literal["1"]
    family_wise_level: float = Field(gt=0, lt=0.5)
    windows: Windows
    strata: tuple[StratumKey, ...]
    most_rows: int = Field(ge=8)
    components: int = Field(ge=1)
    most_permutations: int = Field(ge=99)
    statistics: dict[StatisticName, StatisticRule]
    sequential: SequentialRule
    retraining: RetrainingRule
    probation: ProbationRule

    @field_validator("statistics")
    @classmethod
    def _some_statistic_decides(
        cls, rules: dict[StatisticName, StatisticRule]
    ) -> dict[StatisticName, StatisticRule]:
        deciding = {name for name, rule in rules.items() if rule.decides}
        if not deciding:
            raise ValueError("at least one statistic must decide")
        if without := deciding & WITHOUT_P_VALUE:
            raise ValueError(f"{', '.join(sorted(without))} cannot decide: no p-value")
        return rules


def load_policy(path: Path | None = None) -> DriftPolicy:
    """The policy of a YAML file, the shipped one without a path; UsageError names the wrong keys."""
    return load_strict(DriftPolicy, path or DEFAULT_POLICY, "a drift policy", "monitoring/thresholds.yaml")
