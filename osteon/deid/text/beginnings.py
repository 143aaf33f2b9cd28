"""With which letters a match of a pattern can begin, so that it is tried there and nowhere else.

Read from the tree that `re` itself compiles (`re._parser`, an undocumented part of the standard library): a
superset of the truth, and None where nothing is known, so that a pattern is then searched for as `re` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from osteon.deid.text.pattern_characters import UnknownSignError, characters_of, is_explicit

try:
    from re import _parser as _tree  # type: ignore[attr-defined]  # typeshed leaves it out
except ImportError:  # pragma: no cover - another Python's `re`: slower, with the same matches
    _tree = None

LENGTH = 3
"""The letters of a beginning, at most."""
END = "\0"
"""Stands in a beginning for the text's end."""
_MOST = 5000
_NO_WORD_BEFORE, _NO_DIGIT_BEFORE, _BOUNDARY, _LINE = 1, 2, 4, 8


class Beginning(NamedTuple):
    """One way in which a match may begin: its first characters, and what stands before them.

    Args:
        before: bits: 1 no letter or digit, 2 no digit, 4 a word's boundary, 8 a line's break or nothing.
    """

    text: str = ""
    before: int = 0


def beginnings(pattern: re.Pattern[str]) -> frozenset[Beginning] | None:
    """Every beginning of a match, none of them empty but at a line's beginning; None where it is not known.

    Not known, too, where a match may be empty: `re` then finds a second one at the same place.

    >>> sorted(b.text for b in beginnings(re.compile(r"\\b(?:Dr|Mme)\\b")))
    ['Dr', 'Mme']
    >>> beginnings(re.compile("a*")) is None
    True
    """
    if _tree is None:
        return None
    try:
        tree = _tree.parse(pattern.pattern, pattern.flags)
        if tree.getwidth()[0] == 0:
            return None
        nodes = list(tree)
        found = _through(_Found({(0, 0, _NOTHING): {""}}, {}), nodes, pattern.flags)
        if str(nodes[-1][0]) == "ASSERT" and nodes[-1][1][0] == 1:  # what must follow, at the pattern's end
            found = _through(found, nodes[-1][1][1], pattern.flags)
    except UnknownSignError:
        return None
    whole = found.ended().whole
    every = frozenset(Beginning(text, before) for (before,), texts in whole.items() for text in texts)
    if any(not b.text and not b.before & _LINE for b in every):
        return None
    return every


def opens_line(beginning: Beginning) -> bool:
    """True where a line begins before it."""
    return bool(beginning.before & _LINE)


def opens_word(beginning: Beginning) -> bool:
    """True where no letter and no digit can stand before its first letter."""
    return bool(beginning.before & (_NO_WORD_BEFORE | _BOUNDARY))


def opens_number(beginning: Beginning) -> bool:
    """True where no digit can stand before its first digit."""
    return bool(beginning.before & (_NO_WORD_BEFORE | _NO_DIGIT_BEFORE | _BOUNDARY))


_NOTHING = frozenset[str]()
_Open = dict[tuple[int, int, frozenset[str]], set[str]]
_Whole = dict[tuple[int], set[str]]


class _Found(NamedTuple):
    """The beginnings up to a node of the tree.

    Args:
        open: those that the next node makes longer, by what stands before them, their length, and what the
            next character is not.
        whole: those that are long enough or of which no more is known, by what stands before them.
    """

    open: _Open
    whole: _Whole

    def size(self) -> int:
        return sum(map(len, self.open.values())) + sum(map(len, self.whole.values()))

    def cut(self, length: int) -> _Found:
        """With no beginning longer than this."""
        whole: _Whole = {}
        for key, texts in self.whole.items():
            whole.setdefault(key, set()).update(text[:length] for text in texts)
        for (before, long, _), texts in self.open.items():
            if long >= length:
                whole.setdefault((before,), set()).update(text[:length] for text in texts)
        return _Found({key: texts for key, texts in self.open.items() if key[1] < length}, whole)

    def ended(self) -> _Found:
        """Of which no more is known."""
        return _joined([_Found({}, self.whole), *(_Found({}, {(k[0],): t}) for k, t in self.open.items())])


def _joined(parts: Iterable[_Found]) -> _Found:
    joined = _Found({}, {})
    for part in parts:
        for key, texts in part.open.items():
            joined.open.setdefault(key, set()).update(texts)
        for bits, texts in part.whole.items():
            joined.whole.setdefault(bits, set()).update(texts)
    return joined


def _through(found: _Found, nodes: Iterable[tuple[Any, Any]], flags: int) -> _Found:
    for op, value in nodes:
        if not found.open:
            break
        found = _step(found, str(op), value, flags)
        for length in range(LENGTH - 1, -1, -1):
            if found.size() <= _MOST:
                break
            found = found.cut(length)
    return found


def _step(found: _Found, op: str, value: Any, flags: int) -> _Found:
    """What follows each of the beginnings when one node more is read."""
    read = _NODES.get(op)
    if read is not None:
        return read(found, value, flags)
    characters = characters_of(op, value, flags)
    if characters is None:  # a reference to a group, or a node of a later Python
        return found.ended()
    return _extended(found, characters)


def _extended(found: _Found, characters: frozenset[str]) -> _Found:
    for length in range(LENGTH - 1, 0, -1):  # of too many, the longest are long enough
        if len(characters) * sum(map(len, found.open.values())) <= _MOST:
            break
        closed = _Found({key: texts for key, texts in found.open.items() if key[1] >= length}, found.whole)
        kept = {key: texts for key, texts in found.open.items() if key[1] < length}
        found = _Found(kept, closed.ended().whole)
    longer = []
    for (before, length, never), texts in found.open.items():
        new = {text + c for text in texts for c in characters - never}
        is_whole = length + 1 == LENGTH
        longer.append(
            _Found({}, {(before,): new}) if is_whole else _Found({(before, length + 1, _NOTHING): new}, {})
        )
    return _joined([_Found({}, found.whole), *longer])


def _branch(found: _Found, value: Any, flags: int) -> _Found:
    return _joined(_through(found, nodes, flags) for nodes in value[1])


def _group(found: _Found, value: Any, flags: int) -> _Found:
    _, added, removed, nodes = value
    return _through(found, nodes, (flags | added) & ~removed)


def _atomic(found: _Found, value: Any, flags: int) -> _Found:
    return _through(found, value, flags)


def _repeat(found: _Found, value: Any, flags: int) -> _Found:
    least, most, nodes = value
    reached = []
    for number in range(LENGTH + 1):
        if number >= least:
            reached.append(found)
        if number == min(int(most), LENGTH):
            break
        found = _through(found, nodes, flags)
    every = _joined([*reached, found])
    return every.ended() if least > LENGTH else every


def _at(found: _Found, value: Any, flags: int) -> _Found:  # noqa: ARG001
    place = str(value)
    if place == "AT_BOUNDARY":
        return _before(found, _BOUNDARY)
    if place in {"AT_BEGINNING_STRING", "AT_BEGINNING"}:
        return _before(found, _LINE)
    if place == "AT_END_STRING":
        ends: _Whole = {}
        for (before, _, _), texts in found.open.items():
            ends.setdefault((before,), set()).update(text and text + END for text in texts)
        return _joined([_Found({}, found.whole), _Found({}, ends)])
    return found


def _look(found: _Found, value: Any, flags: int) -> _Found:
    """A look behind counts where its last character can be of no word; one ahead is left out."""
    direction, nodes = value
    if direction == -1 and len(nodes):
        op, last = list(nodes)[-1]
        characters = characters_of(str(op), last, flags)
        if characters is not None and not any(c.isalnum() or c == "_" for c in characters):
            return _before(found, _NO_WORD_BEFORE) if is_explicit(str(op), last) else found
    return found


def _look_not(found: _Found, value: Any, flags: int) -> _Found:
    """A look for one character that must not stand before or after; any other look is left out."""
    direction, nodes = value
    if len(nodes) != 1:
        return found
    op, one = next(iter(nodes))
    negated = str(op) == "IN" and str(one[0][0]) == "NEGATE"
    if direction == -1:
        classes = (
            {str(v) for o, v in one if str(o) == "CATEGORY"} if str(op) == "IN" and not negated else set()
        )
        word, digit = "CATEGORY_WORD" in classes, "CATEGORY_DIGIT" in classes
        return _before(found, _NO_WORD_BEFORE * word | _NO_DIGIT_BEFORE * digit)
    plain = str(op) == "LITERAL" or (str(op) == "IN" and not negated)
    characters = characters_of(str(op), one, flags & ~re.IGNORECASE) if plain else None
    if characters is None:
        return found
    kept: _Open = {}
    for (before, length, never), texts in found.open.items():
        kept.setdefault((before, length, never | characters), set()).update(texts)
    return _Found(kept, found.whole)


def _before(found: _Found, bits: int) -> _Found:
    kept: _Open = {}
    for (before, length, never), texts in found.open.items():
        kept.setdefault((before if length else before | bits, length, never), set()).update(texts)
    return _Found(kept, found.whole)


_Reader = Callable[[_Found, Any, int], _Found]
_NODES: dict[str, _Reader] = {
    "BRANCH": _branch,
    "SUBPATTERN": _group,
    "ATOMIC_GROUP": _atomic,
    "MAX_REPEAT": _repeat,
    "MIN_REPEAT": _repeat,
    "POSSESSIVE_REPEAT": _repeat,
    "AT": _at,
    "ASSERT": _look,
    "ASSERT_NOT": _look_not,
}
