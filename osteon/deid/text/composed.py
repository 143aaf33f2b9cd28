"""A text as the recognisers read it: letters with their accents in one character, nothing invisible.

A PDF may hold an e and a combining accent, soft hyphens inside a name or zero-width blanks; a word
pattern ends at each of them. Spans are found in the composed text and given back in the original's places.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from osteon.deid.text.span import Span

_CLUSTER = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]+|.[\u0300-\u036f]*", re.DOTALL)
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_BOTHERING = re.compile(r"[\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff]")


@dataclass(frozen=True, slots=True)
class Composed:
    """The text to read; `places` maps its characters and its end to the original, None when nothing moved."""

    text: str
    places: tuple[int, ...] | None

    def original(self, span: Span) -> Span:
        """The span in the original's coordinates."""
        if self.places is None:
            return span
        return Span(self.places[span.start], self.places[span.end], span.label, span.score, span.rule)


def composed(text: str) -> Composed:
    """The text composed (NFC) and without invisible characters.

    >>> made = composed("Mme Lefe\\u0300v\\u00adre")
    >>> made.text, made.original(Span(4, 11, "NOM")).end
    ('Mme Lefèvre', 13)
    """
    if not _BOTHERING.search(text):
        return Composed(text, None)
    pieces: list[str] = []
    places: list[int] = []
    for match in _CLUSTER.finditer(text):
        if match.group()[0] in _INVISIBLE:
            continue
        piece = unicodedata.normalize("NFC", match.group())
        pieces.append(piece)
        places += [match.start()] * len(piece)
    return Composed("".join(pieces), (*places, len(text)))
