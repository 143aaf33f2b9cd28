"""French numbers in words, read and written, as dictations have them: `treize octobre deux mille dix`."""

from __future__ import annotations

import re

from osteon.deid.values import fold

_SMALL = (
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze"),
    *("treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf"),
)
_TENS = ("vingt", "trente", "quarante", "cinquante", "soixante", "soixante", "quatre-vingt", "quatre-vingt")
_VALUES = {fold(word): value for value, word in enumerate(_SMALL)} | {
    **{"UNE": 1, "PREMIER": 1, "VINGT": 20, "VINGTS": 20, "TRENTE": 30, "QUARANTE": 40, "CINQUANTE": 50},
    **{"SOIXANTE": 60, "SEPTANTE": 70, "OCTANTE": 80, "HUITANTE": 80, "NONANTE": 90, "ET": 0},
}
NUMBER_WORDS = frozenset([*_VALUES, "MILLE", "CENT", "CENTS"]) - {"UNE"}
"""Folded words that numbers are made of; `une` is an article."""
_TO_NINETEEN = (
    r"(?:dix[- ](?:sept|huit|neuf)|une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|"
    r"quatorze|quinze|seize)"
)
TO_NINETY_NINE = (
    r"(?:(?:quatre[- ]vingts?|vingt|trente|quarante|cinquante|soixante|septante|octante|huitante|nonante)"
    rf"(?:[- ](?:et[- ])?{_TO_NINETEEN})?|{_TO_NINETEEN})"
)
DAY = rf"(?:premier|(?:vingt|trente)(?:[- ](?:et[- ])?{_TO_NINETEEN})?|{_TO_NINETEEN})"
YEAR = rf"(?:mille[- ]neuf[- ]cents?|dix[- ]neuf[- ]cents?|deux[- ]mille)(?:[- ]{TO_NINETY_NINE})?"


def number_of(words: str) -> int | None:
    """The number that the words say; None where one of them is no number.

    >>> number_of("mille neuf cent quatre-vingt-quatorze"), number_of("soixante et onze")
    (1994, 71)
    """
    total = current = 0
    for word in re.split(r"[\s-]+", fold(words.strip())):
        if word == "MILLE":
            total, current = (current or 1) * 1000, 0
        elif word in {"CENT", "CENTS"}:
            current = (current or 1) * 100
        elif word in {"VINGT", "VINGTS"} and current % 100 == 4:
            current += 76
        elif word in _VALUES:
            current += _VALUES[word]
        else:
            return None
    return total + current


def words_of(number: int) -> str:
    """A number below 10,000 in words.

    >>> words_of(71), words_of(80), words_of(1994)
    ('soixante-et-onze', 'quatre-vingts', 'mille neuf cent quatre-vingt-quatorze')
    """
    if number >= 100:
        size, name = (1000, "mille") if number >= 1000 else (100, "cent")
        head = name if number < 2 * size else f"{_SMALL[number // size]} {name}"
        return head if number % size == 0 else f"{head} {words_of(number % size)}"
    if number < 20:
        return _SMALL[number]
    tens, rest = _TENS[number // 10 - 2], number % 10 + (10 if number // 10 in {7, 9} else 0)
    if rest == 0:
        return tens + ("s" if number == 80 else "")
    return f"{tens}-et-{_SMALL[rest]}" if rest in {1, 11} and number < 80 else f"{tens}-{_SMALL[rest]}"
