"""Numbers that were dictated digit by digit or in pairs: telephones, patient numbers, dates, postcodes.

A sentence never has four numbers in words one after the other; a dictation has, where it spells a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from osteon.deid.text.lexicon import Lexicon
from osteon.deid.text.span import Span
from osteon.deid.text.spoken import NUMBER_WORDS, number_of
from osteon.deid.text.tokens import Token, words

_MANY, _PHONE_PAIRS = 4, 5
_SCALES = frozenset(["MILLE", "CENT", "CENTS", "ET"])
_TENS = frozenset(
    ["VINGT", "VINGTS", "TRENTE", "QUARANTE", "CINQUANTE", "SOIXANTE", "SEPTANTE", "HUITANTE", "OCTANTE"]
) | {"NONANTE", "QUATRE-VINGT", "QUATRE-VINGTS"}
_BEFORE_A_DATE = frozenset(["LE", "DU", "AU", "NE", "NEE", "NAISSANCE", "DATE", "DEPUIS", "CE", "NAISSANCES"])
_BEFORE_A_NUMBER = frozenset(
    ["NUMERO", "DOSSIER", "IPP", "NDA", "TELEPHONE", "TEL", "PORTABLE", "FIXE", "FAX", "RPPS", "INAMI"]
)
_FIRST_YEAR, _LAST_YEAR = 1880, 2100


@dataclass(frozen=True, slots=True)
class _Group:
    value: int
    start: int
    end: int


def find_spoken_numbers(text: str, lex: Lexicon) -> list[Span]:
    """Spans of such numbers."""
    tokens = words(text)
    spans = []
    for low, high in _runs(tokens, text):
        groups = list(_groups(tokens[low:high]))
        before = [t.folded for t in tokens[max(0, low - 2) : low]]
        label = _label(groups, before)
        if label is None and _is_postcode(groups, tokens, high, text, lex):
            label = "ZIP"
        if label is not None:
            spans.append(Span(groups[0].start, groups[-1].end, label, 0.8, "spoken-number"))
    return spans


def _runs(tokens: Sequence[Token], text: str) -> Iterator[tuple[int, int]]:
    """Two number words or more with nothing between; `du` and `slash` may stand inside a date."""
    place = 0
    for low in [place for place, token in enumerate(tokens) if _says_number(token.folded)]:
        if low < place:
            continue
        place = low + 1
        while (
            place < len(tokens)
            and text[tokens[place - 1].end : tokens[place].start].strip(" \n\u00a0,") == ""
        ):
            linking = tokens[place].folded in {"DU", "SLASH", "TIRET", "POINT"}
            if linking and place + 1 < len(tokens) and _is_number(tokens[place + 1]):
                place += 2
            elif _is_number(tokens[place]):
                place += 1
            else:
                break
        if place - low > 1:
            yield low, place


def _is_number(token: Token) -> bool:
    return _says_number(token.folded)


@lru_cache(maxsize=50_000)
def _says_number(folded: str) -> bool:
    return folded in NUMBER_WORDS or ("-" in folded and all(p in NUMBER_WORDS for p in folded.split("-")))


def _groups(run: Sequence[Token]) -> Iterator[_Group]:
    """The numbers of a run: `zéro six douze` is three, `deux mille dix-neuf` one."""
    numbers, held = [t for t in run if _is_number(t)], list[Token]()
    for token, following in zip(numbers, [*(t.folded for t in numbers[1:]), ""], strict=True):
        years = token.folded == "MILLE" and following == "NEUF"  # `six mille neuf cent`: June of 19..
        if held and (years or not _goes_on(held[-1].folded, token.folded)):
            yield _group(held)
            held = []
        held.append(token)
    yield _group(held)


def _group(held: list[Token]) -> _Group:
    return _Group(number_of(" ".join(t.folded for t in held)) or 0, held[0].start, held[-1].end)


def _goes_on(before: str, word: str) -> bool:
    if word in _SCALES or before in _SCALES or (before == "QUATRE" and word.startswith("VINGT")):
        return True
    return before in _TENS and word not in _TENS and (number_of(word) or 0) in range(1, 20)


def _label(groups: list[_Group], before: list[str]) -> str | None:
    if _is_date(groups, before):
        return "DATE_NAISSANCE" if {"NE", "NEE", "NAISSANCE"} & set(before) else "DATE"
    if len(groups) >= _MANY or (len(groups) > 1 and _BEFORE_A_NUMBER & set(before)):
        return "TEL" if groups[0].value == 0 and len(groups) >= _PHONE_PAIRS else "ID"
    return None


def _is_date(groups: list[_Group], before: list[str]) -> bool:
    """Day, month and year in numbers, noughts before them said or not."""
    values, noughts = list[int](), 0
    for group in groups:
        if group.value == 0:
            noughts += 1
        else:
            values.append(group.value)
    if len(values) == 2 and not noughts and _FIRST_YEAR < values[1] < _LAST_YEAR:
        return 20 < values[0] < 40 and bool(_BEFORE_A_DATE & set(before[-1:]))  # `vingt cinq deux mille dix`
    if len(values) != 3 or noughts > 3 or not (values[0] <= 31 and values[1] <= 12):
        return False
    whole = _FIRST_YEAR < values[2] < _LAST_YEAR
    said = noughts > 0 or bool(_BEFORE_A_DATE & set(before[-1:]))
    return whole or (values[2] < 100 and said)


def _is_postcode(
    groups: list[_Group], tokens: Sequence[Token], following: int, text: str, lex: Lexicon
) -> bool:
    """Thousands before a town: `soixante-neuf mille Lyon`; some say the department and `cent`."""
    if len(groups) != 1 or following >= len(tokens):
        return False
    town = tokens[following]
    near = text[groups[0].end : town.start] in {" ", "\n"}
    value = groups[0].value
    thousands = (1000 <= value <= 97_000 and value % 10 == 0) or (value % 100 == 0 and 1000 <= value <= 9500)
    return near and thousands and (town.folded in lex.towns or lex.is_rare_word(town.folded))
