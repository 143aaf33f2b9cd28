"""Which characters a node of a pattern's tree takes, of those that are told apart."""

from __future__ import annotations

import re
from typing import Any

KNOWN = frozenset(map(chr, range(256))) | frozenset("œŒŸ’‘–—…•€→")
"""The characters that are told apart; any other may begin every match."""


class UnknownSignError(Exception):
    """A pattern names a sign that is not told apart: it may begin with anything."""


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


def characters_of(op: str, value: Any, flags: int) -> frozenset[str] | None:
    """The known characters that a node of one character takes; None for another node.

    Raises:
        UnknownSignError: it names a sign that is not told apart here.
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
                raise UnknownSignError
        elif name == "CATEGORY" and str(what) in _OF_CATEGORY:
            found |= _OF_CATEGORY[str(what)]
        else:
            raise UnknownSignError
    if negated:
        return KNOWN - found
    return _cased(frozenset(found), flags)


def _sign(number: int) -> str:
    """The character; a letter that is not told apart stands among those that may begin every match."""
    if chr(number) not in KNOWN and not chr(number).isalnum():
        raise UnknownSignError
    return chr(number)


def _cased(characters: frozenset[str], flags: int) -> frozenset[str]:
    if not flags & re.IGNORECASE:
        return characters
    return frozenset(
        v for c in characters for v in (c, c.lower(), c.upper(), c.upper().lower()) if len(v) == 1
    )


def is_explicit(op: str, value: Any) -> bool:
    """True for characters that are named or blanks, so that no unknown letter is among them."""
    if op == "LITERAL":
        return True
    return op == "IN" and all(
        str(kind) == "LITERAL" or (str(kind) == "CATEGORY" and str(what) == "CATEGORY_SPACE")
        for kind, what in value
    )
