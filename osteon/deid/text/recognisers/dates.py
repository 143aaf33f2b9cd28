"""Dates in every French form, read as well as found, so that they can be shifted in the same form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from osteon.deid.text.languages import codes, language_data
from osteon.deid.text.recognisers.date_forms import (
    BIRTH_YEAR,
    DAY_BEFORE,
    MONTH_WORD,
    OF_SERIES,
    ROMAN_MONTHS,
    SCORE_BEFORE,
    SERIES,
    SPOKEN,
    SURE_OF_SERIES,
    date_patterns,
)
from osteon.deid.text.recognisers.date_periods import (
    days_before,
    find_periods,
    months_in_pairs,
    months_nearby,
)
from osteon.deid.text.searches import anywhere, at_digits, at_words
from osteon.deid.text.span import Span
from osteon.deid.text.spoken import number_of
from osteon.deid.values import fold


@cache
def month_numbers(code: str) -> dict[str, int]:
    """Folded month, whole or abbreviated -> 1 to 12, in the languages that are read; French wins."""
    numbers: dict[str, int] = {}
    for each in codes(code):
        for number, names in enumerate(language_data(each)["months"], 1):
            for name in names:
                numbers.setdefault(fold(name), number)
    return numbers


_DIGITS = re.compile(r"\d+")
_NOUGHTS = str.maketrans("Oo", "00")


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date with the places of its parts; day or year may be missing."""

    span: Span
    form: str
    day: int | None
    month: int
    year: int | None
    parts: tuple[tuple[str, int, int], ...]

    def as_date(self) -> date | None:
        """The day in the calendar; None where a part is missing or the day does not exist."""
        if self.day is None or self.year is None:
            return None
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None


def read_dates(text: str, code: str = "fr") -> list[FoundDate]:
    """Every date of the text with its parts, in the order of the forms; they may overlap."""
    found = []
    for pattern, score, form in date_patterns(code).forms:
        for match in _spoken(text) if pattern is SPOKEN else _SEARCHES.get(form, _anywhere)(pattern, text):
            read = _read(text, match, score, form, code)
            if read is not None:
                found.append(read)
    for match in _in_series(text):
        read = _read(text, match, 0.85, "day-month", code)
        if read is not None:
            found.append(read)
    if MONTH_WORD.search(text):
        found += _around_months(text, code)
    return found


def _anywhere(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    return anywhere(pattern, text)


_SEARCHES = {
    **dict.fromkeys(("ledger", "roman", "iso", "odd-signs", "spaced", "compact-iso"), at_digits),
    **dict.fromkeys(("month-number-year", "two-and-two"), at_digits),
    **dict.fromkeys(("compact", "month-year", "day-month", "weekday"), at_words),
}
"""Where the forms begin; `numeric` and `textual` may begin with a weekday or with digits."""


def _around_months(text: str, code: str) -> Iterator[FoundDate]:
    """Parts of a month, months in pairs and days that share a later day's month."""
    for match in (*months_nearby(text), *months_in_pairs(text)):
        read = _read(text, match, 0.985, "month-nearby", code)
        if read is not None:
            yield read
    for (low, high), month in days_before(text):
        days = [m.span() for m in _DIGITS.finditer(text, low, high)]
        value = month_numbers(code)[fold(month["month"])]
        for (start, end), following in zip(days, [*(s for s, _ in days[1:]), high], strict=True):
            span = Span(start, following, "DATE", 0.9, "date-days")
            day, year = int(text[start:end]), _year(month["year"])
            yield FoundDate(span, "days", day, value, year, (("day", start, end),))


def _in_series(text: str) -> Iterator[re.Match[str]]:
    """Days and months one after the other, one of them surely a date: `29 mars, 9/10, sam 28/08`."""
    for series in anywhere(SERIES, text):
        if SURE_OF_SERIES.search(series.group()):
            yield from OF_SERIES.finditer(text, series.start(), series.end())


def _spoken(text: str) -> Iterator[re.Match[str]]:
    """Dates in words from their month on, because a search for every number word is slow."""
    for month in at_words(MONTH_WORD, text):
        day = DAY_BEFORE.search(text, max(0, month.start() - 36), month.start())
        match = SPOKEN.match(text, day.start() if day else month.start())
        if match:
            yield match


def find_dates(text: str, code: str = "fr") -> list[Span]:
    """Spans of dates; birth dates where the words before say so."""
    years = [Span(*m.span("year"), "DATE_NAISSANCE", 0.8, "birth-year") for m in anywhere(BIRTH_YEAR, text)]
    return [*(found.span for found in read_dates(text, code)), *years, *find_periods(text)]


def _read(text: str, match: re.Match[str], score: float, form: str, code: str) -> FoundDate | None:
    start, end = match.span("whole") if "whole" in match.re.groupindex else match.span()
    scored = SCORE_BEFORE.search(text, max(0, start - 16), start) is not None
    if (form in {"numeric", "two-and-two"} and scored) or not _plausible(match, form):
        return None
    before = text[max(0, start - 28) : start]
    label = "DATE_NAISSANCE" if date_patterns(code).birth_before.search(before) else "DATE"
    parts = tuple(
        (name, *match.span(name))
        for name in ("day", "month", "year")
        if name in match.re.groupindex and match.group(name) is not None
    )
    values = {name: text[low:high] for name, low, high in parts}
    month = values["month"]
    squeezed = re.sub(r"\s", "", month)
    if form == "misread":
        values = {name: value.translate(_NOUGHTS) for name, value in values.items()}
        squeezed = values["month"]
    number = int(squeezed) if squeezed.isdigit() else month_numbers(code).get(fold(month).rstrip("."), 0)
    if form == "roman":
        number = ROMAN_MONTHS.index(month) + 1
    if not 1 <= number <= 12:
        return None
    day = _number(values["day"]) if "day" in values else None
    return FoundDate(
        Span(start, end, label, score, f"date-{form}"), form, day, number, _year(values.get("year")), parts
    )


def _plausible(match: re.Match[str], form: str) -> bool:
    """Numbers with blanks between are a date only with a whole year; 12/10 and 14/10 are measures."""
    if form == "numeric":
        return match["sep"].strip() != "" or len(match["year"]) == 4
    if form == "two-and-two":
        return (
            match.group().startswith("0")
            or match["month"][0] == "0"
            or (int(match["day"]) > 12 and match["month"] != "10")
        )
    return form != "spoken" or (match["day"] or match["year"]) is not None


def _number(written: str) -> int | None:
    digits = re.sub(r"\D", "", written)
    return int(digits) if digits else number_of(written)


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    value = _number(text)
    if value is None or value >= 100:
        return value
    return 2000 + value if value <= 35 else 1900 + value
