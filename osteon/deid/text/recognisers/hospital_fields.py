"""Houses of care by where their name stands: a field, brackets, a row, a line of its own, beside another."""

from __future__ import annotations

import re
from collections.abc import Sequence

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.house_names import (
    ARTICLES,
    LETTERS,
    NO_HOUSE,
    house_end,
    house_phrase,
    is_house_name,
    is_letters,
)
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, HEADINGS
from osteon.deid.text.searches import anywhere
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER, Token, words

_FIELD = re.compile(
    r"(?m)(?:^|(?<=[\n;,] )|(?<=\. ))[ \t]*-?[ ]?(?i:[ée]tablissement[^\n:]{0,25}|provenance|"
    r"destination|lieu(?: d[^\n:]{3,28})?|centre|site|h[ôo]pital[^\n:]{0,25}|"
    r"clinique|structure|institution|arriv[ée]e|d[ée]part|aller|retour|vacations|"
    r"adress[ée]e?(?:\(e\))? (?:par|[àa])|soins|service demandeur|demandeur|"
    r"correspondant|de|[àa])[ \t]*:[ \t]*"
    rf"(?={UPPER})"
)
_CODE_ALONE = re.compile(
    r"(?m)(?:^[ \t]*-?[ ]?|(?:Destination|Provenance|[ÉEé]tablissement|Arriv[ée]e|D[ée]part|Aller|"
    r"Retour|Centre|Site) ?: |[a-zà-ÿ], |[ ][-|][ ])"
    r"(?P<code>(?:[A-Z]\.){2,4}[A-Z]\.?|[A-Z]{2,4}\d[A-Z]{1,3})(?=[ \t]*(?:$|[\n,(]|[-|] |- ))"
)
"""Such letters where a house stands: a line, a field, beside a name."""
_NEXT = re.compile(rf"(?:, | et | ou | puis (?:à |au )?)(?={UPPER})")
_DOCTOR_OF = re.compile(rf"\b(?:Dr|Pr|Docteur|Professeur|Dre|Prof\.)\.? [^()\n]{{2,40}}\((?={UPPER})")
_WHO_ASKS = re.compile(
    rf"(?:^|(?<=[.!?\n:] ))(?={UPPER}[^\n.,;:()]{{1,60}} (?:nous (?:a )?(?:adress|envo|transf|signal|"
    rf"demand)|(?:a|avait|ont) (?:conclu|accept|refus|confirm|demand|adress)|"
    rf"refuse|accepte|confirme|propose)[ée]?)",
    re.MULTILINE,
)
"""Whoever sends, concludes or refuses: `Delta nous adresse M. Roux`."""
_DIRECTORY = re.compile(rf"(?m)^[ \t]*-?[ ]?(?={UPPER}[^\n:;,]{{1,50}} [-:–] (?:\+?\(?\d|[\w.-]+ ?@))")
"""A row of a directory: `Delta - 02 99 00 00 00`."""
_MEMBER = re.compile(
    rf"{UPPER}[\w'’-]+ {UPPER}[\w'’-]+ \((?={UPPER})|"
    rf"\b(?:Dr|Pr) {UPPER}[\w'’-]+(?: {UPPER}[\w'’-]+)?, (?={UPPER})"
)
"""Where somebody works: `Jean Roux (Delta)`, `Dr Roux, Delta`."""
_BETWEEN = re.compile(rf"(?:\b(?:[Tt]rajet|sinon|puis|soit|quitte|Suivi :)|[a-zà-ÿ)] -|->|→) (?={UPPER})")
"""One house after another: `Trajet Delta - Minjou`, `Delta, sinon Minjou`."""
_EVENT_AT = re.compile(
    rf"\((?={UPPER}[^(),\n]{{2,50}}, (?:Dr|Pr|en |\d\d?/|[a-zà-ÿ]+ \d{{4}})|(?:[Ll][ae]s? |"
    rf"[Ll]['’]){UPPER}[^(),\n]{{2,30}}\))"
)
_DATED = re.compile(
    rf"(?:[;:] |- |^)(?={UPPER}[^,;:\n]{{2,50}}, (?:[a-zéû]{{3,9}}\.? (?:19|20)\d\d|\d\d?/(?:19|"
    rf"20)\d\d)(?!\w))",
    re.MULTILINE,
)
"""A house with its month: `Imagerie antérieure : Delta, mars 2019`."""
_STAND_ALONE = re.compile(
    rf"(?m)(?:^[ \t]*-?[ ]?|(?<=\. )|[ \t][-–|][ ]|, |: |; )(?P<name>(?i:centre|site|village|vill[âa]ge|"
    rf"villa|institution|fondation|terrasses|jardins|r[ée]sidence|"
    rf"irm|scanner|imagerie|radiologie|selas|selarl|sas|scm|gie|groupe|pavillon|p[ôo]le) {UPPER}|"
    rf"(?i:centre|site|fondation|village) (?:de l['’]|d['’]|de la |du |des |les |la |l['’]){UPPER}|"
    rf"(?:L[ae]s? |L['’])[a-zà-ÿ]{{4,}} (?:d['’]|de la |de l['’]|du |des ){UPPER})"
)
"""Where a house stands by itself: a line, a list, after a dash."""
_HEAD_LINE = re.compile(
    rf"(?m)^(?P<name>{UPPER}[^\n,;:|\d@]{{2,60}}?)(?:[ ]?[,|–-][ ]|"
    rf"\n)(?=[^\n]{{0,60}}(?:\b\d{{4,5}} {UPPER}|\n[^\n]{{0,40}}\b\d{{2}} ?\d{{2,3}} {UPPER}))"
)
"""The first of the lines before a postcode with its town."""


def find_named_houses(text: str, lex: Lexicon) -> list[Span]:
    """Spans of houses in fields, brackets, rows and lines of their own."""
    tokens = words(text)
    spans = []
    for pattern in (_FIELD, _DOCTOR_OF, _EVENT_AT, _DATED, _WHO_ASKS, _DIRECTORY, _MEMBER, _BETWEEN):
        for match in anywhere(pattern, text):
            found = house_phrase(text, tokens, match.end(), lex)
            if (
                found
                and _fills(text, found, pattern)
                and is_house_name(text, found, lex, loosely=pattern in {_FIELD, _DOCTOR_OF})
            ):
                spans.append(Span(found[0].start, house_end(text, found), "HOPITAL", 0.5, "house-field"))
            elif pattern is not _MEMBER and (code := LETTERS.match(text, match.end())) and is_letters(code):
                spans.append(Span(*code.span(), "HOPITAL", 0.5, "house-letters"))
    for match in anywhere(_STAND_ALONE, text):
        found = house_phrase(text, tokens, match.start("name"), lex)
        if (
            found
            and _stands_alone(text, found)
            and is_house_name(text, found, lex, loosely=False, alone=True)
        ):
            spans.append(Span(found[0].start, house_end(text, found), "HOPITAL", 0.5, "house-alone"))
    return spans


def _stands_alone(text: str, found: Sequence[Token]) -> bool:
    """A house after an article ends with its phrase: not `Le rôle du MTX a été suspecté`."""
    if found[0].folded not in ARTICLES:
        return True
    after = text[found[-1].end : found[-1].end + 3].lstrip(" \t")
    return not found[-1].is_upper and (not after or after[0] in "\n,;:(-|/")


def _fills(text: str, found: Sequence[Token], pattern: re.Pattern[str]) -> bool:
    """A field's value ends with the phrase."""
    after = text[found[-1].end : found[-1].end + 3].lstrip(" \t")
    return pattern not in {_FIELD, _DIRECTORY, _MEMBER, _BETWEEN} or not after or after[0] in "\n,;.(-–/"


def find_beside(text: str, spans: Sequence[Span], lex: Lexicon) -> list[Span]:
    """Houses that a comma or `et` joins to one that was found."""
    tokens = words(text)
    found: list[Span] = []
    for span in spans:
        while match := _NEXT.match(text, span.end):
            phrase = house_phrase(text, tokens, match.end(), lex)
            code = LETTERS.match(text, match.end())
            if (
                phrase
                and is_house_name(text, phrase, lex, loosely=False)
                and (len(phrase) > 1 or match.group() != ", ")
            ):
                span = Span(phrase[0].start, house_end(text, phrase), "HOPITAL", 0.45, "house-beside")
            elif code and code.group().replace(".", "") not in ACRONYMS | NO_HOUSE and match.group() != ", ":
                span = Span(*code.span(), "HOPITAL", 0.45, "house-beside")
            else:
                break
            found.append(span)
    return found


def find_letterheads(text: str, lex: Lexicon) -> list[Span]:
    """The name that stands alone on its line before an address."""
    tokens = words(text)
    spans = []
    for match in anywhere(_CODE_ALONE, text):
        if match["code"].replace(".", "") not in ACRONYMS | NO_HOUSE | HEADINGS:
            spans.append(Span(*match.span("code"), "HOPITAL", 0.45, "house-letters"))
    for match in anywhere(_HEAD_LINE, text):
        found = house_phrase(text, tokens, match.start("name"), lex)
        if found and found[-1].end == match.end("name") and is_house_name(text, found, lex, loosely=False):
            spans.append(Span(match.start("name"), match.end("name"), "HOPITAL", 0.35, "letterhead-name"))
    return spans
