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
from threading import Lock
from typing import NamedTuple

from osteon.deid.text.beginnings import (
    KNOWN,
    LENGTH,
    Beginning,
    beginnings,
    opens_line,
    opens_number,
    opens_word,
)

_RUNS = re.compile(r"(?<!\w)[^\W\d_]|(?<!\d)\d")
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_ODD_CASES = re.compile("[\u0131\u0130\u017f\u039c\u03bc\u1e9e\u212a\u212b]")
"""Letters that are the other case of a letter that is told apart: the Kelvin sign is a capital k."""
_MOST_LONG, _MOST_SIGNS, _MOST_COMBINED = 12, 32, 1 << 14
_LEAD = 6
_BLANKS = " \t\u00a0"


class _Plan(NamedTuple):
    """Where a pattern is tried.

    Args:
        number: of the places, shared by the patterns that begin alike.
        is_known: by these places, and not wherever `re` looks.
        signs: and wherever one of these stands.
    """

    number: int
    is_known: bool
    signs: tuple[str, ...]
    pattern: re.Pattern[str]


class _Table:
    """Of one kind of place: for the letters after it, the numbers of those that can begin so."""

    def __init__(self) -> None:
        self._of: defaultdict[str, tuple[int, ...]] = defaultdict(tuple)
        self._combined: dict[str, tuple[int, ...]] = {}

    def add(self, number: int, texts: Iterable[str]) -> None:
        """Notes the pattern for each of its beginnings; the empty one is every place."""
        texts = set(texts)
        for text in texts:
            if not any(text[:length] in texts for length in range(len(text))):
                self._of[text] += (number,)
        self._combined = {}

    def numbers(self, letters: str) -> tuple[int, ...]:
        """Of the patterns to try where these letters follow; all where one is a letter not told apart."""
        combined = self._combined  # another thread that adds a pattern leaves this one and starts anew
        found = combined.get(letters)
        if found is None:
            if len(combined) >= _MOST_COMBINED:
                self._combined = combined = {}
            found = combined[letters] = self._looked_up(letters)
        return found

    def _looked_up(self, letters: str) -> tuple[int, ...]:
        if len(letters) == LENGTH and KNOWN.issuperset(letters):
            keys: Iterable[str] = (letters[:length] for length in range(LENGTH + 1))
            return tuple(number for key in keys for number in self._of.get(key, ()))
        near = letters if KNOWN.issuperset(letters) else ""  # a text's end, or a strange letter
        return tuple(
            {n for key, every in list(self._of.items()) if key.startswith(near[:1]) or not key for n in every}
        )


_Beginnings = tuple[frozenset[str], frozenset[str], frozenset[str]]


class _Register:
    """The plans of all patterns, and the tables of the three kinds of places."""

    def __init__(self) -> None:
        self.plans: dict[tuple[str, int], _Plan] = {}
        self.words, self.digits, self.lines = _Table(), _Table(), _Table()
        self.numbers: dict[_Beginnings, int] = {}
        self._lock = Lock()

    def plan(self, pattern: re.Pattern[str], how: str) -> _Plan:
        """The pattern's plan, made when it is first asked for."""
        # by identity, since a pattern's own hash reads all of it; the plan keeps the pattern alive
        return self.plans.get((how, id(pattern))) or self._added(pattern, how)

    def _added(self, pattern: re.Pattern[str], how: str) -> _Plan:
        with self._lock:
            plan = self.plans.get((how, id(pattern)))
            if plan is None:
                known = beginnings(pattern)
                if how == "anywhere":
                    plan = self._anywhere(pattern, known)
                else:
                    sign = _LETTER if how == "words" else _DIGIT
                    texts = frozenset(
                        b.text for b in known or (Beginning(),) if not b.text or sign.match(b.text)
                    )
                    none = frozenset[str]()
                    number = self._number((texts, none, none) if how == "words" else (none, texts, none))
                    plan = _Plan(number, True, (), pattern)
                self.plans[how, id(pattern)] = plan
            return plan

    def _anywhere(self, pattern: re.Pattern[str], known: Iterable[Beginning] | None) -> _Plan:
        lines, words, digits, signs = set[str](), set[str](), set[str](), set[str]()
        for b in known or ():
            if opens_line(b):
                lines.add(b.text)
            elif _LETTER.match(b.text) and opens_word(b):
                words.add(b.text)
            elif _DIGIT.match(b.text) and opens_number(b):
                digits.add(b.text)
            else:
                signs.add(b.text)
        sought = _fewest(signs)
        if not known or sought is None:
            return _Plan(-1, False, (), pattern)
        number = self._number((frozenset(words), frozenset(digits), frozenset(lines)))
        return _Plan(number, True, sought, pattern)

    def _number(self, kinds: _Beginnings) -> int:
        number = self.numbers.get(kinds)
        if number is None:
            number = len(self.numbers)
            for table, texts in zip((self.words, self.digits, self.lines), kinds, strict=True):
                table.add(number, texts)
            self.numbers[kinds] = number
        return number


def _fewest(signs: set[str]) -> tuple[str, ...] | None:
    """The signs, shortened where they are too many to look for; None where one would be in any text."""
    signs = {sign if sign[0].isalnum() or sign[0] in _BLANKS else sign[0] for sign in signs}
    for length in range(LENGTH, 0, -1):
        shorter = {sign[:length] for sign in signs}
        shorter = {s for s in shorter if not any(s[:n] in shorter for n in range(1, len(s)))}
        if len(shorter) <= (_MOST_SIGNS if length < LENGTH else _MOST_LONG):
            common = any(not s.strip(_BLANKS) or not KNOWN.issuperset(s) for s in shorter)
            return None if common else tuple(sorted(shorter))
    return None


_REGISTER = _Register()


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
    known = len(_REGISTER.numbers)
    tried: defaultdict[int, list[int]] = defaultdict(list)
    words, digits = list[int](), list[int]()
    position = 0
    while position >= 0:
        for number in _REGISTER.lines.numbers(text[position : position + LENGTH]):
            tried[number].append(position)
        position = text.find("\n", position) + 1 or -1
    of_words, of_digits = _REGISTER.words.numbers, _REGISTER.digits.numbers
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
    plan, read = _REGISTER.plan(pattern, "words"), _read(text)
    places = read.words if plan.number >= read.known else read.tried.get(plan.number)
    return matches_at(pattern, text, places) if places else iter(())


def at_digits(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """As `at_words` for a pattern that begins with the first of some digits."""
    plan, read = _REGISTER.plan(pattern, "digits"), _read(text)
    places = read.digits if plan.number >= read.known else read.tried.get(plan.number)
    return matches_at(pattern, text, places) if places else iter(())


def anywhere(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """As `pattern.finditer`, and faster where the pattern's beginnings are known.

    >>> [m.group() for m in anywhere(re.compile(r"(?<!\\w)[A-Z]\\d+|\\(\\d"), "A1 xB2 (3 B4")]
    ['A1', '(3', 'B4']
    """
    plan = _REGISTER.plan(pattern, "anywhere")
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
