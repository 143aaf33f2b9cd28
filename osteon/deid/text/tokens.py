"""Words of a text with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from osteon.deid.values import fold

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `folded` is upper case without accents."""

    start: int
    end: int
    text: str
    folded: str

    @property
    def is_upper(self) -> bool:
        """All capitals, two letters at least."""
        return len(self.text) > 1 and self.text.isupper()

    @property
    def is_capitalised(self) -> bool:
        """Starts with a capital."""
        return self.text[0].isupper()


@lru_cache(maxsize=4)
def words(text: str) -> tuple[Token, ...]:
    """The words of the text; digits and signs stand between them.

    The last texts are remembered, because every recogniser asks for the same one.

    >>> [t.folded for t in words("L'épaule de Jean-Luc, 34 ans")]
    ['L', 'EPAULE', 'DE', 'JEAN-LUC', 'ANS']
    """
    return tuple(Token(m.start(), m.end(), m.group(), fold(m.group())) for m in _WORD.finditer(text))
