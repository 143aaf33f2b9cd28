"""Who decides, and why: both are asked for, and neither may tell who the patient is."""

from __future__ import annotations

import re

from osteon.domain.errors import UsageError

_REASON = re.compile(r"(?=.*\w{3})[^\x00-\x1f]{8,300}")
_PERSON = re.compile(r"(?=.*[^\W\d_]{2})[^\x00-\x1f]{3,80}")
_LONG_NUMBER = re.compile(r"\d(?:[\s./-]?\d){5,}")


def require_person(person: str, reason: str) -> None:
    """Returns when both are given and the reason holds no long number, which could be a patient's.

    Raises:
        UsageError: no name, no reason of eight characters or more, or one with a long number.
    """
    if not _PERSON.fullmatch(person.strip()):
        raise UsageError("the name of a person", "none, or another text", "name who decides: --person NAME")
    if not _REASON.fullmatch(reason.strip()):
        raise UsageError(
            "a reason of 8 to 300 characters", "none, or another length", "say why: --reason TEXT"
        )
    if _LONG_NUMBER.search(reason):
        raise UsageError(
            "a reason without identity", "one with a long number", "name the request, never the patient"
        )
