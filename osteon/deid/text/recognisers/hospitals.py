"""Hospitals by their kind and name, by their name alone, and after an article that only a name takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.hospital_kinds import hospital_kind
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, HEADINGS, is_heading
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER, Token, at_words, first_at, words
from osteon.deid.values import fold

_UNIT = re.compile(
    rf"\b(?P<kind>(?i:pavillon|b[âa]timent|b[âa]t\.|unit[ée]|campus)|[Ss]ite|aile|secteur|"
    rf"p[ôo]le)\s+(?P<name>(?:[dlDL]['’]|"
    rf"du |de |von |van )?(?!(?:Lun|Mar|Mer|Jeu|Ven|Sam|Dim)\.){UPPER}[\w'’-]*"
    rf"(?:[ -](?:(?:de|du|des|la|le|van|den|der|el)[ -])?{UPPER}[\w'’-]*){{0,3}})",
    re.UNICODE,
)


_AFTER_A_HOUSE = re.compile(
    r"[ ](?:par|le[ ]\d|où|hier|depuis|pour|en|et|puis|avec|ou|dans|avant|apr[èe]s|sans|au|à|ainsi|le[ ]compte)\b|"
    r"[ ]\d\d?/\d"
)
_GOES_ON = re.compile(rf"[ ](?:d[eu]s?(?:[ ]la)?[ ]|d['’]|de[ ]l['’]){UPPER}")
_OF_DOCTOR = re.compile(r"\b(?:Dr|Pr|Docteur|Dre|Dresse)\b[^\n()]{2,40}\((?P<name>[A-Z]{3,6})\)")
_SCHOOL = re.compile(
    rf"\b(?i:cr[èe]che|halte-garderie|garderie|[ée]cole(?: maternelle| primaire|"
    rf" [ée]l[ée]mentaire)?|coll[èe]ge|lyc[ée]e|foyer)[ ]"
    rf"(?P<name>(?:L[ea]s? |L['’]|du |des |Sainte? ?-?)?{UPPER}[^\W\d_]+(?:[ -]{UPPER}[^\W\d_]+){{0,3}})"
)
_DISTRICT = re.compile(rf"[ ](?:de la|de|du|da|dos) {UPPER}[^\W\d_]+|(?<=SITE)[ ]{UPPER}[\w'’-]+")
_PARTNERS = re.compile(rf"(?i:\s(?:et|&)\sassoci[ée]e?s?\b)|\s&\s{UPPER}[\w'’-]+")
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
_CASUAL = re.compile(r"pharm|labo|mater|ambul", re.IGNORECASE)
"""Kinds that a note mentions more often than it names one."""
_LOOSE = re.compile(r"centre d|radiologie|imagerie|scanner|irm", re.IGNORECASE)
"""Kinds that a part of the body or an eponym may follow: `Scanner de l'Épaule`."""
_BODY = word_class("parts_of_the_body")
_WINDS = frozenset(["NORD", "SUD", "EST", "OUEST", "CENTRE"])
_OUR_LADY = re.compile(
    r"\bN\.?[- ]?D\.?(?= d[eu]s? )(?: (?:de|du|des)(?: la| l['’])? ?[^\W\d_]+)", re.IGNORECASE
)
"""Notre-Dame in two letters."""
_LADY_OF = re.compile(
    rf"\bNotre[- ]Dame(?: (?:de|du|des)(?: la| l['’])? ?{UPPER}[^\W\d_]+(?:[ -]{UPPER}[^\W\d_]+){{0,2}})"
)
_CENTRE_OF = re.compile(
    rf"\bC(?:entre|ENTRE)(?P<of> (?:d[eE]|D[eE]) | [dD]['’]| )(?P<first>{UPPER}[^\W\d_]{{2,}})(?P<more>(?:[ -]{UPPER}[\w'’-]+){{0,3}})"
)
"""A centre by its place or by somebody: `Centre de Kerpape`, `Centre Léon Bérard`."""
_ARTICLE_BEFORE = re.compile(r"\b(?:l[ea] |l['’]|L[ea] |L['’])$")
_SMALL_NAME = re.compile(
    r"(?P<link>(?: (?:de la|de l['’]|de|du|des|les|la|le|d['’]|l['’]))?) ?(?P<name>(?!(?:le|vers|par|pour|puis|en|au|à|"
    r"avec|ce|où|hier|depuis|est|a|qui|il|elle|jour)\b)[^\W\d_][\w'’-]*(?:[ ][\w'’-]+){0,4}?)"
    r"(?=\s*(?:$|[,.;:)\n])|[ ](?:le|vers|par|pour|puis|en|au|à|avec|ce|où|hier|depuis|est|a|qui|il|elle)\b|[ ]\d)"
)
"""A name in a text without capitals, up to the word that goes on: `clinique de la source le 3`."""
_TO_OR_FROM = re.compile(
    r"\b(?:(?P<sure>vers|transfert|transférée?|rdv|"
    r"(?:vue?|radio|irm|scanner|suivie?|opérée?|prévue?|hospitalisée?|admise?|passée?|faite?|séjour|sortie?|retour|adressée?) "
    r"(?:à|au|de|du|par))|à|a|au|aux|de|du|la|"
    r"avis|puis|par|[àe] l['’]) ?$"
)
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
_LINK = word_class("words_inside_a_place")
_GENERIC_AFTER = word_class("words_after_a_hospital_that_name_none")
_SERVICE_OF = re.compile(
    rf"(?:(?<=[Ss]ervice de )|(?<=[Ss]ervice d['’])|(?<=[Ss]ervice des )|(?<=[Cc]onsultation de )|"
    rf"(?<=[Uu]nité de ))"
    rf"[^\W\d_]+ (?:de |du |d['’])(?P<name>[A-ZÀ-Ý]{{3,}}(?:[ -]+(?:[A-ZÀ-Ý\d]+|–))*"
    rf"|{UPPER}[^\W\d_]+(?:[ -]{UPPER}[^\W\d_]+){{0,3}}(?=\s*(?:$|[\n.,;:)])))"
)
_NAMES_OF_PLACES = frozenset(["MAIL", "IMAGERIE"])
_ADJECTIVES = word_class("adjectives_of_a_hospital")
_TITLES = frozenset(["DR", "DOCTEUR", "PR", "PROFESSEUR", "MME", "MR", "M", "TEL", "FAX", "RPPS", "SERVICE"])
_HONOURED = frozenset(["DR", "DOCTEUR", "PR", "PROFESSEUR"])
"""Before a name that a hospital has: `CH Dr Schaffner`."""
_ARTICLE_L = re.compile(
    r"\b(?P<l>[Ll]['’]\s?)(?P<name>[B-DF-GJ-NP-TV-XZb-df-gj-np-tv-xz][\w.\-]*|[A-Z]\.[A-Z]{2,}[\w.\-]*)"
)


def find_hospitals(text: str, lex: Lexicon) -> list[Span]:
    """Hospitals by their kind and name, by their name alone, and after an article that only a name takes."""
    tokens = words(text)
    small = text.islower()
    spans = [Span(*m.span("name"), "HOPITAL", 0.6, "service-of") for m in _SERVICE_OF.finditer(text)]
    for match in at_words(hospital_kind(lex.language), text):
        end = _hospital_end(text, tokens, match, lex)
        if small:
            end = max(end or 0, _small_end(text, match, lex) or 0) or None
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
            or (not m["kind"].isupper() and _closes(text, tokens, first_at(tokens, m.start("name"))))
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
        for pattern in (_DEVOUT, _OUR_LADY, _LADY_OF)
        for m in at_words(pattern, text)
        if pattern is not _OUR_LADY or m.group()[1] in ".-"
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


def _hospital_end(text: str, tokens: Sequence[Token], match: re.Match[str], lex: Lexicon) -> int | None:
    """The end of the name after a kind of hospital; None for a generic mention."""
    place = first_at(tokens, match.end())
    following = tokens[place : place + 8]
    end, named, previous = match.end(), False, match.end()
    casual = _CASUAL.match(match["kind"]) is not None
    loose = _LOOSE.match(match["kind"]) is not None
    bare = match["kind"].lower() in {"imagerie", "radiologie"}
    for number, token in enumerate(following):
        gap = text[previous : token.start]
        if token.start < previous:
            continue
        if lady := _OUR_LADY.match(text, token.start):
            named, end, previous = True, lady.end(), lady.end()
            continue
        if (
            gap.strip(" \t\n'’.-–")
            or re.search(r"\.\s", gap)
            or "\n" in gap
            or len(gap) > 4
            or re.search(r"\s[-–]\s", gap)
            or (token.folded in _TITLES and not (number == 0 and token.folded in _HONOURED))
            or (token.is_capitalised and is_heading(token) and not _is_named_so(text, tokens, place + number))
        ):
            break
        if not number and token.folded in _HONOURED and token.is_capitalised:
            previous = token.end + (text[token.end : token.end + 1] == ".")
            continue
        if token.folded in _LINK or (not named and token.folded in _ADJECTIVES):
            previous = token.end
            continue
        if named and gap in {"'", "’"}:
            end = previous = token.end
            continue
        if named and token.folded in _WINDS and token.is_capitalised and gap == " ":
            end = previous = token.end
            continue
        if not named and token.folded in _WINDS:
            linked = previous > match.end()
            if not linked and token.folded == "CENTRE":
                break
            previous = token.end
            alone = token.is_capitalised and not token.is_upper and match["kind"][:1].isupper()
            named, end = (True, token.end) if linked or alone else (named, end)
            continue
        proper = token.is_capitalised or (lex.is_rare_word(token.folded)) or token.folded in lex.hospitals
        if (
            not proper
            or (loose and not named and (token.folded in _BODY or token.folded in lex.protected))
            or (bare and not named and not (_is_place(token, lex) or lex.is_rare_word(token.folded)))
            or token.folded in _GENERIC_AFTER
            or (casual and not named and _is_common_word(text, tokens, place + number, lex))
            or (
                named
                and token.is_capitalised
                and not token.is_upper
                and lex.is_word(token.folded)
                and not _is_place(token, lex)
                and not _closes(text, tokens, place + number)
                and not _is_named_so(text, tokens, place + number)
            )
        ):
            break
        named, end, previous = True, token.end, token.end
    kind = fold(match["kind"])
    partners = _PARTNERS.match(text, end) if named else None
    if partners:
        end = partners.end()
    return end if named else (match.end() if kind in {"AP-HP", "APHP", "AP-HM", "APHM", "HCL"} else None)


def _small_end(text: str, match: re.Match[str], lex: Lexicon) -> int | None:
    """The end of the name in a text without capitals, where somebody goes to the house or comes from it."""
    name = _SMALL_NAME.match(text, match.end())
    gone = _TO_OR_FROM.search(text, max(0, match.start() - 12), match.start())
    if name is None or gone is None or _CASUAL.match(match["kind"]):
        return None
    first = fold(re.split(r"[ '’]", name["name"])[0])
    if first in _GENERIC_AFTER | _ADJECTIVES | _BODY:
        return None
    if (
        not (name["link"] or gone["sure"] or lex.is_rare_word(first))
        or _LOOSE.match(match["kind"])
        and not gone["sure"]
    ):
        return None
    return name.end("name")


def _is_house_name(match: re.Match[str], lex: Lexicon) -> bool:
    """The centre's first word is no word, or a town, or a first name before another."""
    first = fold(match["first"])
    if first in ACRONYMS | _BODY | lex.protected or first in HEADINGS:
        return False
    if match["of"].strip():
        return lex.is_rare_word(first) or (first in lex.towns and not match["first"].isupper())
    return lex.is_first_name(first) and bool(match["more"])


def _is_common_word(text: str, tokens: Sequence[Token], place: int, lex: Lexicon) -> bool:
    """A word of the dictionary that no sign follows begins the next phrase: `à la pharmacie Besoin d'un`."""
    token = tokens[place]
    common = lex.is_word(token.folded) and not _is_place(token, lex)
    return common and token.folded not in _LINK and not _closes(text, tokens, place)


def _is_named_so(text: str, tokens: Sequence[Token], place: int) -> bool:
    """A heading's word after `du` or `des`, or that no value follows, is the name: `Clinique du Mail`."""
    before = tokens[place - 1].folded if place else ""
    if before in {"BEAU", "BON"} and tokens[place].folded == "SEJOUR":
        return True
    after = text[tokens[place].end : tokens[place].end + 8].lstrip(" \t\u00a0")
    return before in {"DU", "DES"} or (
        tokens[place].folded in _NAMES_OF_PLACES and after[:1] not in {":", "."}
    )


def _closes(text: str, tokens: Sequence[Token], place: int) -> bool:
    """Capitalised words to the line's end or a sign: all of them are the name's last words."""
    for following in range(place, min(place + 4, len(tokens))):
        token = tokens[following]
        if not token.is_capitalised or is_heading(token) or token.folded in ACRONYMS:
            return False
        after = text[token.end : token.end + 3].lstrip(" \t\u00a0")
        if not after or after[0] in "\n\r,;:.()-–|/" or _AFTER_A_HOUSE.match(text, token.end):
            return True
        if _GOES_ON.match(text, token.end):
            return True
        after = tokens[following + 1] if following + 1 < len(tokens) else None
        if after and after.text.islower() and after.folded not in _LINK and after.start == token.end + 1:
            return True
    return False


def _is_place(token: Token, lex: Lexicon) -> bool:
    return token.folded in lex.towns or token.folded in lex.first_names or token.folded in lex.surnames


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
        if lex.is_word(token.folded) and not (surname or _is_place(token, lex) or token.is_upper):
            break
        end = token.end
    return [Span(start, end, "HOPITAL", 0.55, "article")]
