"""Identifiers: original and pseudonymous ones are different types, and neither prints its value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OriginalId:
    """An identifier as the hospital wrote it; `repr` and `str` never show it.

    >>> OriginalId("DUPONT^MARIE")
    OriginalId(redacted)
    """

    value: str

    def __repr__(self) -> str:
        return "OriginalId(redacted)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """An identifier that the project's key made; `repr` shows only its first characters.

    >>> Pseudonym("P7K2QX9ABCD")
    Pseudonym(P7K2…)
    """

    value: str

    def __repr__(self) -> str:
        return f"Pseudonym({self.value[:4]}…)"

    __str__ = __repr__


Identifier = OriginalId | Pseudonym
