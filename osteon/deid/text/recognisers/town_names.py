"""Towns by name, where they are written as towns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from osteon.deid.text.lexicon import Lexicon, lexicon, word_class
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import Token, words
from osteon.deid.values import fold

_BEFORE_TOWN = word_class("words_before_a_town")


def named_towns(text: str, lex: Lexicon) -> list[Span]:
    """Spans of towns of the lists that stand where a town can stand."""
    tokens = words(text)
    spans = []
    index = 0
    beginnings = _lengths(lex)
    while index < len(tokens):
        first = tokens[index].folded
        if (first.split("-", 1)[0] if "-" in first else first) not in beginnings:
            index += 1
            continue
        length, folded = _longest_town(tokens, index, text, lex)
        if length and _is_town_here(tokens, index, length, folded, text, lex):
            last = tokens[index + length - 1]
            spans.append(Span(tokens[index].start, last.end, "VILLE", 0.6, "town"))
            index += length
        else:
            index += 1
    return spans


@cache
def _lengths_of(language: str) -> dict[str, int]:
    """First word of a town's name -> the most words that a town beginning with it has."""
    longest: dict[str, int] = {}
    for name in lexicon(language).towns:
        pieces = [p for p in re.split(r"[ '-]", name) if p]
        for first in {pieces[0], {"SAINT": "ST", "SAINTE": "STE"}.get(pieces[0], pieces[0])}:
            longest[first] = max(longest.get(first, 0), len(pieces))
    return longest


def _lengths(lex: Lexicon) -> dict[str, int]:
    return _lengths_of(lex.language)


def _longest_town(tokens: Sequence[Token], index: int, text: str, lex: Lexicon) -> tuple[int, str]:
    first = tokens[index].folded
    lengths = _lengths(lex).get(first.split("-")[0], 0)
    for length in range(min(5, lengths), 0, -1):
        piece = tokens[index : index + length]
        if len(piece) == length and all(
            text[a.end : b.start] in {" ", "-", "'", "’"} for a, b in pairwise(piece)
        ):
            written = fold(text[piece[0].start : piece[-1].end]).replace("’", "'")
            for form in (
                written,
                written.replace(" ", "-"),
                written.replace("ST-", "SAINT-").replace("STE-", "SAINTE-").replace("ST ", "SAINT-"),
            ):
                if form in lex.towns:
                    return length, form
    return 0, ""


def _is_town_here(
    tokens: Sequence[Token], index: int, length: int, folded: str, text: str, lex: Lexicon
) -> bool:
    """A town's name counts where it is written as one: with a preposition, or unmistakable by itself."""
    token = tokens[index]
    before = tokens[index - 1].folded if index else ""
    gap = text[tokens[index - 1].end : token.start] if index else ""
    prepositional = before in _BEFORE_TOWN and gap in {" ", "'", "’"}
    plain_word = length == 1 and (
        folded in lex.words or folded in lex.protected or lex.first_name_rank.get(folded, 10**6) < 6000
    )
    if folded.startswith("L'") and not (token.is_capitalised and tokens[index + 1].is_capitalised):
        return False
    if (
        folded.split("-")[0].split(" ")[0] in {"LE", "LA", "LES"}
        and length > 1
        and not tokens[index + 1].is_capitalised
    ):
        return False
    if plain_word and token.is_upper and before == "DE" and prepositional and not tokens[index - 1].is_upper:
        return lex.towns[folded] < 300
    if plain_word:
        return prepositional and token.is_capitalised and before in {"A", "SUR"} and lex.towns[folded] < 3000
    if not token.is_capitalised:
        strange = not lex.is_word(folded) and len(folded) > 4
        unmistakable = folded.count("-") > 1 and strange
        return unmistakable or (
            prepositional and (length > 1 or len(folded) > 3) and (strange or lex.towns[folded] < 2500)
        )
    if len(folded) < 4 or folded == "L'HOPITAL":
        return False
    rank_limit = 40_000 if prepositional or length > 1 else 4_000
    return lex.towns[folded] < rank_limit
