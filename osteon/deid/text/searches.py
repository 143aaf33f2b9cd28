"""Patterns tried only where a match of them can begin: the matches of `re.finditer`, with less work.

`re` tries a pattern that begins with a boundary or a look behind at every character. Here a text is read
once for the beginnings of its words, numbers and lines, and by its first three letters each is noted for the
patterns that can begin so (`beginnings`). What is kept of a pattern is made of the pattern alone, and a
pattern must live as long as the process; of the texts the last ones are kept, as their words are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from osteon.deid.text.beginnings import LENGTH
from osteon.deid.text.search_plans import REGISTER

_RUNS = re.compile(r"(?<!\w)[^\W\d_]|(?<!\d)\d")
_ODD_CASES = re.compile("[\u0131\u0130\u017f\u039c\u03bc\u1e9e\u212a\u212b]")
"""Letters that are the other case of a letter that is told apart: the Kelvin sign is a capital k."""
_LEAD = 6


class _Read(NamedTuple):
    """A text's beginnings of words and of numbers, and by the number of a plan those to try patterns at.

    Args:
        known: how many plans there were.
        is_odd: it has a letter that is the other case of one that is told apart.
        signs: the places of the signs that were looked for so far.
    """

    words: Sequence[int]
    digits: Sequence[int]
    tried: Mapping[int, Sequence[int]]
    known: int
    is_odd: bool
    signs: dict[str, list[int]]


@lru_cache(maxsize=4)
def _read(text: str) -> _Read:
    known = len(REGISTER.numbers)
    tried: defaultdict[int, list[int]] = defaultdict(list)
    words, digits = list[int](), list[int]()
    position = 0
    while position >= 0:
        for number in REGISTER.lines.numbers(text[position : position + LENGTH]):
            tried[number].append(position)
        position = text.find("\n", position) + 1 or -1
    of_words, of_digits = REGISTER.words.numbers, REGISTER.digits.numbers
    for match in _RUNS.finditer(text):
        start = match.start()
        letters = text[start : start + LENGTH]
        if letters[0].isdecimal():
            digits.append(start)
            numbers = of_digits(letters)
        else:
            words.append(start)
            numbers = of_words(letters)
        for number in numbers:
            tried[number].append(start)
    return _Read(words, digits, tried, known, _ODD_CASES.search(text) is not None, {})


def at_words(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """As `pattern.finditer` for a pattern that begins with a letter at a word's beginning, but faster.

    >>> [m.group() for m in at_words(re.compile(r"\\bdr\\b", re.I), "Dr A, dr B, adr")]
    ['Dr', 'dr']
    """
    plan, read = REGISTER.plan(pattern, "words"), _read(text)
    places = read.words if plan.number >= read.known else read.tried.get(plan.number)
    return matches_at(pattern, text, places) if places else iter(())


def at_digits(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """As `at_words` for a pattern that begins with the first of some digits."""
    plan, read = REGISTER.plan(pattern, "digits"), _read(text)
    places = read.digits if plan.number >= read.known else read.tried.get(plan.number)
    return matches_at(pattern, text, places) if places else iter(())


def anywhere(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """As `pattern.finditer`, and faster where the pattern's beginnings are known.

    >>> [m.group() for m in anywhere(re.compile(r"(?<!\\w)[A-Z]\\d+|\\(\\d"), "A1 xB2 (3 B4")]
    ['A1', '(3', 'B4']
    """
    plan = REGISTER.plan(pattern, "anywhere")
    if not plan.is_known:
        return pattern.finditer(text)
    read = _read(text)
    if plan.number >= read.known or (plan.signs and read.is_odd):
        return pattern.finditer(text)
    places = read.tried.get(plan.number, [])
    if plan.signs:
        signs = list[int]()
        for sign in plan.signs:
            found = read.signs.get(sign)
            if found is None:
                found = read.signs[sign] = list(places_of(sign, text))
            signs += found
        places = sorted([*places, *signs]) if signs else places
    return matches_at(pattern, text, places) if places else iter(())


def places_of(sign: str, text: str) -> Iterator[int]:
    """Where the sign stands, in order."""
    place = text.find(sign)
    while place >= 0:
        yield place
        place = text.find(sign, place + 1)


def at_led_digits(
    pattern: re.Pattern[str], text: str, lead: re.Pattern[str], signs: str
) -> Iterator[re.Match[str]]:
    """As `pattern.finditer` for a pattern that begins with digits, or with `lead` right before them.

    Args:
        lead: matches up to the digits, six characters at most, the last of them a letter or one of the signs.
    """
    starts = list[int]()
    for place in _read(text).digits:
        if place and (text[place - 1].isalpha() or text[place - 1] in signs):
            led = lead.search(text, max(0, place - _LEAD), place)
            starts += [led.start()] if led else []
        starts.append(place)
    return matches_at(pattern, text, starts)


def matches_at(pattern: re.Pattern[str], text: str, starts: Iterable[int]) -> Iterator[re.Match[str]]:
    """The matches that begin at these places, given in order, without overlaps."""
    end, match_at = 0, pattern.match
    for start in starts:
        if start >= end and (match := match_at(text, start)):
            end = max(match.end(), start + 1)
            yield match
