"""Initials of people where something says that they are initials: a typist's mark, a reference, a title."""

from __future__ import annotations

import re
from collections.abc import Iterator

from osteon.deid.text.recognisers.name_shapes import ACRONYMS
from osteon.deid.text.searches import anywhere, at_words
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER

_PAIR = rf"{UPPER}\.?[ -]?(?:{UPPER}\.?[ -]?)?{UPPER}\b\.?"
_MARKED = re.compile(
    rf"\b(?i:frapp[ée]e?(?: par)?|dactylo(?:graphi[ée]e?)?|technicien(?:ne|\(ne\))?|secr[ée]taire|"
    rf"saisie?(?: par)?|"
    rf"transcri(?:te?|ption)(?: par)?|"
    rf"initiales?(?: du patient)?|"
    rf"dict[ée]e?(?: par)?|lu(?: par)?|relue? par|valid[ée]e? par|sign[ée]e? par|signature|op[ée]rateur|"
    rf"lecture|relecture|visa|lect(?:eur|rice)(?: \d)?|dos[ée]e? par|r[ée]dig[ée]e?(?: par)?|"
    rf"tap[ée]e?(?: par)?|"
    rf"par|typed by|getypt door)\b"
    rf"\s*(?::|=)?\s*(?P<value>(?<=: )[^\W\d_]{{2,3}}/[^\W\d_]{{2,3}}|{UPPER}{{2,3}}/{UPPER}{{2,3}}|"
    rf"{_PAIR}|{UPPER}{{2,3}})(?![\w-])(?!\s?[:°])"
)
_REFERENCE = re.compile(
    r"\b(?i:r[ée]f(?:[ée]rences?)?s?|n/r[ée]f|v/r[ée]f|nos r[ée]f|initiales)\.?\s*:?\s*"
    r"(?P<value>[^\W\d_]\.?[^\W\d_]{1,2}\.?/[^\W\d_]\.?[^\W\d_]{1,2}\.?(?:/[^\W\d_]{2,3})?)(?![^\W\d_])"
)
_LAST_LINE = re.compile(rf"(?m)^\s*(?P<value>{UPPER}{{2,3}}\s?/\s?[^\W\d_]{{2,3}})\s*$")
_TITLED = re.compile(
    rf"\b(?:Mmes?|Mlles?|MME|MLLE|Madame|Monsieur|Mademoiselle|Mr|M\.|M|Dr|DR|Docteur|Pr|Professeur|"
    rf"[Pp]atiente?|[Ee]nfant)\s+"
    rf"(?P<value>(?:{UPPER}\.\s?){{1,3}}|{UPPER}(?=[\s,;:)]|$)(?!\s?[:=°]))(?!\w)"
)


_DOTTED = re.compile(
    rf"(?<![\w.]){UPPER}\.(?:-?{UPPER}\.|[ ]{UPPER}\.(?=\s*(?:$|[),;\n-])))(?![\w])(?!\s?{UPPER}\w)"
)
_BESIDE_NAME = re.compile(
    rf"\b(?i:par|dr|pr|mme|docteur)\.? (?:{UPPER}[\w'’.-]*[ ]){{1,4}}\((?P<value>{UPPER}{{2,3}})\)"
)
_LAST_WORD = re.compile(rf"[.!?\n]\s*(?P<value>{UPPER}{{2,3}})\s*\Z")
_DONE_BY = re.compile(
    rf"(?m)\b(?:(?i:ok|vue?|fait|lue?|rappel[ée]e?) |(?i:technicien(?:ne|\(ne\))?) ?: ?)"
    rf"(?P<value>{UPPER}{{2,3}})[ \t]*$"
)
_TYPED = re.compile(
    r"\b(?:dict[ée]e?|tap[ée]e?|frapp[ée]e?|saisie?|transcrite?|relue?|lue?|dos[ée]e?|"
    r"valid[ée]e?)(?: par(?: ?:)?| ?:) "
    r"(?P<value>(?-i:[a-zà-ÿ]{2}|[a-zà-ÿ]\.[a-zà-ÿ]\.?))(?=[ \t]*(?:[.,;)/\n]|$|le \d|du \d|hier))"
    r"|\b(?:lecture|relecture|visa|frappe|"
    r"lecteur \d) ?:? (?P<mixed>[^\W\d_]\.?[^\W\d_]\.?)(?= ?(?:[/,;:\n]|$))",
    re.IGNORECASE,
)
_NOTED = re.compile(
    r"(?m)^[ \t>]*[\d\[][^\n(]{3,24}(?:\([^()\n]{1,8}\))? ?\((?P<noted>[^\W\d_]\.?[^\W\d_]\.?)\)"
)
_LAST = re.compile(rf"(?<=[\s])(?P<last>{UPPER}\.?{UPPER}\.?|[a-z]\.?[a-z]\.?)[ \t]*(?=\n--|\Z|\n{UPPER})")
_BEFORE_LAST = re.compile(
    r"(?:[.!?)]|\b(?:toi|vous),?|(?:cordialement|amiti[ée]s|rappelle|merci)\W{0,2})\s$", re.IGNORECASE
)
_AFTER_YEAR = re.compile(
    r"(?m)^[A-ZÀ-Ý][^\n,]{2,40}, [lL][eE] [^\n]{3,40}/(?P<slash>[^\W\d_]\.?[^\W\d_]\.?)[ \t]*$"
)
"""Initials in small letters or with one dot, where a typist, a reader or a note's writer leaves them."""
_TWO = 2
_LITTLE_WORDS = frozenset(
    [
        "CE",
        "EN",
        "SI",
        "OU",
        "NE",
        "SE",
        "ON",
        "IL",
        "MA",
        "LE",
        "LA",
        "LES",
        "DR",
        "PR",
        "MME",
        "MR",
        "UN",
        "UNE",
        "SA",
        "SON",
        "ET",
        "DE",
        "DU",
        "DES",
        "AU",
    ]
)
_NO_INITIALS = frozenset(
    [
        "AR",
        "DN",
        "NB",
        "PS",
        "CR",
        "TA",
        "PA",
        "FC",
        "RX",
        "CH",
        "SA",
        "SC",
        "IV",
        "IM",
        "PO",
        "BP",
        "AS",
        "AO",
        "AP",
        "RC",
    ]
)
"""Abbreviations with dots that are nobody's initials: arrêté royal, nota bene, tension artérielle."""


def _loose_initials(text: str) -> list[Span]:
    """`(M. D.)`, `P.V.` at a note's end, and two capitals that close a note after its last sentence."""
    spans = []
    for match in anywhere(_DOTTED, text):
        bare = "".join(c for c in match.group() if c.isalpha())
        if bare not in _NO_INITIALS or (bare != "AR" and text[match.start() - 1 : match.start()] == "("):
            spans.append(Span(match.start(), match.end(), "NOM", 0.5, "initials"))
    for match in anywhere(_BESIDE_NAME, text) if "(" in text else ():
        if match["value"] not in ACRONYMS:
            spans.append(Span(*match.span("value"), "NOM", 0.5, "initials"))
    spans += [
        Span(*m.span("value"), "NOM", 0.5, "initials")
        for m in at_words(_DONE_BY, text)
        if m["value"] not in ACRONYMS and m["value"] not in _NO_INITIALS
    ]
    last = _LAST_WORD.search(text)
    if last and (last["value"] not in ACRONYMS or len(last["value"]) == _TWO):
        spans.append(Span(*last.span("value"), "NOM", 0.5, "initials"))
    return spans


def find_initials(text: str) -> list[Span]:
    """Spans of initials."""
    spans = _loose_initials(text)
    spans += _left_initials(text)
    for pattern in (_MARKED, _REFERENCE, _LAST_LINE, _TITLED):
        for match in at_words(pattern, text) if pattern is not _LAST_LINE else anywhere(pattern, text):
            by = match.group().lower().startswith("par")
            if match["value"] in _LITTLE_WORDS or (by and match["value"] in ACRONYMS):
                continue
            end = match.start("value") + len(match["value"].rstrip())
            spans.append(Span(match.start("value"), end, "NOM", 0.6, "initials"))
    return spans


def _left_initials(text: str) -> Iterator[Span]:
    """What typists, readers and writers of notes left of their names."""
    found = [*at_words(_TYPED, text), *anywhere(_AFTER_YEAR, text)]
    found += anywhere(_NOTED, text) if "(" in text else ()
    found += [
        m for m in anywhere(_LAST, text) if _BEFORE_LAST.search(text, max(0, m.start() - 16), m.start())
    ]
    for match in found:
        group = next(name for name, value in match.groupdict().items() if value)
        bare = match[group].replace(".", "").upper()
        if bare not in _LITTLE_WORDS | _NO_INITIALS and (group in {"noted", "slash"} or bare not in ACRONYMS):
            yield Span(*match.span(group), "NOM", 0.5, "initials")
