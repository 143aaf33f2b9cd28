"""Waivers: what a named person may let through after looking, where the policy allows it.

A waiver lifts one reason for one case. What the reading of the output finds is never waived: a known value
left in an output keeps it back whoever signs.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from osteon.deid.policy import Policy
from osteon.dicom.dataset import text_of
from osteon.domain.errors import RefusedError

TEXT_AREA = "a_radiograph"
IMAGE_CLASS = "an_image_class_that_the_policy_admits"
OTHER_PATIENT = "a_report_of_the_study_s_patient"
WAIVABLE = frozenset({TEXT_AREA, IMAGE_CLASS, OTHER_PATIENT})


def require_waivable(reason: str, policy: Policy) -> None:
    """Returns when a person may waive that reason under that policy; RefusedError otherwise."""
    if reason not in WAIVABLE or reason not in policy.review.waivers:
        raise RefusedError(
            "a reason that the policy lets a person waive",
            "one that it does not",
            "correct the case, reject it, or name the reason under review.waivers of the policy",
        )


def with_waiver(policy: Policy, waiver: str, dataset: Dataset | None = None) -> Policy:
    """The policy as it holds for one case; the same where there is no waiver, or it is withdrawn."""
    if waiver not in policy.review.waivers:
        return policy
    if waiver == TEXT_AREA:
        return policy.model_copy(
            update={"burned_in": policy.burned_in.model_copy(update={"quarantine_area_fraction": 1.0})}
        )
    if waiver == IMAGE_CLASS and dataset is not None:
        admitted = (*policy.sop_classes, text_of(dataset, "SOPClassUID"))
        return policy.model_copy(update={"sop_classes": admitted})
    return policy
