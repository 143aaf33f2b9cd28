"""Addresses without a street: estates, zones and lone houses, and what stands where an address is written.

Such a place is a label (`Adresse :`), a word of living there (`habite`), or what stands before a postcode.
"""

from __future__ import annotations

import re

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.address_parts import COUNTED, INSIDE, NAME, SITE, SP
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, FUNCTION_WORDS, HEADINGS, MEDICAL_SHAPE, TITLES
from osteon.deid.text.searches import anywhere, at_words
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER
from osteon.deid.values import fold

_ZIP = rf"(?:[A-Za-z]{{1,2}}-)?\d{{2}}{SP}?\d{{3}}{COUNTED}{SP}+[^\W\d_]"
_ZIP_4 = rf"(?:[A-Z]{{1,2}}-)[1-9]\d{{3}}{SP}+[^\W\d_]"
_BREAK = rf"{SP}*[,;(|–-]?{SP}*\n?{SP}*"
_END = rf"(?={_BREAK}(?:{_ZIP}|{_ZIP_4})|{SP}*(?:$|[\n,;.()|]|[–-]{SP})|{SP}+à{SP})"
_LIVES = (
    r"habit(?:e|ant|ait)|demeur(?:e|ant|ait)|domicili[ée](?:e|\(e\))?|r[ée]sid(?:e|ant|ait)|log(?:e|[ée]e?)|"
    r"vi(?:t|vant)(?: seule?(?:\(e\))?)?|emm[ée]nag(?:er|[ée]e?)|adresse(?: est)?|courrier envoy[ée]|"
    r"domicile|fait au|"
    r"h[ée]berg[ée]e?(?:\(e\))?|rentrer|relog[ée]e?|install[ée]e?(?:\(e\))?"
)
_SINCE = (
    r"(?:maintenant|actuellement|d[ée]sormais|toujours|depuis peu|provisoirement|seule?(?:\(e\))?|au|aux|"
    r"à l['’]adresse)"
)
_WHERE = re.compile(rf"(?:^|\n|[,;:(|]|{SP}[/–-]|\b(?:{_LIVES})(?:{SP}{_SINCE})?,?){SP}*$", re.IGNORECASE)
"""Where an address begins."""
_ESTATE = re.compile(
    rf"(?P<kind>(?i:{SITE})){SP}+(?:(?:{NAME}|[Nn]ord|"
    rf"[Ss]ud)(?:{SP}*,?{SP}*(?:[Nn]°{SP}?)?\d{{1,4}}[A-Za-z]?(?![\w/]))?|"
    rf"\d{{1,4}}{SP}*,{SP}*{NAME})"
    rf"(?:{SP}*[,–-]?{SP}*(?i:{INSIDE}))*{_END}"
)
_ESTATE_IN_SMALL = re.compile(
    rf"(?:{SITE}){SP}+[^\W\d_][\w'’.-]*(?:{SP}+[^\W\d_][\w'’.-]*){{0,4}}?(?:{SP}*,?{SP}*{INSIDE})*"
    rf"(?={SP}*,?{SP}*{_ZIP})"
)
"""In a text without capitals only the postcode says where the name ends."""
_BOX = re.compile(
    rf"(?:cidex|tsa|case{SP}postale|bo[îi]te{SP}postale|cp){SP}(?:n°{SP}?)?\d{{1,5}}{_END}", re.IGNORECASE
)
_HIGH_STREET = re.compile(
    rf"(?i:(?:grande?|haute|basse|petite)['’ -]rue){SP}+\d{{1,4}}(?:{SP}?[A-Za-z](?!\w)|"
    rf"/\d{{1,3}})?(?:{SP}(?i:bte|bo[îi]te){SP}\w{{1,4}})?(?!\w)"
)
_IN_SMALL = re.compile(
    rf"\b(?:habite|demeurant|demeure|domicilié(?:e|\(e\))?|adresse|domicile){SP}*:?{SP}+"
    rf"(?P<value>(?!(?:à|a|en|chez|avec|dans|le|ce){SP})[^\n.;:()]{{3,60}}?)(?={SP}*,?{SP}*{_ZIP})"
)
"""In a text without capitals: from a word of living there to the postcode."""
_FARM = re.compile(
    rf"(?:(?P<kind>[Cc]hez|CHEZ|En|EN|PK{SP}\d{{1,3}}){SP}{UPPER}[\w'’-]+(?:{SP}{UPPER}[\w'’-]+)*)"
    rf"(?={_BREAK}(?:{_ZIP}|{_ZIP_4}))"
)
"""A farm or a field by whose it was: `Chez Hébay, 02480 Avallon`."""
_LIVING = re.compile(rf"\b(?:{_LIVES})(?:{SP}{_SINCE})?,?{SP}+(?P<value>[^\n;()]{{3,70}})", re.IGNORECASE)
_LABELLED = re.compile(
    rf"\b(?:adresse|domicile|si[èe]ge|prise en charge)(?:{SP}+[^\W\d_]+){{0,2}}{SP}*:{SP}*(?P<value>[^\n;|"
    rf"@]{{3,80}}?)"
    rf"(?={SP}*(?:$|[\n;|]|{SP}{{3}}|{_ZIP}))",
    re.IGNORECASE | re.MULTILINE,
)
_POSTCODE = re.compile(rf"(?<![\w.,/]){_ZIP}|(?<![\w.,/]){_ZIP_4}")
_SEGMENT = re.compile(rf"(?:^|[\n,;:|(]|{SP}[–-]{SP})(?P<value>[^\n,;:|(]{{2,60}}?){_BREAK}$")
_PIECE = re.compile(rf",|{SP}[–-]{SP}|\.{SP}|{SP}à{SP}")
_LINK = word_class("words_inside_a_place") | {"BIS", "TER", "LIEU-DIT", "LIEUDIT", "VON", "VAN"}
_NO_PLACE = (
    word_class("parts_of_the_body")
    | HEADINGS
    | TITLES
    | ACRONYMS
    | FUNCTION_WORDS - word_class("words_inside_a_place")
    | frozenset(
        ["DOCTEURS", "ASSOCIES", "CHEF", "POLE", "MEDICAL", "MEDICALE", "GENERALE", "IDEM", "INCONNUE", "SDF"]
    )
)
_LOUD = frozenset(
    ["TOUR", "PARC", "CLOS", "FERME", "DOMAINE", "CITE", "MAS", "VILLA", "LOT.", "ESPACE", "SECTION"]
)


def find_estates(text: str, lex: Lexicon) -> list[Span]:
    """Addresses without a street, each where an address is written."""
    spans = [
        Span(m.start(), m.end(), "ADRESSE", 0.72, rule)
        for pattern, rule in ((_ESTATE, "estate"), (_BOX, "box"), (_HIGH_STREET, "high-street"))
        for m in at_words(pattern, text)
        if pattern is _HIGH_STREET or _is_placed(text, m)
    ]
    spans += [
        Span(m.start(), m.end(), "ADRESSE", 0.4, "farm")
        for m in at_words(_FARM, text)
        if _WHERE.search(text, max(0, m.start() - 40), m.start())
    ]
    if text.islower():
        spans += [Span(*m.span("value"), "ADRESSE", 0.4, "living") for m in anywhere(_IN_SMALL, text)]
    spans += [
        Span(m.start(), m.end(), "ADRESSE", 0.72, "estate")
        for m in at_words(_ESTATE_IN_SMALL, text)
        if m.group().islower() and _WHERE.search(text, max(0, m.start() - 40), m.start())
    ]
    for pattern, rule in ((_LIVING, "living"), (_LABELLED, "labelled-place")):
        for match in anywhere(pattern, text):
            piece = _PIECE.split(match["value"], maxsplit=1)[0].rstrip()
            if is_place_shape(piece, lex):
                start = match.start("value")
                spans.append(Span(start, start + len(piece), "ADRESSE", 0.4, rule))
    return [*spans, *_before_postcodes(text, lex)]


def _is_placed(text: str, match: re.Match[str]) -> bool:
    """The estate stands where an address begins; one of a text in capitals has a number or a postcode."""
    if not _WHERE.search(text, max(0, match.start() - 40), match.start()):
        return False
    loud = "kind" in match.re.groupindex and match.group().isupper() and fold(match["kind"]) in _LOUD
    return not loud or any(c.isdigit() for c in match.group()) or _zip_follows(text, match.end())


def _zip_follows(text: str, end: int) -> bool:
    return re.match(rf"{_BREAK}(?:{_ZIP}|{_ZIP_4})", text[end : end + 40]) is not None


def _before_postcodes(text: str, lex: Lexicon) -> list[Span]:
    """What stands before a postcode with its town, up to a sign: a house by its name."""
    spans = []
    for code in anywhere(_POSTCODE, text):
        low = max(0, code.start() - 80)
        match = _SEGMENT.search(text[low : code.start()])
        if match and is_place_shape(match["value"].strip(), lex):
            spans.append(
                Span(low + match.start("value"), low + match.end("value"), "ADRESSE", 0.35, "before-postcode")
            )
    return spans


def is_place_shape(written: str, lex: Lexicon) -> bool:
    """Up to seven words, capitalised but for small ones between, that name a place, not a part of a letter.

    One of them is in no dictionary, or an article or a number begins, or two are capitalised in small print.
    """
    words = re.findall(r"[^\s'’]+", written)
    if not 1 <= len(words) <= 7 or not (written[0].isupper() or written[0].isdigit()):
        return False
    folded = [fold(word).strip(".,«»-") for word in words]
    if any(word in _NO_PLACE for word in folded) or (MEDICAL_SHAPE.search(folded[0]) and len(words) < 3):
        return False
    if not all(w[0].isupper() or w[0].isdigit() or f in _LINK for w, f in zip(words, folded, strict=True)):
        return False
    named = [f for f in folded if f not in _LINK and not f[:1].isdigit() and len(f) > 1]
    if not named:
        return False
    rare = any(lex.is_rare_word(f) for f in named)
    article = folded[0] in {"LE", "LA", "LES", "L"} and not any(f in lex.protected for f in named)
    two = len(named) > 1 and not written.isupper()
    return rare or article or two
