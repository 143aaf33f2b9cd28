"""Hospitals by their kind and name, by their name alone, and after an article that only a name takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.hospital_ends import (
    OUR_LADY,
    closes,
    end_in_small_print,
    end_of_name,
    is_place,
)
from osteon.deid.text.recognisers.hospital_kinds import hospital_kind
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, HEADINGS
from osteon.deid.text.searches import at_words, matches_at, places_of
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER, Token, first_at, words
from osteon.deid.values import fold

_UNIT = re.compile(
    rf"\b(?P<kind>(?i:pavillon|b[âa]timent|b[âa]t\.|unit[ée]|campus)|[Ss]ite|aile|secteur|"
    rf"p[ôo]le)\s+(?P<name>(?:[dlDL]['’]|"
    rf"du |de |von |van )?(?!(?:Lun|Mar|Mer|Jeu|Ven|Sam|Dim)\.){UPPER}[\w'’-]*"
    rf"(?:[ -](?:(?:de|du|des|la|le|van|den|der|el)[ -])?{UPPER}[\w'’-]*){{0,3}})",
    re.UNICODE,
)
_OF_DOCTOR = re.compile(r"\b(?:Dr|Pr|Docteur|Dre|Dresse)\b[^\n()]{2,40}\((?P<name>[A-Z]{3,6})\)")
_SCHOOL = re.compile(
    rf"\b(?i:cr[èe]che|halte-garderie|garderie|[ée]cole(?: maternelle| primaire|"
    rf" [ée]l[ée]mentaire)?|coll[èe]ge|lyc[ée]e|foyer)[ ]"
    rf"(?P<name>(?:L[ea]s? |L['’]|du |des |Sainte? ?-?)?{UPPER}[^\W\d_]+(?:[ -]{UPPER}[^\W\d_]+){{0,3}})"
)
_SENT_FROM = re.compile(
    r"(?:\b[Tt]ransf(?:ert|érée?) (?:de|vers|du|au)|\btransf[ée]rer(?: [àa]u?)?|\bvers|"
    r"\b(?:faite?|pass[ée]e?|r[ée]alis[ée]e?) (?:[àa]|au|"
    r"aux)) (?P<name>[A-Z]{2,6})\b(?! *[A-Z]{2})"
)
_TREATED_AT = re.compile(
    r"\b(?:op[ée]r|hospitalis|suivi|admis|adress|transf[ée]r|vue?\b|voir avec|consult|trait[ée]|stomato|"
    r"chirurgi|provenance)"
    r"[^.\n]{0,48}?(?:\b[àa] |\bau |, |: )(?P<name>[A-Z]{3,5})\b(?=[ \t]*(?:$|[\n.,;)(]|d['’]|pour\b|"
    r"le\b|par\b))"
)
"""Hospitals by their letters where somebody was treated: `opérée le 8 mars à HEH`."""
_BODY = word_class("parts_of_the_body")
_LADY_OF = re.compile(
    rf"\bNotre[- ]Dame(?: (?:de|du|des)(?: la| l['’])? ?{UPPER}[^\W\d_]+(?:[ -]{UPPER}[^\W\d_]+){{0,2}})"
)
_CENTRE_OF = re.compile(
    rf"\bC(?:entre|ENTRE)(?P<of> (?:d[eE]|D[eE]) | [dD]['’]|"
    rf" )(?P<first>{UPPER}[^\W\d_]{{2,}})(?P<more>(?:[ -]{UPPER}[\w'’-]+){{0,3}})"
)
"""A centre by its place or by somebody: `Centre de Kerpape`, `Centre Léon Bérard`."""
_ARTICLE_BEFORE = re.compile(r"\b(?:l[ea] |l['’]|L[ea] |L['’])$")
_DEVOUT = re.compile(r"\bsacr[ée][- ]c(?:œ|oe)ur\b", re.IGNORECASE)
_WARDS = frozenset(
    [
        "CCV",
        "MCO",
        "NCH",
        "ORL",
        "REA",
        "SAU",
        "SI",
        "SSPI",
        "UGA",
        "UHTCD",
        "UNV",
        "USC",
        "USI",
        "USIC",
        "USIP",
    ]
)
_BY_LETTERS = re.compile(r"\b(?:CH|GH|HP)[A-Z]{2,5}\b")
"""Hospitals by their letters: CHSF, CHUV, GHRMSA; words of a text in capitals begin so as well."""
_SERVICE_OF = re.compile(
    rf"(?:(?<=[Ss]ervice de )|(?<=[Ss]ervice d['’])|(?<=[Ss]ervice des )|(?<=[Cc]onsultation de )|"
    rf"(?<=[Uu]nité de ))"
    rf"[^\W\d_]+ (?:de |du |d['’])(?P<name>[A-ZÀ-Ý]{{3,}}(?:[ -]+(?:[A-ZÀ-Ý\d]+|–))*"
    rf"|{UPPER}[^\W\d_]+(?:[ -]{UPPER}[^\W\d_]+){{0,3}}(?=\s*(?:$|[\n.,;:)])))"
)
_SERVICES = ("ervice de ", "ervice d'", "ervice d’", "ervice des ", "onsultation de ", "nité de ")
_ARTICLE_L = re.compile(
    r"\b(?P<l>[Ll]['’]\s?)(?P<name>[B-DF-GJ-NP-TV-XZb-df-gj-np-tv-xz][\w.\-]*|[A-Z]\.[A-Z]{2,}[\w.\-]*)"
)


def find_hospitals(text: str, lex: Lexicon) -> list[Span]:
    """Hospitals by their kind and name, by their name alone, and after an article that only a name takes."""
    tokens = words(text)
    small = text.islower()
    spans = [
        Span(*m.span("name"), "HOPITAL", 0.6, "service-of")
        for m in matches_at(
            _SERVICE_OF, text, sorted(p + len(w) for w in _SERVICES for p in places_of(w, text))
        )
    ]
    for match in at_words(hospital_kind(lex.language), text):
        end = end_of_name(text, tokens, match, lex)
        if small:
            end = max(end or 0, end_in_small_print(text, match, lex) or 0) or None
        if end is not None:
            spans.append(Span(match.start(), end, "HOPITAL", 0.8, "hospital"))
    spans += _named_hospitals(text, tokens, lex)
    spans += [
        Span(m.start(), m.end(), "HOPITAL", 0.6, "unit")
        for m in at_words(_UNIT, text)
        if fold(m["name"]) not in ACRONYMS
        and (
            not lex.is_word(fold(m["name"]))
            or fold(m["name"]).startswith(("SAINT-", "SAINTE-"))
            or (not m["kind"].isupper() and closes(text, tokens, first_at(tokens, m.start("name"))))
        )
    ]
    spans += [
        Span(m.start(), m.end(), "HOPITAL", 0.6, "letters")
        for m in at_words(_BY_LETTERS, text)
        if lex.is_rare_word(m.group()) and m.group() not in ACRONYMS and not lex.is_first_name(m.group())
    ]
    spans += [
        Span(*m.span("name"), "HOPITAL", 0.5, "school")
        for m in at_words(_SCHOOL, text)
        if fold(m["name"]) not in ACRONYMS
    ]
    spans += [
        Span(m.start(), m.end(), "HOPITAL", 0.6, "devout")
        for pattern in (_DEVOUT, OUR_LADY, _LADY_OF)
        for m in at_words(pattern, text)
        if pattern is not OUR_LADY or m.group()[1] in ".-"
    ]
    spans += [
        Span(m.start(), m.end(), "HOPITAL", 0.6, "centre-of")
        for m in at_words(_CENTRE_OF, text)
        if _is_house_name(m, lex)
    ]
    spans += [
        Span(*m.span("name"), "HOPITAL", 0.6, "sent-from")
        for pattern in (_SENT_FROM, _TREATED_AT, _OF_DOCTOR)
        for m in at_words(pattern, text)
        if m["name"] not in ACRONYMS | _WARDS and lex.is_rare_word(m["name"])
    ]
    for match in at_words(_ARTICLE_L, text):
        spans += _after_article(text, tokens, match, lex)
    return spans


def _is_house_name(match: re.Match[str], lex: Lexicon) -> bool:
    """The centre's first word is no word, or a town, or a first name before another."""
    first = fold(match["first"])
    if first in ACRONYMS | _BODY | lex.protected or first in HEADINGS:
        return False
    if match["of"].strip():
        return lex.is_rare_word(first) or (first in lex.towns and not match["first"].isupper())
    return lex.is_first_name(first) and bool(match["more"])


def _named_hospitals(text: str, tokens: Sequence[Token], lex: Lexicon) -> list[Span]:
    spans = []
    beginnings = _beginnings(lex)
    for index, token in enumerate(tokens):
        if token.folded not in beginnings and token.folded.split("-")[0] not in beginnings:
            continue
        for length in (4, 3, 2, 1):
            piece = tokens[index : index + length]
            if len(piece) < length:
                continue
            written = re.sub(r"\s+", " ", fold(text[piece[0].start : piece[-1].end]))
            if (
                written in lex.hospitals
                and (length > 1 or not token.text.islower())
                and not _is_common(written, lex)
            ):
                article = _ARTICLE_BEFORE.search(text, max(0, token.start - 4), token.start)
                start = article.start() if article else token.start
                spans.append(Span(start, piece[-1].end, "HOPITAL", 0.75, "hospital-name"))
                break
    return spans


@cache
def _beginnings_of(names: frozenset[str]) -> frozenset[str]:
    return frozenset(re.split(r"[ .'-]", name)[0] for name in names) | names


def _beginnings(lex: Lexicon) -> frozenset[str]:
    return _beginnings_of(lex.hospitals)


def _is_common(written: str, lex: Lexicon) -> bool:
    return written in lex.protected or (" " not in written and lex.first_name_rank.get(written, 10**6) < 2000)


def _after_article(text: str, tokens: Sequence[Token], match: re.Match[str], lex: Lexicon) -> list[Span]:
    """What follows an elided article before a consonant: only a name can stand there."""
    start = match.start("name")
    place = first_at(tokens, start)
    following = tokens[place : place + 6]
    if not following or (lex.is_word(following[0].folded) and not following[0].is_capitalised):
        return []
    first = following[0]
    if lex.is_word(first.folded) and first.folded[0] in "AEIOUYH":
        return []
    end = match.end("name")
    for token in following:
        if token.start < end:
            continue
        if text[end : token.start].strip(" -–.") or not (
            token.is_capitalised or lex.is_rare_word(token.folded)
        ):
            break
        surname = lex.is_first_name(first.folded) and token.is_capitalised and token is following[1]
        if lex.is_word(token.folded) and not (surname or is_place(token, lex) or token.is_upper):
            break
        end = token.end
    return [Span(start, end, "HOPITAL", 0.55, "article")]
