"""Ages above the cap; younger ones stay, for they carry meaning and hardly identify.

Source: 45 CFR 164.514(b)(2)(i)(C): ages over 89 are aggregated.
"""

from __future__ import annotations

import re

from osteon.deid.text.span import Span

_AGE = re.compile(r"(?<![\d.,/-])(?P<value>9\d|1[01]\d)\s?(?:ans?\b|a\b)", re.IGNORECASE)


def find_ages(text: str, cap_years: int = 89) -> list[Span]:
    """Spans of the numbers of ages above the cap."""
    return [
        Span(*match.span("value"), "AGE", 0.9, "age")
        for match in _AGE.finditer(text)
        if int(match["value"]) > cap_years
    ]
