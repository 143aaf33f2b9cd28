"""What the name of a house of care may be: its words, where it ends, its letters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.hospital_ends import closes, is_place
from osteon.deid.text.recognisers.hospital_phrases import TAIL
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, FUNCTION_WORDS, HEADINGS, MEDICAL_SHAPE, TITLES
from osteon.deid.text.tokens import UPPER, Token, first_at

HOUSES = re.compile(
    r"(?i:centre|site|irm|scanner|imagerie|radiologie|[ée]chographie|selas|selarl|sas|scm|gie|village|"
    r"vill[âa]ge|villa|r[ée]sidence|jardins?|maison|"
    r"terrasses|foyer|permanence|cabinet|groupe|p[ôo]le|institution|fondation|chalet|manoir|ch[âa]teau|"
    r"domaine)\b"
)
"""Kinds that reports use as words: a house where a house is meant."""
MACHINES = re.compile(r"(?i:irm|scanner|imagerie|radiologie|groupe|p[ôo]le|pavillon)\b")
LINKS = frozenset(["D", "DE", "DES", "DU", "L", "LA", "LE", "LES", "SUR", "SOUS"])
ARTICLES = frozenset(["L", "LA", "LE", "LES"])
BODY = word_class("parts_of_the_body")
_NOBODY = word_class("capitalised_words_that_are_nobody") | frozenset(
    ["AUJOURD", "DEMAIN", "HIER", "DISTANCE", "DOMICILE", "JEUN", "DROITE", "GAUCHE", "NOUVEAU", "REVOIR"]
)
_TIMES = word_class("months") | word_class("days_of_the_week") | {"NOEL", "PAQUES"}
_NEVER = TITLES | HEADINGS | _NOBODY | _TIMES
_STOPS = FUNCTION_WORDS - LINKS
_CLOSED = re.compile(
    r"[ \t]*(?:$|[\n,;:.)(/]|-[ ]|(?i:le|pour|par|en|puis|ce|cette|depuis|avec|dans|et|qui|o[ùu]|mais|"
    r"sans|ou|est|a|ont|hier|demain|chez|vers|à|au|actuellement|sera|dont)\b|\d|(?i:du|de) \d)"
)
_LONGEST = 7
_NUMBER = re.compile(r"[ ]\d{1,2}(?![\w/.,]\d|\d| [a-z]{3})")
LETTERS = re.compile(
    r"(?:(?:[A-ZÀ-Ý]\.){2,5}[A-ZÀ-Ý]?\.?|[A-ZÀ-Ý]{2,4}\d[A-ZÀ-Ý]{1,3}|[A-ZÀ-Ý]{3,7})(?![\w.+-]*[\w+])"
)
"""A house by its letters: `H.U.B`, `IM2S`, `PBNA`."""
NO_HOUSE = word_class("letters_of_medicine")


def house_phrase(text: str, tokens: Sequence[Token], start: int, lex: Lexicon) -> list[Token]:
    """The capitalised words from there on with the small ones between; nothing for somebody with a title."""
    found: list[Token] = []
    pending: list[Token] = []
    place = first_at(tokens, start)
    for number in range(place, min(place + _LONGEST + 4, len(tokens))):
        token = tokens[number]
        gap = (
            text[(pending or found)[-1].end : token.start] if found or pending else text[start : token.start]
        )
        if gap.strip("'’-") not in {"", " ", "\n"} or (gap == "\n" and not pending):
            break
        if token.folded in LINKS and (found or pending or token.folded in ARTICLES):
            pending.append(token)
        elif pending and not found and len(pending) == 1 and _is_common_house(text, tokens, number):
            found, pending = [*pending, token], []
        elif not _may_stand(token) or (
            found and not pending and _is_plain(token, lex) and not _goes_with(text, tokens, number)
        ):
            break
        else:
            found += [*pending, token]
            pending = []
    return found


def _is_common_house(text: str, tokens: Sequence[Token], number: int) -> bool:
    """A small word between a capital article and what a name goes on with: `Les jardins d'Arcadie`."""
    article, token = tokens[number - 1], tokens[number]
    named = re.match(rf"[ ](?:d['’]|de la |de l['’]|du |des |de ){UPPER}", text[token.end : token.end + 8])
    return article.is_capitalised and token.text.islower() and named is not None


def _may_stand(token: Token) -> bool:
    """A capitalised word of a name; a heading's word only where it says what house it is."""
    house = HOUSES.match(token.text) is not None and token.is_capitalised
    never = token.folded in _NEVER or token.folded in _STOPS
    return house or (token.is_capitalised and not never)


def _goes_with(text: str, tokens: Sequence[Token], number: int) -> bool:
    """A plain word is part of the name where the name ends, goes on after it, or it says what house it is."""
    token = tokens[number]
    house = HOUSES.match(token.text) is not None
    return house or _closed(text, token) or closes(text, tokens, number)


def is_house_name(
    text: str, found: Sequence[Token], lex: Lexicon, *, loosely: bool, alone: bool = False, sure: bool = False
) -> bool:
    """The words may be the name of a house; loosely, a single word of the dictionary too."""
    proper = [token for token in found if token.folded not in LINKS]
    if not proper:
        return False
    first = proper[0]
    if any(t.folded in lex.protected or t.folded in BODY for t in proper if not HOUSES.match(t.text)):
        return False
    if first.folded in ACRONYMS and not (HOUSES.match(first.text) and len(proper) > 1):
        return False
    house = HOUSES.match(first.text) is not None
    rest = [t for t in proper if not HOUSES.match(t.text)] if house else proper
    if house and not rest:
        return False
    if any(is_strange(t, lex, sure=sure) for t in rest):
        return len(rest) > 1 or house or not first.is_upper or len(first.text) > 6
    if found[0].folded in ARTICLES and found[0].is_capitalised and not found[0].is_upper:
        return house or len(rest) > 1 or not MEDICAL_SHAPE.search(rest[0].folded)
    closed = _closed(text, found[-1])
    if len(rest) > 1 or house:
        machine = alone and MACHINES.match(first.text) is not None
        return (
            (closed or TAIL.match(text, found[-1].end) is not None) and not rest[0].is_upper and not machine
        )
    return loosely and closed and not first.is_upper and len(first.text) > 3


def is_strange(token: Token, lex: Lexicon, *, sure: bool = False) -> bool:
    """The word is in no dictionary and has no shape of medicine; a sure house may have any shape."""
    folded = token.folded
    if len(folded) < 3 or folded in ACRONYMS:
        return False
    if is_place(token, lex) and not lex.is_word(folded):
        return True
    compound = (
        "-" in folded and folded not in lex.words and all(p[:1].isupper() for p in token.text.split("-"))
    )
    if folded.startswith(("SAINT-", "SAINTE-")) or (compound and not token.is_upper):
        return not any(part in BODY | lex.protected for part in folded.split("-"))
    shaped = MEDICAL_SHAPE.search(folded) is not None and len(folded) > 4
    return lex.is_rare_word(folded) and (not shaped or (sure and token.text.istitle()))


def _is_plain(token: Token, lex: Lexicon) -> bool:
    return lex.is_word(token.folded) and not is_place(token, lex)


def _closed(text: str, token: Token) -> bool:
    return _CLOSED.match(text, token.end) is not None


def house_end(text: str, found: Sequence[Token]) -> int:
    """Where the name ends, with its number or its last words in small print."""
    more = _NUMBER.match(text, found[-1].end) or TAIL.match(text, found[-1].end)
    return more.end() if more else found[-1].end


def is_letters(code: re.Match[str]) -> bool:
    """The letters are none of medicine's and no heading."""
    return code.group().replace(".", "") not in ACRONYMS | NO_HOUSE | HEADINGS
