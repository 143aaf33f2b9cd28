"""Dates in every French form, read as well as found, so that they can be shifted in the same form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from osteon.deid.text.span import Span
from osteon.deid.values import fold

MONTHS = (
    ("janvier", "janv", "jan"),
    ("février", "fevrier", "févr", "fevr", "fév", "fev"),
    ("mars", "mar"),
    ("avril", "avr"),
    ("mai",),
    ("juin",),
    ("juillet", "juil"),
    ("août", "aout", "aoû"),
    ("septembre", "sept", "sep"),
    ("octobre", "oct"),
    ("novembre", "nov"),
    ("décembre", "decembre", "déc", "dec"),
)
MONTH_NUMBER = {fold(form): number for number, forms in enumerate(MONTHS, 1) for form in forms}
_MONTH = (
    "(?:" + "|".join(sorted((form for forms in MONTHS for form in forms), key=len, reverse=True)) + r")\.?"
)
_WEEKDAY = (
    r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun|mar|mer|jeu|ven|sam|dim)\b[.,]{0,2}\s*)"
)
_SPACE = r"[\s\u00a0]"
_TEXTUAL = re.compile(
    rf"\b{_WEEKDAY}?(?P<day>0?[1-9]|[12]\d|3[01])(?:er|ère|e)?{_SPACE}{{0,2}}(?:de{_SPACE})?[-/.]?(?P<month>{_MONTH})(?![^\W\d_])"
    rf"(?:{_SPACE}{{0,2}}[-/.,]?{_SPACE}?(?P<year>(?:19|20|21)\d{{2}}|'?\d{{2}}(?![\d:hH])(?!\s*(?:ans|"
    rf"mm|cm|h\b|heures|mg|%))))?\b",
    re.IGNORECASE,
)
_MONTH_YEAR = re.compile(
    rf"\b(?P<month>{_MONTH})(?![^\W\d_]){_SPACE}{{1,2}}(?P<year>(?:19|20)\d{{2}})\b", re.IGNORECASE
)
_NUMERIC = re.compile(
    r"(?<![\d/.,-])(?P<day>0?[1-9]|[12]\d|3[01])(?P<sep>\s?[/.\-\u2013]\s?|\s)(?P<month>0?[1-9]|"
    r"1[0-2])(?P=sep)(?P<year>(?:18|19|20|21)\d{2}|\d{2})(?![\d/]|[.,-]\d)"
)
_ISO = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<sep>[-/.])(?P<month>0[1-9]|1[0-2])(?P=sep)(?P<day>0[1-9]|"
    r"[12]\d|3[01])(?!\d)"
)
_SPACED = re.compile(
    r"(?<![\d.,])(?P<day>(?:[0-3]\s)?\d)\s?(?P<sep>[/.\-]?)\s?(?P<month>(?:[01]\s)?\d)\s?(?P=sep)\s?(?P<year>[12]\s\d\s\d\s\d)(?!\s?\d)"
)
_COMPACT = re.compile(
    r"(?:(?:n[ée]e?|le|du|date|ddn|naissance|examen)\s*:?\s*)(?P<whole>(?P<day>0[1-9]|"
    r"[12]\d|3[01])(?P<month>0[1-9]|1[0-2])(?P<year>(?:19|20)\d{2}))(?!\d)",
    re.IGNORECASE,
)
_COMPACT_ISO = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)"
)
_DAY_MONTH = re.compile(
    r"(?:\b(?:le|du|au|depuis|d[ée]but|avant|apr[èe]s|jusqu'au|vers|entre|et|d[èe]s)\s+(?:le\s+)?)(?P<whole>(?P<day>0?[1-9]|"
    r"[12]\d|3[01])[/.](?P<month>0?[1-9]|1[0-2]))(?![\d/]|[.,]\d|\s*(?:mm|cm|ans))",
    re.IGNORECASE,
)
_MONTH_NUMBER_YEAR = re.compile(r"(?<![\d/.,-])(?P<month>0[1-9]|1[0-2])[/.-](?P<year>(?:19|20)\d{2})(?!\d)")
_SCORE_BEFORE = re.compile(
    r"(?:apgar|score|eva|glasgow|tension|ta|pa|cotation)\s*:?\s*(?:à|a|de)?\s*$", re.IGNORECASE
)
_BIRTH_BEFORE = re.compile(
    r"(?:\bn[ée]{1,2}e?\s*\(?e?\)?\s*(?:le|en)?|naissance|\bddn|\bd\.d\.n\.?|\bn[ée]\(e\)(?: "
    r"le)?)\s*(?:est)?\s*(?:le|:|=)?\s*$",
    re.IGNORECASE,
)
_FORMS = (
    (_TEXTUAL, 0.97, "textual"),
    (_NUMERIC, 0.95, "numeric"),
    (_ISO, 0.97, "iso"),
    (_SPACED, 0.98, "spaced"),
    (_COMPACT, 0.93, "compact"),
    (_COMPACT_ISO, 0.7, "compact-iso"),
    (_MONTH_YEAR, 0.9, "month-year"),
    (_DAY_MONTH, 0.88, "day-month"),
    (_MONTH_NUMBER_YEAR, 0.85, "month-number-year"),
)


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


def read_dates(text: str) -> list[FoundDate]:
    """Every date of the text with its parts, in the order of the forms; they may overlap."""
    found = []
    for pattern, score, form in _FORMS:
        for match in pattern.finditer(text):
            read = _read(text, match, score, form)
            if read is not None:
                found.append(read)
    return found


def find_dates(text: str) -> list[Span]:
    """Spans of dates; birth dates where the words before say so."""
    return [found.span for found in read_dates(text)]


def _read(text: str, match: re.Match[str], score: float, form: str) -> FoundDate | None:
    start, end = match.span("whole") if "whole" in match.re.groupindex else match.span()
    if form == "numeric" and (_SCORE_BEFORE.search(text, max(0, start - 16), start) or not _plausible(match)):
        return None
    before = text[max(0, start - 28) : start]
    label = "DATE_NAISSANCE" if _BIRTH_BEFORE.search(before) else "DATE"
    parts = tuple(
        (name, *match.span(name))
        for name in ("day", "month", "year")
        if name in match.re.groupindex and match.group(name) is not None
    )
    values = {name: text[low:high] for name, low, high in parts}
    month = values["month"]
    squeezed = re.sub(r"\s", "", month)
    number = int(squeezed) if squeezed.isdigit() else MONTH_NUMBER.get(fold(month).rstrip("."), 0)
    if not 1 <= number <= 12:
        return None
    day = int(re.sub(r"\D", "", values["day"])) if "day" in values else None
    return FoundDate(
        Span(start, end, label, score, f"date-{form}"), form, day, number, _year(values.get("year")), parts
    )


def _plausible(match: re.Match[str]) -> bool:
    """Numbers with blanks between are a date only with a year of four digits."""
    return match["sep"].strip() != "" or len(match["year"]) == 4


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    digits = re.sub(r"\D", "", text)
    value = int(digits)
    if len(digits) == 4:
        return value
    return 2000 + value if value <= 35 else 1900 + value
