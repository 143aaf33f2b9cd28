"""With which letters a match of a pattern can begin, so that it is tried there and nowhere else.

Read from the tree that `re` itself compiles (`re._parser`, an undocumented part of the standard library): a
superset of the truth, and None where nothing is known, so that a pattern is then searched for as `re` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

try:
    from re import _parser as _tree  # type: ignore[attr-defined]  # typeshed leaves it out
except ImportError:  # pragma: no cover - another Python's `re`: slower, with the same matches
    _tree = None

LENGTH = 3
"""The letters of a beginning, at most."""
END = "\0"
"""Stands in a beginning for the text's end."""
_MOST = 5000
KNOWN = frozenset(map(chr, range(256))) | frozenset("œŒŸ’‘–—…•€→")
"""The characters that are told apart; any other may begin every match."""
_NO_WORD_BEFORE, _NO_DIGIT_BEFORE, _BOUNDARY, _LINE = 1, 2, 4, 8


class Beginning(NamedTuple):
    """One way in which a match may begin: its first characters, and what stands before them.

    Args:
        before: bits: 1 no letter or digit, 2 no digit, 4 a word's boundary, 8 a line's break or nothing.
        is_whole: no further character is known.
        never: what the next character is not.
    """

    text: str = ""
    before: int = 0
    is_whole: bool = False
    never: frozenset[str] = frozenset()


class _UnknownError(Exception):
    """Something that is not read here: the pattern may begin with anything."""


def beginnings(pattern: re.Pattern[str]) -> frozenset[Beginning] | None:
    """Every beginning of a match, none of them empty but at a line's beginning; None where it is not known.

    >>> sorted(b.text for b in beginnings(re.compile(r"\\b(?:Dr|Mme)\\b")))
    ['Dr', 'Mme']
    >>> beginnings(re.compile("a*")) is None
    True
    """
    if _tree is None:
        return None
    try:
        nodes = list(_tree.parse(pattern.pattern, pattern.flags))
        found = _through({Beginning()}, nodes, pattern.flags)
        if str(nodes[-1][0]) == "ASSERT" and nodes[-1][1][0] == 1:  # what must follow, at the pattern's end
            found = _through(found, nodes[-1][1][1], pattern.flags)
    except _UnknownError:
        return None
    plain = frozenset(Beginning(b.text, b.before) for b in found)
    if any(not b.text and not b.before & _LINE for b in plain):
        return None
    return plain


def opens_line(beginning: Beginning) -> bool:
    """True where a line begins before it."""
    return bool(beginning.before & _LINE)


def opens_word(beginning: Beginning) -> bool:
    """True where no letter and no digit can stand before its first letter."""
    return bool(beginning.before & (_NO_WORD_BEFORE | _BOUNDARY))


def opens_number(beginning: Beginning) -> bool:
    """True where no digit can stand before its first digit."""
    return bool(beginning.before & (_NO_WORD_BEFORE | _NO_DIGIT_BEFORE | _BOUNDARY))


def _through(found: set[Beginning], nodes: Iterable[tuple[Any, Any]], flags: int) -> set[Beginning]:
    for op, value in nodes:
        if all(b.is_whole for b in found):
            break
        longer = _step(found, str(op), value, flags)
        for length in range(LENGTH - 1, -1, -1):
            if len(longer) <= _MOST:
                break
            longer = {
                Beginning(b.text[:length], b.before, b.is_whole or len(b.text) >= length) for b in longer
            }
        found = longer
    return found


def _step(found: set[Beginning], op: str, value: Any, flags: int) -> set[Beginning]:
    """What follows each of the beginnings when one node more is read."""
    read = _NODES.get(op)
    if read is not None:
        return read(found, value, flags)
    characters = _characters(op, value, flags)
    if characters is None:  # a reference to a group, or a node of a later Python
        return {b._replace(is_whole=True) for b in found}
    return _extended(found, characters)


def _extended(found: set[Beginning], characters: frozenset[str]) -> set[Beginning]:
    whole = {b for b in found if b.is_whole}
    for length in range(LENGTH - 1, 0, -1):  # of too many, the longest are long enough
        if len(characters) * (len(found) - len(whole)) <= _MOST:
            break
        whole |= {b._replace(is_whole=True) for b in found if len(b.text) >= length}
        found = {b for b in found if len(b.text) < length or b.is_whole}
    longer = {
        Beginning(b.text + c, b.before, len(b.text) + 1 == LENGTH)
        for b in found
        if not b.is_whole
        for c in characters - b.never
    }
    return whole | longer


def _branch(found: set[Beginning], value: Any, flags: int) -> set[Beginning]:
    return set().union(*(_through(found, nodes, flags) for nodes in value[1]))


def _group(found: set[Beginning], value: Any, flags: int) -> set[Beginning]:
    _, added, removed, nodes = value
    return _through(found, nodes, (flags | added) & ~removed)


def _atomic(found: set[Beginning], value: Any, flags: int) -> set[Beginning]:
    return _through(found, value, flags)


def _repeat(found: set[Beginning], value: Any, flags: int) -> set[Beginning]:
    least, most, nodes = value
    reached: set[Beginning] = set()
    for number in range(LENGTH + 1):
        if number >= least:
            reached |= found
        if number == min(int(most), LENGTH):
            break
        found = _through(found, nodes, flags)
    reached |= found
    return {b._replace(is_whole=True) for b in reached} if least > LENGTH else reached


def _at(found: set[Beginning], value: Any, flags: int) -> set[Beginning]:  # noqa: ARG001
    place = str(value)
    if place == "AT_BOUNDARY":
        return _before(found, _BOUNDARY)
    if place in {"AT_BEGINNING_STRING", "AT_BEGINNING"}:
        return _before(found, _LINE)
    if place == "AT_END_STRING":
        return {b if b.is_whole else b._replace(text=b.text and b.text + END, is_whole=True) for b in found}
    return found


def _behind(found: set[Beginning], value: Any, flags: int) -> set[Beginning]:
    """A look at what stands before or after; what it asks of one character counts, all else is left out."""
    direction, nodes = value
    if direction == -1 and len(nodes):
        op, last = list(nodes)[-1]
        characters = _characters(str(op), last, flags)
        if characters is not None and not any(c.isalnum() or c == "_" for c in characters):
            return _before(found, _NO_WORD_BEFORE) if _is_explicit(str(op), last) else found
    return found


def _not_behind(found: set[Beginning], value: Any, flags: int) -> set[Beginning]:
    direction, nodes = value
    if len(nodes) != 1:
        return found
    op, one = next(iter(nodes))
    if direction == -1:
        classes = {str(v) for o, v in one if str(o) == "CATEGORY"} if str(op) == "IN" else set()
        if str(op) == "IN" and str(one[0][0]) == "NEGATE":
            return found
        bits = _NO_WORD_BEFORE * ("CATEGORY_WORD" in classes) | _NO_DIGIT_BEFORE * (
            "CATEGORY_DIGIT" in classes
        )
        return _before(found, bits)
    plain = str(op) == "LITERAL" or (str(op) == "IN" and str(one[0][0]) != "NEGATE")
    characters = _characters(str(op), one, flags & ~re.IGNORECASE) if plain else None
    if characters is None:
        return found
    return {b if b.is_whole else b._replace(never=b.never | characters) for b in found}


def _before(found: set[Beginning], bits: int) -> set[Beginning]:
    return {b if b.text or b.is_whole else b._replace(before=b.before | bits) for b in found}


_Reader = Callable[[set[Beginning], Any, int], set[Beginning]]
_NODES: dict[str, _Reader] = {
    "BRANCH": _branch,
    "SUBPATTERN": _group,
    "ATOMIC_GROUP": _atomic,
    "MAX_REPEAT": _repeat,
    "MIN_REPEAT": _repeat,
    "POSSESSIVE_REPEAT": _repeat,
    "AT": _at,
    "ASSERT": _behind,
    "ASSERT_NOT": _not_behind,
}
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_OF_CATEGORY = {
    name: frozenset(c for c in KNOWN if re.fullmatch(sign, c)) for name, sign in _CATEGORIES.items()
}


def _characters(op: str, value: Any, flags: int) -> frozenset[str] | None:
    """The known characters that a node of one character takes; None for another node.

    Raises:
        _UnknownError: it names a sign that is not told apart here.
    """
    if op in {"ANY", "NOT_LITERAL"}:
        return KNOWN
    if op == "LITERAL":
        return _cased(frozenset({_sign(value)}), flags)
    if op != "IN":
        return None
    found: set[str] = set()
    negated = False
    for kind, what in value:
        name = str(kind)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            found.add(chr(what) if negated else _sign(what))
        elif name == "RANGE":
            low, high = what
            found.update(c for c in KNOWN if low <= ord(c) <= high)
            if not negated and any(
                not chr(n).isalnum() for n in range(max(low, 256), min(high, low + 512) + 1)
            ):
                raise _UnknownError
        elif name == "CATEGORY" and str(what) in _OF_CATEGORY:
            found |= _OF_CATEGORY[str(what)]
        else:
            raise _UnknownError
    if negated:
        return KNOWN - found
    return _cased(frozenset(found), flags)


def _sign(number: int) -> str:
    """The character; a letter that is not told apart stands among those that may begin every match."""
    if chr(number) not in KNOWN and not chr(number).isalnum():
        raise _UnknownError
    return chr(number)


def _cased(characters: frozenset[str], flags: int) -> frozenset[str]:
    if not flags & re.IGNORECASE:
        return characters
    return frozenset(
        v for c in characters for v in (c, c.lower(), c.upper(), c.upper().lower()) if len(v) == 1
    )


def _is_explicit(op: str, value: Any) -> bool:
    """True for characters that are named or blanks, so that no unknown letter is among them."""
    if op == "LITERAL":
        return True
    return op == "IN" and all(
        str(kind) == "LITERAL" or (str(kind) == "CATEGORY" and str(what) == "CATEGORY_SPACE")
        for kind, what in value
    )
