"""Names that only a first name beside them shows."""

from __future__ import annotations

from collections.abc import Sequence

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.recognisers.name_shapes import (
    ACRONYMS,
    FUNCTION_WORDS,
    PARTICLES,
    is_eponym,
    is_heading,
    is_strong_first_name,
    is_title,
)
from osteon.deid.text.tokens import Token


def beside_first_names(tokens: Sequence[Token], text: str, lex: Lexicon) -> list[list[int]]:
    """First names with the surnames beside them, anywhere in the text."""
    found = []
    for place, token in enumerate(tokens):
        if not token.is_capitalised and not (
            not lex.is_word(token.folded) and lex.first_name_rank.get(token.folded, 10**6) < 3000
        ):
            continue
        if not lex.is_first_name(token.folded) or len(token.text) < 3 or is_eponym(tokens, place, text, lex):
            continue
        neighbours = [p for p in (place - 1, place + 1) if _is_surname_beside(tokens, place, p, text, lex)]
        strong = is_strong_first_name(token, lex) and not lex.is_word(token.folded)
        is_town = token.folded in lex.towns and not neighbours
        common = lex.first_name_rank.get(token.folded, 0) < 12_000 or "-" in token.folded
        neighbours += _surname_with_particle(tokens, place, text)
        if neighbours and (strong or lex.first_name_rank.get(token.folded, 10**6) < 2500):
            found.append([place, *neighbours])
        elif (
            strong
            and common
            and not is_town
            and token.folded not in ACRONYMS
            and (not token.is_upper or len(token.text) > 4)
        ):
            found.append([place])
    return found


def _surname_with_particle(tokens: Sequence[Token], place: int, text: str) -> list[int]:
    """Particles after a first name and the capitalised word after them: `Yolande Dos Reis`."""
    run: list[int] = []
    following = place + 1
    while following < len(tokens) and text[tokens[following - 1].end : tokens[following].start] == " ":
        token = tokens[following]
        run.append(following)
        if token.folded not in PARTICLES:
            return run if len(run) > 1 and token.is_capitalised and len(token.text) > 2 else []
        if token.folded in {"LE", "LA", "LES", "DES"} and not token.is_capitalised:
            return []
        following += 1
    return []


def _is_surname_beside(tokens: Sequence[Token], place: int, other: int, text: str, lex: Lexicon) -> bool:
    if not 0 <= other < len(tokens):
        return False
    low, high = sorted((place, other))
    gap = text[tokens[low].end : tokens[high].start]
    if gap.strip(" ,.\u00a0") or "\n" in gap or len(gap) > 3:
        return False
    if "." in gap and other > place:
        return False
    token = tokens[other]
    if token.folded in FUNCTION_WORDS or token.folded in ACRONYMS or len(token.text) < 2 or is_title(token):
        return False
    if is_heading(token) and text[token.end : token.end + 3].lstrip(" \t")[:1] == ":":
        return False
    follows = other == place + 1 and gap == " " and not lex.is_word(tokens[place].folded)
    shouted = token.is_upper and not tokens[place].is_upper
    if is_eponym(tokens, other, text, lex) and not (shouted or follows):
        return False
    if token.folded in lex.protected and token.is_capitalised and follows:
        return True
    rare = lex.is_rare_word(token.folded)
    if "," in gap and not (rare or token.is_upper):
        return False
    if "," in gap and token.text.islower() and not tokens[place].text.islower():
        return False
    if token.is_upper and not (tokens[place].is_upper and lex.is_word(token.folded)):
        return True
    if token.is_capitalised:
        return (
            rare
            or token.folded in lex.surnames
            or (lex.is_first_name(token.folded) and not lex.is_word(token.folded))
        )
    return (rare and not tokens[place].text.islower()) or (rare and tokens[place].text.islower())
