"""What review means for one study: held parts go to the queue, earlier decisions are applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset

from osteon.deid.cases import APPROVED, CORRECTED, REJECTED, CaseContent, Cases, Decision
from osteon.deid.identity import KnownIdentity
from osteon.deid.masking import mask_boxes
from osteon.deid.policy import Policy
from osteon.deid.waivers import OTHER_PATIENT, with_waiver
from osteon.domain.errors import OsteonError

NONE = Decision(state="")


@dataclass(frozen=True, slots=True)
class StudyReview:
    """The queue as one study sees it; without a vault nothing is kept and nothing was decided."""

    cases: Cases | None = None
    site: str = "local"
    study_mark: str = ""
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    def decision(self, what: str, paths: list[Path]) -> Decision:
        """What a person decided about these very bytes; bytes that changed are new."""
        if not self.decisions or self.cases is None or not paths:
            return NONE
        files = [(path.suffix.lower(), path.read_bytes()) for path in paths if path.is_file()]
        for mark in (self.study_mark, ""):  # a case that the service had first keeps its number
            case_id = self.cases.case_id(self.site, mark, what, files)
            if case_id in self.decisions:
                return self.decisions[case_id]
        return NONE

    def hold(
        self,
        what: str,
        paths: list[Path],
        error: OsteonError,
        known: KnownIdentity | None = None,
        patient: str | None = None,
    ) -> str:
        """Puts the part into the queue; the case's number, empty without a vault."""
        if self.cases is None or not paths:
            return ""
        files = tuple((path.suffix.lower(), path.read_bytes()) for path in paths if path.is_file())
        content = CaseContent(files=files, known=known or KnownIdentity(), patient=patient)
        case_id = self.cases.keep(self.site, self.study_mark, what, content, error)
        case = self.cases.get(case_id)
        if case.state in {APPROVED, CORRECTED} and case_id in self.decisions:
            self.cases.hold_again(case_id, error)  # let through before, held anew now
        return case_id


def is_rejected(decision: Decision) -> bool:
    """True when the part stays out for good."""
    return decision.state == REJECTED


def corrected(dataset: Dataset, decision: Decision) -> Dataset:
    """The data set with the reviewer's boxes black."""
    return mask_boxes(dataset, decision.boxes) if decision.boxes else dataset


def policy_for(policy: Policy, decision: Decision, dataset: Dataset | None = None) -> Policy:
    """The policy as it holds for the part."""
    return with_waiver(policy, decision.waiver, dataset) if decision.waiver else policy


def may_be_of_another(policy: Policy, decision: Decision) -> bool:
    """True when a person has confirmed that the report is of the study's patient."""
    return decision.waiver == OTHER_PATIENT and OTHER_PATIENT in policy.review.waivers
