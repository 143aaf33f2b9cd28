"""The gate: may a new model stand beside the champion? Rules as data, evidence as arrays, one decision."""

from monitoring.gate.decision import GateDecision, decide
from monitoring.gate.evidence import Altered, Answered, CaseSet, Evidence
from monitoring.gate.measure import GateRow, measure_evidence
from monitoring.gate.policy import GatePolicy, load_gate
from monitoring.gate.rules import Finding

__all__ = [
    "Altered",
    "Answered",
    "CaseSet",
    "Evidence",
    "Finding",
    "GateDecision",
    "GatePolicy",
    "GateRow",
    "decide",
    "load_gate",
    "measure_evidence",
]
