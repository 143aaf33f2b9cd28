"""Errors, named by what the caller does next.

    OsteonError                need, got, next_step; exit code
    ├── UsageError        (2)  the call is wrong: correct it and call again
    ├── RefusedError      (3)  the input is not acceptable: send another
    ├── QuarantinedError  (4)  in doubt: kept aside for a person to review
    └── FaultError        (1)  our side failed: retry, then report it

No error text holds a value of a data set or of a report: keywords, rules, counts and types only.
"""

from __future__ import annotations

import re
from typing import ClassVar


class OsteonError(Exception):
    """An error that says what was needed, what came, and what to do next.

    >>> print(RefusedError("a DICOM image", "a text file", "send the CR or DX instance"))
    needs a DICOM image; got a text file; send the CR or DX instance
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, need: str, got: str, next_step: str) -> None:
        super().__init__(need, got, next_step)
        self.need = need
        self.got = got
        self.next_step = next_step

    def __str__(self) -> str:
        return f"needs {self.need}; got {self.got}; {self.next_step}"

    @property
    def code(self) -> str:
        """What was needed as one word: how a review queue, a waiver and a count name this kind of error.

        >>> RefusedError("a DICOM image", "a text file", "send the CR or DX instance").code
        'a_dicom_image'
        """
        return re.sub(r"[^a-z]+", "_", self.need.lower()).strip("_")[:64]

    def as_dict(self) -> dict[str, dict[str, str]]:
        """The error as the JSON that every command and service answers with."""
        return {"error": {"need": self.need, "got": self.got, "next": self.next_step}}


class UsageError(OsteonError):
    """The call is wrong: correct its arguments and call again."""

    exit_code = 2


class RefusedError(OsteonError):
    """The input is not acceptable and nothing was produced from it."""

    exit_code = 3


class QuarantinedError(OsteonError):
    """The input is in doubt and was kept aside for a person to review."""

    exit_code = 4


class FaultError(OsteonError):
    """Our side failed; the input may be sent again unchanged."""

    exit_code = 1
