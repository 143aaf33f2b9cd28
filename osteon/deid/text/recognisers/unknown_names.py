"""Words that no list knows: what is unknown and written as a name is taken for one.

The last net of the names. It costs little: of 60,803 words of published case reports 0.2 % are capitalised
inside a sentence, in no French dictionary or medical list, and no eponym.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.recognisers.name_shapes import (
    ACRONYMS,
    FUNCTION_WORDS,
    MEDICAL_SHAPE,
    TERM_ENDING,
    is_eponym,
    is_heading,
    is_title,
)
from osteon.deid.text.tokens import Token

_MAKERS = word_class("makers_of_devices")
_JOINED_PARTICLE = re.compile(
    r"(?:Mac|Mc|Le|La|De|Du|Da|Di|Do|Dos|Van|Von|Vande|Vander|Den|Des|Della|El|Al|Ben|Bou|A[iï]t|"
    r"Saint|San)(?=[A-ZÀ-Ý][^\W\d_]{2})"
)
_LONG_TERM = 14
_TERM_BEGINNING = re.compile(
    r"(?:TRI|BI|UNI|MULTI|SUPRA|INFRA|RETRO|POST|PRE|ANTERO|POSTERO|MEDIO|LATERO|SUB|SOUS|SUS|EXTRA|TRANS|CO)"
)
_VOWELS = frozenset("AEIOUY")
_MIN_LETTERS = 4
_MIN_CAPITALS = 5
_JOINED = frozenset([" ", "-", "'", "’", "\u00a0", ", "])


def unknown_capitals(tokens: Sequence[Token], text: str, lex: Lexicon) -> Iterator[int]:
    """Places of capitalised words that no dictionary has, as long as nothing makes them a term."""
    for place, token in enumerate(tokens):
        if not token.is_capitalised or len(token.text) < _MIN_LETTERS or is_heading(token):
            continue
        if token.folded in ACRONYMS:
            continue
        if not _is_unknown(token, lex) or is_eponym(tokens, place, text, lex):
            continue
        if token.is_upper and (len(token.text) < _MIN_CAPITALS or not _is_pronounceable(token.folded)):
            continue
        if (
            MEDICAL_SHAPE.search(token.folded)
            and not token.is_upper
            and not _is_compound_name(token)
            and not _beside_capital(tokens, place, text)
        ):
            continue
        if _is_compound_term(token.folded, lex) or is_a_device(tokens, place, text):
            continue
        yield place


def _is_compound_name(token: Token) -> bool:
    """Two capitalised parts or more: `Roquebillère-Haute`, `Bazin-Lacoste`."""
    return sum(part[:1].isupper() for part in token.text.split("-")) > 1


def _is_compound_term(folded: str, lex: Lexicon) -> bool:
    """A medical beginning before a word of the dictionary: `tricompartimentale`."""
    if (
        folded.startswith(("RE", "TELE"))
        and len(folded) > 8
        and lex.is_word(folded.removeprefix("TELE").removeprefix("RE"))
    ):
        return True
    if len(folded) >= _LONG_TERM and TERM_ENDING.search(folded):
        return True
    match = _TERM_BEGINNING.match(folded)
    rest = folded[match.end() :] if match else ""
    return len(rest) > 5 and lex.is_word(rest) and TERM_ENDING.search(rest) is not None


def is_a_device(tokens: Sequence[Token], place: int, text: str) -> bool:
    """A maker of devices, or a word right after one: `Siemens Ysio`, `GE Discovery`."""
    if tokens[place].folded in _MAKERS:
        return True
    for before in range(place - 1, max(-1, place - 3), -1):
        if text[tokens[before].end : tokens[before + 1].start] not in {" ", "\n"}:
            return False
        if tokens[before].folded in _MAKERS:
            return True
    return False


def _beside_capital(tokens: Sequence[Token], place: int, text: str) -> bool:
    """A medical ending is no excuse between capitalised words: `Nuno Delatures`."""
    for other in (place - 1, place + 1):
        if 0 <= other < len(tokens):
            low, high = sorted((place, other))
            near = text[tokens[low].end : tokens[high].start] in _JOINED
            if near and tokens[other].is_capitalised and not _starts_sentence(text, tokens[low]):
                return True
    return False


def _is_unknown(token: Token, lex: Lexicon) -> bool:
    """No part of the word is in a dictionary, and it has no capital inside (SpO2, HbA1c)."""
    inner = [part for part in token.text.split("-") if any(c.isupper() for c in part[1:])]
    if not token.is_upper and inner:
        return all(_JOINED_PARTICLE.match(part) for part in inner)
    written = token.text.split("-")
    parts = token.folded.split("-")
    if any(part in lex.protected for part in parts) or lex.is_word(token.folded):
        return False
    return any(
        not lex.is_word(part) and len(part) > 2 and as_written[0].isupper()
        for part, as_written in zip(parts, written, strict=False)
    )


def _is_pronounceable(folded: str) -> bool:
    """An acronym has few vowels."""
    return 0.25 <= sum(c in _VOWELS for c in folded) / len(folded) <= 0.8


def _starts_sentence(text: str, token: Token) -> bool:
    before = text[: token.start].rstrip(" \t\u00a0-•*")
    return not before or before[-1] in ".!?:\n\r"


_MEASURE = re.compile(r" \d+(?:[/,.]\d+(?!\d*[/.]\d)| ?(?:%|(?:[mµ]?g|[mc]?l|ppb|mmHg|[cm]m|UI|kg|bpm)\b))")


def is_measured(token: Token, text: str) -> bool:
    """An acronym or a unit's letters before a value: `FeNO 23 ppb`, `PA 14/8`."""
    short = token.is_upper and len(token.text) <= _MIN_LETTERS
    mixed = not token.is_upper and any(c.isupper() for c in token.text[1:]) and token.text.isalpha()
    return (short or mixed) and _MEASURE.match(text, token.end) is not None


def neighbours(tokens: Sequence[Token], text: str, found: Container[int], lex: Lexicon) -> Iterator[int]:
    """Capitalised words inside a sentence that touch a name: `Nuno POIRIER`, `Legrand Urs`."""
    for place, token in enumerate(tokens):
        if place in found or not token.is_capitalised or len(token.text) < 2 or is_title(token):
            continue
        if token.folded in FUNCTION_WORDS or token.folded in ACRONYMS or is_heading(token):
            continue
        gap = text[tokens[place - 1].end : token.start] if place else ""
        left = place - 1 in found and gap in _JOINED
        if gap == ", " and is_measured(token, text):
            continue  # a list goes on with a value: `Blanche, FeNO 23 ppb`
        right = _next_of(tokens, place, text) in found
        if not (left or right) or is_eponym(tokens, place, text, lex):
            continue
        shouted = token.is_upper and len(token.text) > 2 and left and not tokens[place - 1].is_upper
        if (
            left
            and (
                shouted
                or _closes(text, token)
                or not lex.is_word(token.folded)
                or lex.is_first_name(token.folded)
            )
        ) or (
            right and (not _starts_sentence(text, token) or not lex.is_word(token.folded) or token.is_upper)
        ):
            yield place


def _closes(text: str, token: Token) -> bool:
    """The word is the last of its phrase, so that no new phrase begins with it."""
    after = text[token.end : token.end + 3].lstrip(" \t\u00a0")
    return not after or not (after[0].isalpha() or after[0] in "'’")


def _next_of(tokens: Sequence[Token], place: int, text: str) -> int:
    """The place of the word that touches this one on the right, over an elision (L'); -1 when none does."""
    following = place + 1
    if following < len(tokens) and len(tokens[following].text) == 1 and tokens[following].folded in _ELIDED:
        following += 1
        gap = text[tokens[place].end : tokens[following - 1].start] if following < len(tokens) else "\n"
    else:
        gap = text[tokens[place].end : tokens[following].start] if following < len(tokens) else "\n"
    return following if gap in _JOINED else -1


_ELIDED = frozenset(["D", "L", "O"])
