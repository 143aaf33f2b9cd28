"""Dates in every French form, read as well as found, so that they can be shifted in the same form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

from osteon.deid.text.languages import by_first_letter, codes, forms, language_data
from osteon.deid.text.span import Span
from osteon.deid.text.spoken import DAY, YEAR, number_of
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


_SPACE = r"[\s\u00a0]"
_NUMERIC = re.compile(
    r"(?<![\d/.,-])(?P<day>0?[1-9]|[12]\d|3[01])\s?(?P<sep>[/.\-\u2013]|(?<=\d)\s)\s?(?P<month>0?[1-9]|"
    r"1[0-2])\s?(?P=sep)\s?(?P<year>(?:18|19|20|21)\d{2}|\d{2})(?![\d/]|[.,-]\d)"
)
_ISO = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<sep>[-/.])(?P<month>0[1-9]|1[0-2])(?P=sep)(?P<day>0[1-9]|"
    r"[12]\d|3[01])(?!\d)"
)
_SPACED = re.compile(
    r"(?<![\d.,])(?P<day>(?:[0-3]\s)?\d)\s?(?P<sep>[/.\-]?)\s?(?P<month>(?:[01]\s)?\d)\s?(?P=sep)\s?(?P<year>[12]\s\d\s\d\s\d)(?!\d)(?!\s\d(?!\d|\s?(?:ans?|ANS?|mois|MOIS|a|A)\b))",
)
_COMPACT = re.compile(
    r"(?:(?:n[ée]e?|le|du|date|ddn|naissance|examen)\s*:?\s*)(?P<whole>(?P<day>0[1-9]|"
    r"[12]\d|3[01])(?P<month>0[1-9]|1[0-2])(?P<year>(?:19|20)\d{2}))(?!\d)",
    re.IGNORECASE,
)
_COMPACT_ISO = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)"
)
_MONTH_NUMBER_YEAR = re.compile(r"(?<![\d/.,-])(?P<month>0[1-9]|1[0-2])[/.-](?P<year>(?:19|20)\d{2})(?!\d)")
ROMAN_MONTHS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_ROMAN_MONTH = re.compile(
    rf"(?<![\w/.,-])(?P<day>0?[1-9]|[12]\d|3[01])(?P<sep>[/.-])"
    rf"(?P<month>{'|'.join(sorted(ROMAN_MONTHS, key=len, reverse=True))})"
    r"(?P=sep)(?P<year>(?:19|20)\d{2}|\d{2})(?![\w/]|[.,-]\d)"
)
_BIRTH_YEAR = re.compile(r"(?:°[ ]?|\bn[ée]e?(?:\(e\))? en )(?P<year>(?:19|20)\d{2})(?![\d/.-]\d|\d)")
_SCORE_BEFORE = re.compile(
    r"(?:apgar|score|eva|glasgow|tension|ta|pa|cotation|acuit[ée]|vision|page|p\.|s[ée]rie|image|"
    r"clich[ée]s?|stade|"
    r"grade|force)\s*:?\s*(?:à|a|de)?\s*$",
    re.IGNORECASE,
)
_TWO_AND_TWO = re.compile(
    r"(?<![\w/.,-])(?P<day>0[1-9]|[12]\d|3[01])/(?P<month>0[1-9]|1[0-2])(?![\w/]|[.,-]\d|\s*(?:mm|cm|%|e\b))"
)
_DAY_MONTH = (
    r"(?:(?:lun|mar|mer|jeu|ven|sam|dim)\.? )?\d{1,2}"
    r"(?:[/.]\d{1,2}| (?:janv|f[ée]vr|mars|avr|mai|juin|juil|ao[ûu]t|sept|oct|nov|d[ée]c)[a-zéû]*\.?)"
)
_SERIES = re.compile(
    rf"(?<![\d/.,]){_DAY_MONTH}(?:(?:, ?| ; ?| et ){_DAY_MONTH}(?![\d/]|[.,]\d)){{2,}}", re.IGNORECASE
)
_SURE_OF_SERIES = re.compile(r"[a-zé]{3}|(?<!\d)0\d[/.]|[/.]0\d", re.IGNORECASE)
_OF_SERIES = re.compile(
    r"(?<![\d/.])(?P<day>0?[1-9]|[12]\d|3[01])[/.](?P<month>0?[1-9]|1[0-2])(?![\d/]|[.,]\d)"
)
_MONTH_WORD = re.compile(
    r"\b(?=[jfmasond])(?:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|"
    r"novembre|d[ée]cembre)\b",
    re.IGNORECASE,
)
_DAY_BEFORE = re.compile(rf"(?<![\w-]){DAY}\s+$", re.IGNORECASE)
_SPOKEN = re.compile(
    rf"\b(?:(?P<day>{DAY})\s+)?(?P<month>janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|"
    rf"septembre|octobre|"
    rf"novembre|d[ée]cembre)\b(?:\s+(?P<year>{YEAR}|(?:19|20)\d{{2}})(?!\w))?",
    re.IGNORECASE,
)


class _Patterns(NamedTuple):
    forms: tuple[tuple[re.Pattern[str], float, str], ...]
    birth_before: re.Pattern[str]


@cache
def _patterns(code: str) -> _Patterns:
    month = (
        "(?:"
        + by_first_letter(sorted((re.escape(m) for m in _written_months(code)), key=len, reverse=True))
        + r")\.?"
    )
    weekday = rf"(?:(?:{forms('weekdays', code)})\b[.,]{{0,2}}\s*(?:le\s+)?)"
    textual = re.compile(
        rf"\b{weekday}?(?P<day>0?[1-9]|[12]\d|3[01])(?:er|ère|e|st|nd|rd|th)?{_SPACE}{{0,2}}(?:(?:de|"
        rf"of){_SPACE})?[-/.]?"
        rf"(?P<month>{month})(?![^\W\d_])(?:{_SPACE}{{0,2}}[-/.,]?{_SPACE}?(?P<year>(?:19|20|21)\d{{2}}|"
        rf"(?<!, )(?<!,)'?\d{{2}}(?![\d:hH])(?!\s*(?:ans|[mc]m\b|h\b|heures|mg|%))))?\b",
        re.IGNORECASE,
    )
    month_year = re.compile(
        rf"\b(?P<month>{month})(?![^\W\d_]){_SPACE}{{1,2}}(?:(?:de l'année|of){_SPACE})?(?P<year>(?:19|"
        rf"20)\d{{2}})\b",
        re.IGNORECASE,
    )
    day_month = re.compile(
        rf"(?:\b(?:{forms('date_words', code)})\s+(?:le\s+)?)(?P<whole>(?P<day>0?[1-9]|[12]\d|3[01])[/.]"
        r"(?P<month>0?[1-9]|1[0-2]))(?![\d/]|[.,]\d|\s*(?:mm|cm|ans))",
        re.IGNORECASE,
    )
    weekday_first = re.compile(
        rf"\b(?:{forms('weekdays', code)})\b\.?\s(?:le\s)?(?P<day>0?[1-9]|[12]\d|3[01])[/.]"
        r"(?P<month>0?[1-9]|1[0-2])(?![\d/]|[.,]\d|\s*(?:mm|cm))",
        re.IGNORECASE,
    )
    weekday_numeric = re.compile(rf"\b{weekday}{_NUMERIC.pattern}", re.IGNORECASE)
    found = [
        (textual, 0.97, "textual"),
        (weekday_numeric, 0.96, "numeric"),
        (weekday_first, 0.94, "weekday"),
        (_ROMAN_MONTH, 0.95, "roman"),
        (_NUMERIC, 0.95, "numeric"),
        (_ISO, 0.97, "iso"),
        (_SPACED, 0.98, "spaced"),
        (_COMPACT, 0.93, "compact"),
        (_COMPACT_ISO, 0.7, "compact-iso"),
        (month_year, 0.9, "month-year"),
        (day_month, 0.88, "day-month"),
        (_MONTH_NUMBER_YEAR, 0.85, "month-number-year"),
        (_TWO_AND_TWO, 0.6, "two-and-two"),
        (_SPOKEN, 0.96, "spoken"),
    ]
    if code == "en":
        american = re.compile(
            rf"\b{weekday}?(?P<month>{month}){_SPACE}(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?!\d)"
            rf"(?:,?{_SPACE}(?P<year>(?:19|20)\d{{2}}))?\b",
            re.IGNORECASE,
        )
        found.append((american, 0.96, "american"))
    births = re.compile(
        rf"(?:{forms('birth_words', code)})\s*(?:est)?\s*(?:le|op|on|:|=)?\s*$", re.IGNORECASE
    )
    return _Patterns(tuple(found), births)


def _written_months(code: str) -> list[str]:
    return [name for each in codes(code) for names in language_data(each)["months"] for name in names]


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
    for pattern, score, form in _patterns(code).forms:
        for match in _spoken(text) if pattern is _SPOKEN else pattern.finditer(text):
            read = _read(text, match, score, form, code)
            if read is not None:
                found.append(read)
    for match in _in_series(text):
        read = _read(text, match, 0.85, "day-month", code)
        if read is not None:
            found.append(read)
    return found


def _in_series(text: str) -> Iterator[re.Match[str]]:
    """Days and months one after the other, one of them surely a date: `29 mars, 9/10, sam 28/08`."""
    for series in _SERIES.finditer(text):
        if _SURE_OF_SERIES.search(series.group()):
            yield from _OF_SERIES.finditer(text, series.start(), series.end())


def _spoken(text: str) -> Iterator[re.Match[str]]:
    """Dates in words from their month on, because a search for every number word is slow."""
    for month in _MONTH_WORD.finditer(text):
        day = _DAY_BEFORE.search(text, max(0, month.start() - 28), month.start())
        match = _SPOKEN.match(text, day.start() if day else month.start())
        if match:
            yield match


def find_dates(text: str, code: str = "fr") -> list[Span]:
    """Spans of dates; birth dates where the words before say so."""
    years = [Span(*m.span("year"), "DATE_NAISSANCE", 0.8, "birth-year") for m in _BIRTH_YEAR.finditer(text)]
    return [found.span for found in read_dates(text, code)] + years


def _read(text: str, match: re.Match[str], score: float, form: str, code: str) -> FoundDate | None:
    start, end = match.span("whole") if "whole" in match.re.groupindex else match.span()
    scored = _SCORE_BEFORE.search(text, max(0, start - 16), start) is not None
    if (form in {"numeric", "two-and-two"} and scored) or not _plausible(match, form):
        return None
    before = text[max(0, start - 28) : start]
    label = "DATE_NAISSANCE" if _patterns(code).birth_before.search(before) else "DATE"
    parts = tuple(
        (name, *match.span(name))
        for name in ("day", "month", "year")
        if name in match.re.groupindex and match.group(name) is not None
    )
    values = {name: text[low:high] for name, low, high in parts}
    month = values["month"]
    squeezed = re.sub(r"\s", "", month)
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
    digits, value = re.sub(r"\D", "", text), _number(text)
    if value is None or len(digits) in {0, 4}:
        return value
    return 2000 + value if value <= 35 else 1900 + value
