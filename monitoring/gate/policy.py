"""The gate's rules as data: each with its reason, unknown keys refused."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from monitoring.strict_file import Strict, load_strict
from osteon.domain import Kind, Task, UsageError

SetName = Literal["frozen", "fresh"]
Goal = Literal["superior", "non_inferior"]
LossName = Literal["brier", "bone-age", "knee-oa", "leg-alignment"]
SubgroupKey = Literal["site", "device", "view", "body_part", "age_band", "sex"]
CauseName = Literal["low_exposure", "high_exposure", "noise", "crop", "device", "blur"]
DEFAULT_GATE = Path(__file__).with_name("gate.yaml")
Share = Annotated[float, Field(ge=0, le=1)]


class _Rule(Strict):
    reason: str = Field(min_length=1)
    source: str = Field("", description="where the rule was taken from")


class SetRule(_Rule):
    """What a set has to show: `superior` or `non_inferior`, by patients enough to tell."""

    goal: Goal
    least_patients: int = Field(ge=2)


class Margins(_Rule):
    """How much worse still counts as not worse, by loss."""

    whole: dict[LossName, Annotated[float, Field(ge=0)]]
    subgroup: dict[LossName, Annotated[float, Field(ge=0)]]


class SubgroupRule(_Rule):
    """Which subgroups are judged, and by how many patients at least."""

    keys: tuple[SubgroupKey, ...]
    least_patients: int = Field(ge=2)


class AnswerRule(_Rule):
    """How much smaller the share of answered pictures may be."""

    margin: Share


class CalibrationRule(_Rule):
    """How far probabilities may be off, and how far intervals may miss their coverage."""

    least_cases: int = Field(ge=2)
    bins: int = Field(ge=2)
    most_error: Share
    most_shortfall: Share


class LatencyRule(_Rule):
    """How long an answer may take, absolutely and against the champion's."""

    most_p95_s: float = Field(gt=0)
    most_ratio: float = Field(gt=0)


class RobustnessRule(_Rule):
    """Which altered pictures are judged."""

    causes: tuple[CauseName, ...]


class LeakageRule(_Rule):
    """How many patients may be both learned from and tested on."""

    most_shared_patients: int = Field(ge=0)


class GatePolicy(Strict):
    """The whole of `gate.yaml`."""

    schema_version: Literal["1"]
    coverage: float = Field(gt=0.5, lt=1)
    resamples: int = Field(ge=200)
    seed: int = Field(ge=0)
    sets: dict[SetName, SetRule] = Field(min_length=1)
    margins: Margins
    subgroups: SubgroupRule
    answers: AnswerRule
    calibration: CalibrationRule
    latency: LatencyRule
    robustness: RobustnessRule
    leakage: LeakageRule

    def margin(self, task: Task, part: Literal["whole", "subgroup"]) -> float:
        """The margin of the task's loss; UsageError where the policy has none."""
        known = self.margins.whole if part == "whole" else self.margins.subgroup
        name = loss_name(task)
        if name not in known:
            raise UsageError(f"a margin for {name} in the gate", "none", "add it under margins")
        return known[name]


def loss_name(task: Task) -> LossName:
    """`brier` for yes/no tasks; the task's own name, whose unit the error has, for the others."""
    names: dict[str, LossName] = {
        "bone-age": "bone-age",
        "knee-oa": "knee-oa",
        "leg-alignment": "leg-alignment",
    }
    return "brier" if task.kind is Kind.BINARY else names[task.value]


def load_gate(path: Path | None = None) -> GatePolicy:
    """The gate of a YAML file, the shipped one without a path; UsageError names the wrong keys."""
    return load_strict(GatePolicy, path or DEFAULT_GATE, "a gate", "monitoring/gate/gate.yaml")
