"""What becomes of an age: kept, capped, put in a band of five years, or taken away.

Source of the cap: 45 CFR 164.514(b)(2)(i)(C), ages over 89 are aggregated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, get_args

from osteon.deid.text.recognisers.age_words import DECADES
from osteon.deid.text.span import Span
from osteon.deid.text.spoken import TO_NINETY_NINE, number_of
from osteon.deid.values import fold
from osteon.domain.errors import UsageError

AgeRule = Literal["keep", "cap", "band", "redact"]
BAND_YEARS = 5
_NUMBER = re.compile(r"\d{1,3}")
_IN_WORDS = re.compile(rf"\b{TO_NINETY_NINE}\b", re.IGNORECASE)
_SMALL = re.compile(r"mois|maand|month|sem|week|wek|jour|dag|day", re.IGNORECASE)


def require_age_rule(value: str) -> AgeRule:
    """The rule of that name.

    Raises:
        UsageError: none of that name.
    """
    for rule in get_args(AgeRule):
        if rule == value:
            return value  # type: ignore[return-value]  # one of the literals
    raise UsageError("keep, cap, band or redact for ages", "another word", "choose one of them")


def redacted_ages(spans: Iterable[Span], text: str, rule: AgeRule, cap_years: int) -> list[Span]:
    """The spans without the ages that the rule keeps as they are."""
    return [s for s in spans if s.label != "AGE" or _is_redacted(text[s.start : s.end], rule, cap_years)]


def _is_redacted(written: str, rule: AgeRule, cap_years: int) -> bool:
    if rule in {"band", "redact"}:
        return True
    return rule == "cap" and not _SMALL.search(written) and any(n > cap_years for n in _numbers(written))


def _numbers(written: str) -> list[int]:
    """The numbers as written; in words, the number or the least age of the decade."""
    numbers = [int(n) for n in _NUMBER.findall(written)]
    said = None if numbers else _IN_WORDS.search(written)
    if said:
        return [number_of(said.group()) or 0]
    return numbers or [least for word, least in DECADES.items() if fold(written).startswith(fold(word))]


def age_surrogate(written: str, rule: AgeRule, cap_years: int) -> str:
    """The age as the rule has it; what the rule has made already stays as it is.

    >>> age_surrogate("34 ans", "band", 89), age_surrogate("30-34 ans", "band", 89)
    ('30-34 ans', '30-34 ans')
    >>> age_surrogate("93 ans", "cap", 89), age_surrogate("7 mois", "band", 89)
    ('90 ans', '6-11 mois')
    >>> age_surrogate("quatre-vingt-douze ans", "band", 89)
    '[age]'
    """
    numbers = _numbers(written)
    first = _NUMBER.search(written)
    if rule == "redact" or first is None:
        return "[age]"
    unit = re.sub(r"^[\s\d/à-]*(?:ou \d+)?", " ", written[first.end() :])
    unit = re.sub(r"\s*(?:et demi|½|(?:et )?\d{1,2}\s?mois)$", "", unit, flags=re.IGNORECASE).rstrip()
    head = written[: first.start()]
    if _SMALL.search(written) and not re.search(r"ans?\b|jaar|year", written, re.IGNORECASE):
        return head + _small_band(numbers[0], unit)
    if max(numbers) > cap_years:
        return f"{head}{cap_years + 1}{unit}"
    if rule == "cap":
        return written
    low = numbers[0] // BAND_YEARS * BAND_YEARS
    return f"{head}{low}-{low + BAND_YEARS - 1}{unit}"


def _small_band(number: int, unit: str) -> str:
    size = (
        6 if re.search(r"mois|maand|month", unit, re.IGNORECASE) else 4 if re.search(r"sem|we", unit) else 7
    )
    low = number // size * size
    return f"{low}-{low + size - 1}{unit}"
