"""A structured report under its header's rules, its texts through the text engine, which is loaded late."""

from __future__ import annotations

from osteon.deid.elements import Elements
from osteon.deid.header import HeaderRules
from osteon.deid.source import Source
from osteon.deid.structured import DocumentRules, own_report


def clean_report(source: Source, rules: HeaderRules) -> Elements:
    """The report's elements as they may leave; a report that came out of here unchanged stays as it is.

    Raises:
        QuarantinedError: a known value is still in a text when it is read again, or the tree is too deep.
    """
    own = own_report(source, rules.policy.hash, rules.pseudonymiser)
    if own is not None:
        return own
    from osteon.deid.text.report_text import deidentify_text

    def clean_text(text: str) -> str:
        made = deidentify_text(
            text,
            rules.known,
            policy=rules.policy,
            pseudonymiser=rules.pseudonymiser,
            patient_id=rules.patient_id,
        )
        return made.text

    return DocumentRules(rules, clean_text).apply(source)
