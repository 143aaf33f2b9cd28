"""What a named person does about a case: look, approve, correct, reject; each on record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from pydicom.dataset import Dataset

from osteon.deid.cases import APPROVED, CORRECTED, REJECTED, WAITING, Case, CaseContent, Decision
from osteon.deid.instance import deidentify_dataset
from osteon.deid.masking import Rectangle
from osteon.deid.persons import require_person
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.study_review import corrected, policy_for
from osteon.deid.vault import Vault
from osteon.deid.waivers import require_waivable
from osteon.dicom.dataset import read_dataset
from osteon.dicom.limits import Limits
from osteon.domain.errors import OsteonError, RefusedError, UsageError
from osteon.domain.identity import OriginalId

__all__ = ["Reviewed", "approve", "correct", "look", "reject"]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A case that was let through, and what would leave because of it."""

    case: Case
    media_type: str
    output: bytes = field(repr=False)


def look(vault: Vault, case_id: str, *, person: str, reason: str) -> tuple[Case, CaseContent]:
    """The case with what was held back, identity and all; that it was looked at stands in the trail."""
    require_person(person, reason)
    case = vault.cases.get(case_id)
    content = vault.cases.content(case_id)
    vault.audit.append("viewed", _facts(case), person=person, reason=reason)
    return case, content


def approve(vault: Vault, case_id: str, policy: Policy, *, person: str, reason: str) -> Reviewed:
    """Waives the case's reason, once the case passes everything else.

    Raises:
        RefusedError: the policy lets nobody waive that reason.
        QuarantinedError: it is held back for another reason as well, which now stands in the queue.
    """
    require_person(person, reason)
    case = vault.cases.get(case_id)
    require_waivable(case.reason, policy)
    return _let_through(vault, case, policy, Decision(state=APPROVED, waiver=case.reason), person, reason)


def correct(
    vault: Vault,
    case_id: str,
    policy: Policy,
    *,
    person: str,
    reason: str,
    text: str | None = None,
    boxes: Sequence[Rectangle] = (),
) -> Reviewed:
    """Takes a report's corrected text, or boxes to be blacked out, once the case passes with them.

    The corrected part goes through every rule again: a person takes identity away, never the rules.

    Raises:
        UsageError: neither or both, or boxes for a report.
        QuarantinedError: it is still held back; the case waits on.
    """
    require_person(person, reason)
    case = vault.cases.get(case_id)
    if (text is None) == (not boxes) or (case.what == "image") != bool(boxes):
        raise UsageError("boxes for an image, or a text for a report", "another", "see review correct --help")
    decision = Decision(state=CORRECTED, boxes=tuple(boxes), text=text)
    return _let_through(vault, case, policy, decision, person, reason)


def reject(vault: Vault, case_id: str, *, person: str, reason: str) -> Case:
    """The case stays out for good and its content is deleted."""
    require_person(person, reason)
    case = _waiting(vault.cases.get(case_id))
    vault.audit.append("rejected", _facts(case), person=person, reason=reason)
    return vault.cases.decide(case_id, Decision(state=REJECTED), person=person, reason=reason)


def _waiting(case: Case) -> Case:
    if case.state != WAITING:
        raise UsageError("a case that waits", "one that was decided", "see: osteon deid review show")
    return case


def _let_through(
    vault: Vault, case: Case, policy: Policy, decision: Decision, person: str, reason: str
) -> Reviewed:
    content = vault.cases.content(_waiting(case).case_id)
    notes: dict[tuple[str, str], tuple[str, str]] = {}
    pseudonymiser = Pseudonymiser(vault.key, case.site, notes)
    try:
        made = _again(case, content, decision, policy, pseudonymiser)
    except OsteonError as error:
        if error.code != case.reason and decision.state == APPROVED:
            vault.cases.hold_again(case.case_id, error)
        raise
    vault.crosswalk.record(notes)
    facts = {**_facts(case), "waiver": decision.waiver, "policy_hash": policy.hash}
    vault.audit.append(decision.state, facts, person=person, reason=reason)
    decided = vault.cases.decide(case.case_id, decision, person=person, reason=reason)
    return Reviewed(decided, *made)


def _again(
    case: Case, content: CaseContent, decision: Decision, policy: Policy, pseudonymiser: Pseudonymiser
) -> tuple[str, bytes]:
    if case.what == "image":
        dataset = corrected(_dataset(content, policy), decision)
        allowed = policy_for(policy, decision, dataset)
        return "application/dicom", deidentify_dataset(dataset, allowed, pseudonymiser, content.known).content
    if case.what in {"report", "text"}:
        return "application/json", _report_again(content, decision, policy, pseudonymiser)
    raise RefusedError("an image or a report", "a whole study", "split it at its source, or reject it")


def _dataset(content: CaseContent, policy: Policy) -> Dataset:
    limits = Limits(max_bytes=policy.limits.instance_bytes, max_pixels=policy.limits.pixels)
    return read_dataset(content.files[0][1], limits=limits)


def _report_again(
    content: CaseContent, decision: Decision, policy: Policy, pseudonymiser: Pseudonymiser
) -> bytes:
    from osteon.deid.text.report_text import deidentify_text

    text = decision.text if decision.text is not None else report_text(content)
    made = deidentify_text(
        text,
        content.known,
        policy=policy,
        pseudonymiser=pseudonymiser,
        patient_id=OriginalId(content.patient) if content.patient else None,
    )
    return json.dumps({"note_text": made.text, "replaced": dict(made.replaced)}, ensure_ascii=False).encode()


def report_text(content: CaseContent) -> str:
    """The text of a report's files as the batch would read it; RefusedError when there is none."""
    from osteon.deid.report_source import read_report_files

    report = read_report_files(dict(content.files))
    if report is None:
        raise RefusedError("a report with a text", "one without", "correct it with a text, or reject it")
    return report.text


def _facts(case: Case) -> dict[str, object]:
    chosen = asdict(case)
    return {name: chosen[name] for name in ("case_id", "what", "reason", "site")}
