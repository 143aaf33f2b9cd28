"""Each rule of the gate as a function: evidence and policy in, findings out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.gate.bootstrap import Difference, paired_difference
from monitoring.gate.evidence import CaseSet, Evidence, loss_of
from monitoring.gate.policy import GatePolicy
from monitoring.statistics.result import Floats
from osteon.domain import Kind, sha256_text


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule says of one place; `figures` are its numbers."""

    rule: str
    place: str
    passed: bool
    needed: str
    got: str
    figures: dict[str, Any] = field(default_factory=dict)


def set_findings(evidence: Evidence, policy: GatePolicy) -> Iterator[Finding]:
    """Each set is superior or non-inferior, with its interval; or has too few patients to tell."""
    margin = policy.margin(evidence.task, "whole")
    for name, rule in policy.sets.items():
        cases = evidence.sets.get(name)
        patients = cases.patients if cases is not None else 0
        if cases is None or patients < rule.least_patients:
            yield Finding(
                rule=rule.goal, place=name, passed=False,
                needed=f"{rule.least_patients} patients or more", got=f"{patients}",
            )  # fmt: skip
            continue
        difference = _difference(evidence, policy, cases, f"set {name}", policy.coverage)
        least = 0.0 if rule.goal == "superior" else -margin
        yield _compared(rule.goal, name, difference, least, strict=rule.goal == "superior")


def subgroup_findings(evidence: Evidence, policy: GatePolicy) -> Iterator[Finding]:
    """No subgroup with enough patients is worse than its margin; intervals corrected for their number."""
    margin = policy.margin(evidence.task, "subgroup")
    found = list(_subgroups(evidence, policy))
    coverage = 1 - (1 - policy.coverage) / max(1, len(found))
    for place, cases in found:
        difference = _difference(evidence, policy, cases, place, coverage)
        yield _compared("subgroup", place, difference, -margin)


def _subgroups(evidence: Evidence, policy: GatePolicy) -> Iterator[tuple[str, CaseSet]]:
    rule = policy.subgroups
    for name, cases in evidence.sets.items():
        for key in rule.keys:
            cells = cases.groups.get(key)
            if cells is None or len(set(cells.tolist())) < 2:  # one value is the whole set
                continue
            for value in sorted(set(cells.tolist())):
                part = cases.rows(np.flatnonzero(cells == value))
                if part.patients >= rule.least_patients:
                    yield f"{name}, {key} {value}", part


def answer_findings(evidence: Evidence, policy: GatePolicy) -> Iterator[Finding]:
    """The challenger answers as many pictures of each set, up to the margin."""
    for name, cases in evidence.sets.items():
        gain = _known(cases.challenger.value) - _known(cases.champion.value)
        difference = paired_difference(
            gain, cases.patient, _rng(policy, f"answers {name}"),
            coverage=policy.coverage, resamples=policy.resamples,
        )  # fmt: skip
        yield _compared("answers", name, difference, -policy.answers.margin)


def calibration_findings(evidence: Evidence, policy: GatePolicy) -> Iterator[Finding]:
    """Probabilities are as often right as they say; intervals hold the truth as often as they promise."""
    rule = policy.calibration
    for name, cases in evidence.sets.items():
        answered = np.flatnonzero(np.isfinite(cases.challenger.value))
        if len(answered) < rule.least_cases:
            continue
        label, given = cases.label[answered], cases.challenger.rows(answered)
        if evidence.task.kind is Kind.BINARY:
            error = calibration_error(given.value, label, rule.bins)
            yield Finding(
                rule="calibration", place=name, passed=error <= rule.most_error,
                needed=f"an expected calibration error of {rule.most_error:g} or less",
                got=f"{error:.3f}", figures={"error": error, "cases": len(answered)},
            )  # fmt: skip
        elif np.isfinite(given.promised):
            covered = float(((given.low <= label) & (label <= given.high)).mean())
            least = given.promised - rule.most_shortfall
            yield Finding(
                rule="calibration", place=name, passed=covered >= least,
                needed=f"intervals that hold {least:.0%} or more", got=f"{covered:.0%}",
                figures={"coverage": covered, "cases": len(answered)},
            )  # fmt: skip


def calibration_error(probability: Floats, label: Floats, bins: int) -> float:
    """Expected calibration error over bins that hold equally many answers.

    >>> calibration_error(np.array([0.5, 0.5, 0.5, 0.5]), np.array([1.0, 0.0, 1.0, 0.0]), 2)
    0.0
    """
    values, cell = np.unique(probability, return_inverse=True)
    if len(values) > bins:
        edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
        cell = np.searchsorted(edges, probability, side="right")
    count = np.bincount(cell)
    gap = np.abs(np.bincount(cell, probability) - np.bincount(cell, label))
    return float(gap[count > 0].sum() / len(label))


def latency_findings(evidence: Evidence, policy: GatePolicy) -> Iterator[Finding]:
    """Answers come in time, and not much later than the champion's."""
    rule = policy.latency
    slow = float(np.quantile(evidence.challenger_s, 0.95))
    yield Finding(
        rule="latency", place="95th percentile", passed=slow <= rule.most_p95_s,
        needed=f"{rule.most_p95_s:g} s or less", got=f"{slow:.3f} s", figures={"p95_s": slow},
    )  # fmt: skip
    ratio = float(np.median(evidence.challenger_s) / np.median(evidence.champion_s))
    yield Finding(
        rule="latency", place="against the champion", passed=ratio <= rule.most_ratio,
        needed=f"{rule.most_ratio:g} times the median or less", got=f"{ratio:.2f} times",
        figures={"ratio": ratio},
    )  # fmt: skip


def robustness_findings(evidence: Evidence, policy: GatePolicy) -> Iterator[Finding]:
    """On altered pictures the challenger is not worse; intervals corrected for the number of causes."""
    causes = policy.robustness.causes
    margin = policy.margin(evidence.task, "subgroup")
    coverage = 1 - (1 - policy.coverage) / max(1, len(causes))
    for cause in causes:
        altered = evidence.altered.get(cause)
        if altered is None:
            yield Finding(rule="robustness", place=cause, passed=False, needed="altered pictures", got="none")
            continue
        gain = loss_of(evidence.task, altered.champion, altered.label) - loss_of(
            evidence.task, altered.challenger, altered.label
        )
        difference = paired_difference(
            gain, altered.patient, _rng(policy, f"cause {cause}"),
            coverage=coverage, resamples=policy.resamples,
        )  # fmt: skip
        yield _compared("robustness", cause, difference, -margin)


def leakage_findings(evidence: Evidence, policy: GatePolicy) -> Iterator[Finding]:
    """No patient of a set was learned from."""
    most = policy.leakage.most_shared_patients
    needed = f"{most} patients both learned from and tested on"
    if evidence.learned_from is None:
        yield Finding(
            rule="leakage", place="lineage", passed=False, needed="the patients learned from", got="no record"
        )
        return
    for name, cases in evidence.sets.items():
        shared = len(evidence.learned_from & set(cases.patient.tolist()))
        yield Finding(
            rule="leakage", place=name, passed=shared <= most, needed=needed, got=f"{shared}",
            figures={"shared": shared, "learned_from": len(evidence.learned_from)},
        )  # fmt: skip


def _difference(
    evidence: Evidence, policy: GatePolicy, cases: CaseSet, place: str, coverage: float
) -> Difference:
    gain = loss_of(evidence.task, cases.champion.value, cases.label) - loss_of(
        evidence.task, cases.challenger.value, cases.label
    )
    return paired_difference(
        gain, cases.patient, _rng(policy, place), coverage=coverage, resamples=policy.resamples
    )


def _compared(
    rule: str, place: str, difference: Difference, least: float, *, strict: bool = False
) -> Finding:
    passed = difference.low > least if strict else difference.low >= least
    bound = "above 0" if strict else f"at or above {least:g}"
    return Finding(
        rule=rule,
        place=place,
        passed=bool(passed),
        needed=f"a gain whose interval lies {bound}",
        got=f"{difference.value:.4f} ({difference.low:.4f} to {difference.high:.4f})",
        figures={
            "gain": difference.value,
            "low": difference.low if np.isfinite(difference.low) else None,
            "high": difference.high if np.isfinite(difference.high) else None,
            "cases": difference.cases,
            "patients": difference.patients,
        },
    )


def _known(value: Floats) -> Floats:
    return np.isfinite(value).astype(np.float64)


def _rng(policy: GatePolicy, place: str) -> np.random.Generator:
    """Draws of one comparison: others coming or going do not change them."""
    return np.random.default_rng([policy.seed, int(sha256_text(place)[:12], 16)])
