"""Initials of people where something says that they are initials: a typist's mark, a reference, a title."""

from __future__ import annotations

import re

from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER

_PAIR = rf"{UPPER}\.?[ -]?(?:{UPPER}\.?[ -]?)?{UPPER}\b\.?"
_MARKED = re.compile(
    rf"\b(?i:frappe|dactylo(?:graphi[ée]e?)?|secr[ée]taire|saisie|transcri(?:t|ption)|"
    rf"initiales?(?: du patient)?|"
    rf"dict[ée]e?(?: par)?|lu(?: par)?|relue? par|valid[ée]e? par|sign[ée]e? par|signature|op[ée]rateur|"
    rf"par|typed by|getypt door)"
    rf"\s*(?::|=)?\s*(?P<value>{_PAIR}|{UPPER}{{2,3}})(?![\w-])(?!\s?[:°])"
)
_REFERENCE = re.compile(
    r"\b(?i:r[ée]f(?:[ée]rences?)?s?|n/r[ée]f|v/r[ée]f|nos r[ée]f|initiales)\.?\s*:?\s*"
    r"(?P<value>[^\W\d_]{2,3}/[^\W\d_]{2,3}(?:/[^\W\d_]{2,3})?)(?![^\W\d_])"
)
_LAST_LINE = re.compile(rf"(?m)^\s*(?P<value>{UPPER}{{2,3}}\s?/\s?[^\W\d_]{{2,3}})\s*$")
_TITLED = re.compile(
    rf"\b(?:Mmes?|Mlles?|MME|MLLE|Madame|Monsieur|Mademoiselle|Mr|M\.|M|Dr|DR|Docteur|Pr|Professeur|[Pp]atiente?|[Ee]nfant)\s+"
    rf"(?P<value>(?:{UPPER}\.\s?){{1,3}}|{UPPER}(?=[\s,;:)]|$)(?!\s?[:=°]))(?!\w)"
)


def find_initials(text: str) -> list[Span]:
    """Spans of initials."""
    spans = []
    for pattern in (_MARKED, _REFERENCE, _LAST_LINE, _TITLED):
        for match in pattern.finditer(text):
            end = match.start("value") + len(match["value"].rstrip())
            spans.append(Span(match.start("value"), end, "NOM", 0.6, "initials"))
    return spans
