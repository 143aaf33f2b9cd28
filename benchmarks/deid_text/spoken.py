"""Numbers and dates in French words, as a dictation has them."""

from __future__ import annotations

from datetime import date

from benchmarks.deid_text import forms

_SMALL = (
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze"),
    *("treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf"),
)
_TENS = ("vingt", "trente", "quarante", "cinquante", "soixante", "soixante", "quatre-vingt", "quatre-vingt")


def number_words(number: int) -> str:
    """A number below 3,000 in words.

    >>> number_words(71), number_words(80), number_words(1994)
    ('soixante-et-onze', 'quatre-vingts', 'mille neuf cent quatre-vingt-quatorze')
    """
    if number >= 1000:
        head = "mille" if number < 2000 else "deux mille"
        return head if number % 1000 == 0 else f"{head} {number_words(number % 1000)}"
    if number >= 100:
        head = "cent" if number < 200 else f"{_SMALL[number // 100]} cent"
        return head if number % 100 == 0 else f"{head} {number_words(number % 100)}"
    if number < 20:
        return _SMALL[number]
    tens, rest = _TENS[number // 10 - 2], number % 10 + (10 if number // 10 in {7, 9} else 0)
    if rest == 0:
        return tens + ("s" if number == 80 else "")
    return f"{tens}-et-{_SMALL[rest]}" if rest in {1, 11} and number < 80 else f"{tens}-{_SMALL[rest]}"


def date_words(day: date) -> str:
    """A date as it is dictated.

    >>> date_words(date(2019, 3, 1))
    'premier mars deux mille dix-neuf'
    """
    first = "premier" if day.day == 1 else number_words(day.day)
    return f"{first} {forms.months()[day.month - 1]} {number_words(day.year)}"


def belgian_words(number: int) -> str:
    """A number below 3,000 in words with the tens of Belgium and Romandy.

    >>> belgian_words(72), belgian_words(1991)
    ('septante-deux', 'mille neuf cent nonante-et-un')
    """
    head, tail = divmod(number, 100)
    if tail // 10 not in {7, 9}:
        return number_words(number)
    word, rest = ("septante" if tail // 10 == 7 else "nonante"), tail % 10
    tens = word if rest == 0 else f"{word}-et-un" if rest == 1 else f"{word}-{_SMALL[rest]}"
    return f"{number_words(head * 100)} {tens}" if head else tens
