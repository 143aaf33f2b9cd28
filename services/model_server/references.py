"""Instances that a request names instead of sending them."""

from __future__ import annotations

import re

from osteon.domain import UsageError

_UID = r"[0-9][0-9.]{0,63}"
_REFERENCE = rf"{_UID}(/{_UID}/{_UID})?"
REFERENCES_PATTERN = rf"^{_REFERENCE}(, ?{_REFERENCE})*$"


def read_references(text: str | None) -> tuple[str, ...]:
    """References from a form field: `STUDY` or `STUDY/SERIES/INSTANCE`, between commas.

    >>> read_references("1.2.3, 1.2.3/1.2.4/1.2.5")
    ('1.2.3', '1.2.3/1.2.4/1.2.5')
    """
    found = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    if not all(re.fullmatch(_REFERENCE, one) for one in found):
        raise UsageError(
            "UIDs as STUDY or STUDY/SERIES/INSTANCE, between commas", "another form",
            "send UIDs, never an address",
        )  # fmt: skip
    return found
