"""Words of a text with their places."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from osteon.deid.values import fold

_LETTERS = r"[^\W\d_]+(?:(?<=[^\W\d_][cC])['’](?:[hH](?![^\W\d_])|[hH]o[^\W\d_]*))?"  # Breton: Le Floc'h
_WORD = re.compile(rf"{_LETTERS}(?:-{_LETTERS})*")
UPPER = r"(?:(?![a-zß-öø-ÿ])[^\W\d_])"
"""One letter that is not a small one of Western alphabets, for patterns."""


_START = attrgetter("start")


@dataclass(slots=True, unsafe_hash=True)  # frozen ones take three times as long to make, and no one writes
class Token:
    """One word; `folded` is upper case without accents."""

    start: int
    end: int
    text: str
    folded: str
    is_upper: bool
    """All capitals, two letters at least."""
    is_capitalised: bool
    """Starts with a capital."""


@lru_cache(maxsize=50_000)
def _seen(word: str) -> tuple[str, bool, bool]:
    return fold(word), len(word) > 1 and word.isupper(), word[0].isupper()


@lru_cache(maxsize=4)
def words(text: str) -> tuple[Token, ...]:
    """The words of the text; digits and signs stand between them.

    The last texts are remembered, because every recogniser asks for the same one.

    >>> [t.folded for t in words("L'épaule de Jean-Luc, 34 ans")]
    ['L', 'EPAULE', 'DE', 'JEAN-LUC', 'ANS']
    """
    return tuple(Token(m.start(), m.end(), m.group(), *_seen(m.group())) for m in _WORD.finditer(text))


def first_at(tokens: Sequence[Token], position: int) -> int:
    """The place of the first word that starts at or after the position; the number of words if none."""
    return bisect_left(tokens, position, key=_START)
