"""Names in a letter's courtesies: who is greeted, who thanks, who signs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from osteon.deid.text.languages import codes
from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.dates import month_numbers
from osteon.deid.text.recognisers.name_runs import may_name
from osteon.deid.text.recognisers.name_shapes import PARTICLES
from osteon.deid.text.searches import anywhere, at_words
from osteon.deid.text.tokens import UPPER, Token, first_at

Named = tuple[list[int], float, str]
_SIGNATURE = re.compile(r"(?i)\b(?:signature|sign[ée]e?|visa|cachet)\b[^\n:]{0,40}:(?P<rest>[^\n]{3,60})")
_GREETED = re.compile(
    rf"(?i:amiti[ée]s|amicalement|cordialement|confraternellement|salutations|[àa] (?:vous|toi)|merci)"
    rf"[ \t,.!]*\n*[ \t]*(?=(?-i:{UPPER})\. ?(?-i:{UPPER}))"
)
"""A letter that closes with `M. Dupont` has an initial there: nobody signs as Monsieur."""
_HELLO = re.compile(rf"\b(?i:bonjour|bonsoir|salut|coucou|ch[eè]re?)[ \t]+(?={UPPER}[^\W\d_])")
_ABOVE_COPIES = re.compile(
    rf"(?m)^[ \t]*(?={UPPER}[^\W\d_]{{2,}}[ \t]*\n[ \t]*(?i:c\.?c\.?|copies?|P\.?S\.?)[ \t]*:)"
)
"""A signature of one word, alone on the line above the copies."""
_HERE = re.compile(
    rf"\b(?:[Cc]['’]est|[Ii]ci|[Jj]e suis)[ \t]+(?={UPPER}[^\W\d_]+[ \t]*(?:[.,!]|d[eu]\b|des\b|{UPPER}))"
)
_STARTS = re.compile(r"\s+[^\W\d_]*[a-z]")
_CLOSED = re.compile(
    rf"(?i:amiti[ée]s|amicalement|cordialement|bises|bientôt|[àa] (?:vous|toi)|merci)[ \t]*[,.!]?[ \t\n]+"
    rf"(?P<name>{UPPER}[^\W\d_]+(?:-[^\W\d_]+)?)[ \t]*(?=$|\n)"
)


_COPIES = ("c.c", "cc", "copie", "p.s", "ps")
_SIGNS = ("sign", "visa", "cachet")
_CLOSINGS = (
    "amiti",
    "amical",
    "ordialement",
    "onfraternel",
    "salutation",
    "bises",
    "bient",
    "vous",
    "toi",
    "merci",
)
"""Cheap to look for; most letters lack them, and the patterns need not run."""


def courtesy_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[Named]:
    """Places of the words of each name, how sure, and by which rule."""
    small = text.lower()
    for match in anywhere(_SIGNATURE, text) if any(word in small for word in _SIGNS) else ():
        low, high = match.span("rest")
        for place in range(first_at(tokens, low), first_at(tokens, high)):
            if _signs(tokens, place, text, lex):
                yield [place], 0.5, "signature"
    for match in at_words(_HELLO, text):
        place = first_at(tokens, match.end())
        if (
            place < len(tokens)
            and may_name(tokens, place, text, lex)
            and not _STARTS.match(text, tokens[place].end)
        ):
            yield [place], 0.6, "greeting"
    yield from _said_or_signed(tokens, text, small, lex)
    if not any(word in small for word in _CLOSINGS):
        return
    for match in anywhere(_CLOSED, text):
        place = first_at(tokens, match.start("name"))
        if lex.is_first_name(tokens[place].folded) and may_name(tokens, place, text, lex):
            yield [place], 0.6, "signature"
    for match in anywhere(_GREETED, text):
        yield [first_at(tokens, match.end())], 0.5, "signature"


def _said_or_signed(tokens: Sequence[Token], text: str, small: str, lex: Lexicon) -> Iterator[Named]:
    """`C'est Olive de la radio`, and a signature of one word above the copies."""
    for match in anywhere(_ABOVE_COPIES, text) if any(word in small for word in _COPIES) else ():
        place = first_at(tokens, match.end())
        if may_name(tokens, place, text, lex, sure=True):
            yield [place], 0.5, "signature"
    for match in at_words(_HERE, text):
        place = first_at(tokens, match.end())
        if lex.is_first_name(tokens[place].folded) and may_name(tokens, place, text, lex, sure=True):
            yield [place], 0.6, "greeting"


@cache
def _days_and_months(code: str) -> frozenset[str]:
    days = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
    return frozenset((*days, *(m.lower() for each in codes(code) for m in month_numbers(each))))


def _signs(tokens: Sequence[Token], place: int, text: str, lex: Lexicon) -> bool:
    token = tokens[place]
    if len(token.text) == 1:
        return token.is_capitalised and text[token.end : token.end + 1] == "."
    particle = token.folded in PARTICLES and place + 1 < len(tokens) and token.folded not in {"A", "AU"}
    named = particle or may_name(tokens, place, text, lex)
    return named and token.folded.lower() not in _days_and_months(lex.language)
