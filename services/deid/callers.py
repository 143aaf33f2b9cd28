"""Who calls, and what a caller may do: the service's own token, and a token for each person."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from osteon.domain.errors import UsageError

DEID, REVIEW, REIDENTIFY, AUDIT = "deid", "review", "reidentify", "audit"
SCOPES = (DEID, REVIEW, REIDENTIFY, AUDIT)
_MIN_TOKEN = 16


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token it is; a program has no name and decides nothing."""

    person: str
    scopes: frozenset[str]


PROGRAM = Caller("", frozenset({DEID}))


class Callers:
    """The tokens that this service accepts."""

    def __init__(self, token: str, people: Mapping[str, Caller] | None = None) -> None:
        self._callers = {token.encode(): PROGRAM}
        for one, caller in (people or {}).items():
            if one.encode() in self._callers:
                raise UsageError("a token of each person's own", "the service's token", "make another")
            self._callers[one.encode()] = caller

    def of(self, header: str) -> Caller | None:
        """The caller of an Authorization header; every token is compared: time tells nothing."""
        scheme, _, given = header.partition(" ")
        found = None
        for known, caller in self._callers.items():
            if hmac.compare_digest(known, given.strip().encode()):
                found = caller
        return found if scheme == "Bearer" else None


def parse_people(text: str) -> dict[str, Caller]:
    """Lines of `TOKEN SCOPE,SCOPE NAME OF THE PERSON`; `#` begins a comment.

    >>> parse_people("abcdefghijklmnop review,audit Dr Anne Person")["abcdefghijklmnop"].person
    'Dr Anne Person'
    """
    people: dict[str, Caller] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split(maxsplit=2)
        if not words:
            continue
        scopes = frozenset(words[1].split(",")) if len(words) == 3 else frozenset()
        if len(words[0]) < _MIN_TOKEN or not scopes or not scopes <= frozenset(SCOPES) or words[0] in people:
            raise UsageError(
                f"lines of a token of {_MIN_TOKEN} characters, scopes among {', '.join(SCOPES)} and a name",
                "another line",
                "correct the file of people",
            )
        people[words[0]] = Caller(words[2].strip(), scopes)
    return people
