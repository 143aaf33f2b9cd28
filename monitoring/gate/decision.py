"""The gate's decision: every finding, and whether the challenger may stand beside the champion."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from monitoring.gate.bootstrap import paired_difference
from monitoring.gate.evidence import Evidence, bounded_loss
from monitoring.gate.policy import GatePolicy
from monitoring.gate.rules import (
    Finding,
    answer_findings,
    calibration_findings,
    latency_findings,
    leakage_findings,
    robustness_findings,
    set_findings,
    subgroup_findings,
)
from osteon.domain import Kind, sha256_text

_RULES = (
    leakage_findings,
    set_findings,
    subgroup_findings,
    answer_findings,
    calibration_findings,
    robustness_findings,
    latency_findings,
)
GATE_SCHEMA_VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class GateDecision:
    """Passed when every finding is; a refusal names each rule that was not met.

    Attributes:
        policy_hash: of the gate that was applied.
        coverage: of the intervals that are not corrected for number.
        promised_loss: mean bounded loss, 0 to 1, that the challenger is held to once it is champion.
    """

    task: str
    champion_version: str
    challenger_version: str
    passed: bool
    findings: tuple[Finding, ...]
    policy_hash: str
    coverage: float
    promised_loss: float | None
    schema_version: str = GATE_SCHEMA_VERSION

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings that were not met."""
        return tuple(one for one in self.findings if not one.passed)

    def reasons(self) -> list[str]:
        """Each refusal as a line: rule, place, needed, got."""
        return [f"{one.rule} ({one.place}): needs {one.needed}, got {one.got}" for one in self.refusals]

    def as_dict(self) -> dict[str, Any]:
        """The decision as JSON values, its refusals first."""
        return {**asdict(self), "findings": [asdict(one) for one in self.findings], "reasons": self.reasons()}


def decide(evidence: Evidence, policy: GatePolicy) -> GateDecision:
    """The decision on one challenger; the same evidence and policy give the same decision.

    A rule that cannot be judged for want of cases refuses (`leakage`, `sets`, `robustness`), but a subgroup
    or a calibration with fewer cases than the policy asks for is left out.
    """
    findings = tuple(finding for rule in _RULES for finding in rule(evidence, policy))
    return GateDecision(
        task=evidence.task.value,
        champion_version=evidence.champion_version,
        challenger_version=evidence.challenger_version,
        passed=all(one.passed for one in findings),
        findings=tuple(_finite(one) for one in findings),
        policy_hash=policy.hash,
        coverage=policy.coverage,
        promised_loss=_promise(evidence, policy),
    )


def _promise(evidence: Evidence, policy: GatePolicy) -> float | None:
    """The smaller of what both models showed on their worst set, and the margin of a subgroup.

    So a version that was refused, and promoted all the same, is held to what the champion before it did.
    """
    values = (0.0, 1.0) if evidence.task.kind is Kind.BINARY else evidence.task.values
    margin = policy.margin(evidence.task, "subgroup") / (values[-1] - values[0])
    worst = []
    for side in ("champion", "challenger"):
        bounds = []
        for name, cases in evidence.sets.items():
            loss = bounded_loss(evidence.task, getattr(cases, side).value, cases.label)
            rng = np.random.default_rng([policy.seed, int(sha256_text(f"promise {name}")[:12], 16)])
            bounds.append(
                paired_difference(
                    loss, cases.patient, rng, coverage=policy.coverage, resamples=policy.resamples
                ).high
            )
        worst.append(max(bounds, default=math.inf))
    promised = min(worst) + margin
    return promised if math.isfinite(promised) else None


def _finite(finding: Finding) -> Finding:
    """The finding with figures that JSON can hold."""
    figures = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in finding.figures.items()
    }
    return Finding(**{**asdict(finding), "figures": figures})
