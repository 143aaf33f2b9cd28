"""Where each pattern is tried: for the letters that begin a word, a number or a line, the patterns of them.

Made of the patterns alone, which live as long as the process.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple

from osteon.deid.text.beginnings import (
    LENGTH,
    Beginning,
    beginnings,
    opens_line,
    opens_number,
    opens_word,
)
from osteon.deid.text.pattern_characters import KNOWN

_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_MOST_LONG, _MOST_SIGNS, _MOST_COMBINED = 12, 32, 1 << 14
_BLANKS = " \t\u00a0"


class Plan(NamedTuple):
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


class Register:
    """The plans of all patterns, and the tables of the three kinds of places."""

    def __init__(self) -> None:
        self.plans: dict[tuple[str, int], Plan] = {}
        self.words, self.digits, self.lines = _Table(), _Table(), _Table()
        self.numbers: dict[_Beginnings, int] = {}
        self._lock = Lock()

    def plan(self, pattern: re.Pattern[str], how: str) -> Plan:
        """The pattern's plan, made when it is first asked for."""
        # by identity, since a pattern's own hash reads all of it; the plan keeps the pattern alive
        return self.plans.get((how, id(pattern))) or self._added(pattern, how)

    def _added(self, pattern: re.Pattern[str], how: str) -> Plan:
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
                    plan = Plan(number, True, (), pattern)
                self.plans[how, id(pattern)] = plan
            return plan

    def _anywhere(self, pattern: re.Pattern[str], known: Iterable[Beginning] | None) -> Plan:
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
            return Plan(-1, False, (), pattern)
        number = self._number((frozenset(words), frozenset(digits), frozenset(lines)))
        return Plan(number, True, sought, pattern)

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


REGISTER = Register()
