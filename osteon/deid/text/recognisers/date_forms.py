"""The forms of dates as patterns with their parts: numbers, words, blanks between digits, misread noughts."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from osteon.deid.text.languages import by_first_letter, codes, forms, language_data
from osteon.deid.text.spoken import DAY, TO_NINETY_NINE, YEAR

_SPACE = r"[\s\u00a0]"
_NUMERIC = re.compile(
    r"(?<![\d/.,-])(?P<day>0?[1-9]|[12]\d|3[01])\s?(?P<sep>[/.\-\u2013]|(?<=\d)\s)\s?(?P<month>0?[1-9]|"
    r"1[0-2])\s?(?P=sep)\s?(?P<year>(?:18|19|20|21)\d{2}|\d{2})(?!\d|[/.,]\d|-\d(?!\d?[h:]))"
)
_ISO = re.compile(
    r"(?<![\d.,/-])(?P<year>(?:19|20)\d{2})(?P<sep>[-/.])(?P<month>0?[1-9]|1[0-2])(?P=sep)(?P<day>0?[1-9]|"
    r"[12]\d|3[01])(?!\d|[.,/]\d)"
)
_ODD_SIGNS = re.compile(
    r"(?<![\w.,/-])(?P<day>0[1-9]|[12]\d|3[01])(?P<sep>[\\\\_|,:])(?P<month>0[1-9]|1[0-2])(?P=sep)"
    r"(?P<year>(?:19|20)\d{2})(?!\d|[.,:]\d)"
)
_MISREAD = re.compile(
    r"(?<![\w/.])(?=[\d/.-]*[Oo])(?P<day>[0-3Oo][\dOo])(?P<sep>[/.-]?)(?P<month>[01Oo][\dOo])(?P=sep)"
    r"(?P<year>(?:19|2[0Oo])[\dOo]{2})(?![\w/])"
)
"""A nought read as a letter: `O3/O4/2O19`."""
_SPACED = re.compile(
    r"(?<![\d.,])(?P<day>(?:[0-3]\s)?\d)\s?(?P<sep>[/.\-]?)\s?(?P<month>(?:[01]\s)?\d)\s?(?P=sep"
    r")\s?(?P<year>[12]\s\d\s\d\s\d)(?!\d)(?![ \t]\d(?!\d|\s?(?:ans?|ANS?|mois|MOIS|a|A)\b))",
)
_LEDGER = re.compile(
    r"(?<![\d/.])(?P<day>0[1-9]|[12]\d|3[01])[./](?P<month>0[1-9]|1[0-2])"
    r"(?=[ ,-]{1,3}(?:nuit|matin|soir|midi|apr[èe]s-midi|[01]?\d[hH]|2[0-3][hH])\b)",
    re.IGNORECASE,
)
"""A day of the ward's book: `22.08 nuit`."""
_COMPACT = re.compile(
    r"(?:(?:n[ée]e?|le|du|date|ddn|naissance|examen)\s*:?\s*)(?P<whole>(?P<day>0[1-9]|"
    r"[12]\d|3[01])(?P<month>0[1-9]|1[0-2])(?P<year>(?:19|20)\d{2}))(?!\d)",
    re.IGNORECASE,
)
_COMPACT_ISO = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)"
)
_MONTH_NUMBER_YEAR = re.compile(
    r"(?<![\w/.,-])(?P<month>0[1-9]|1[0-2]|[1-9](?=/))[/.-](?P<year>(?:19|20)\d{2})(?!\d|[/.]\d)"
)
ROMAN_MONTHS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_ROMAN_MONTH = re.compile(
    rf"(?<![\w/.,-])(?P<day>0?[1-9]|[12]\d|3[01])(?P<sep>[/.-])"
    rf"(?P<month>{'|'.join(sorted(ROMAN_MONTHS, key=len, reverse=True))})"
    r"(?P=sep)(?P<year>(?:19|20)\d{2}|\d{2})(?!\w|/\d|[.,-]\d)"
)
BIRTH_YEAR = re.compile(r"(?:°[ ]?|\bn[ée]e?(?:\(e\))? en )(?P<year>(?:19|20)\d{2})(?![\d/.-]\d|\d)")
SCORE_BEFORE = re.compile(
    r"(?:apgar|score|eva|glasgow|tension|ta|pa|cotation|acuit[ée]|vision|page|p\.|s[ée]rie|image|"
    r"clich[ée]s?|stade|"
    r"grade|force)\s*:?\s*(?:à|a|de)?\s*$",
    re.IGNORECASE,
)
_TWO_AND_TWO = re.compile(
    r"(?<![\w/.,-])(?P<day>0[1-9]|[12]\d|3[01])/(?P<month>0[1-9]|1[0-2])"
    r"(?!/|(?![Tà_]\d)\w|[.,]\d|-\d(?!\d?[h:])|\s*(?:mm|cm|%|e\b))"
)
_DAY_MONTH = (
    r"(?:(?:lun|mar|mer|jeu|ven|sam|dim)\.? )?\d{1,2}"
    r"(?:[/.]\d{1,2}| (?:janv|f[ée]vr|mars|avr|mai|juin|juil|ao[ûu]t|sept|oct|nov|d[ée]c)[a-zéû]*\.?)"
)
SERIES = re.compile(
    rf"(?<![\d/.,]){_DAY_MONTH}(?:(?:, ?| ; ?| et ){_DAY_MONTH}(?![\d/]|[.,]\d)){{2,}}", re.IGNORECASE
)
SURE_OF_SERIES = re.compile(r"[a-zé]{3}|(?<!\d)0\d[/.]|[/.]0\d", re.IGNORECASE)
OF_SERIES = re.compile(
    r"(?<![\d/.])(?P<day>0?[1-9]|[12]\d|3[01])[/.](?P<month>0?[1-9]|1[0-2])(?![\d/]|[.,]\d)"
)
MONTH_WORD = re.compile(
    r"\b(?=[jfmasond])(?:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|"
    r"novembre|d[ée]cembre)\b",
    re.IGNORECASE,
)
DAY_BEFORE = re.compile(
    rf"(?<![\w-])(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\s+)?{DAY}\s+$", re.IGNORECASE
)
_SHORT_YEAR = (
    r"(?:z[ée]ro |(?=(?:dix|onze|douze|treize|quatorze|quinze|seize|vingt|trente|quarante|cinquante|"
    rf"soixante|septante|octante|huitante|nonante|quatre[- ]vingt))){TO_NINETY_NINE}"
)
SPOKEN = re.compile(
    rf"\b(?:(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|"
    rf"dimanche)\s+)?(?P<day>{DAY})\s+)?(?P<month>janvier|f[ée]vrier|mars|avril|mai|juin|juillet|"
    rf"ao[ûu]t|"
    rf"septembre|octobre|novembre|d[ée]cembre)\b"
    rf"(?:\s+(?P<year>{YEAR}|(?:19|20)\d{{2}}|(?(day){_SHORT_YEAR}|(?!)))(?![\w-]))?",
    re.IGNORECASE,
)


class DatePatterns(NamedTuple):
    """Patterns of whole dates in the order of their ranks, and what stands before a birth date."""

    forms: tuple[tuple[re.Pattern[str], float, str], ...]
    birth_before: re.Pattern[str]


@cache
def date_patterns(code: str) -> DatePatterns:
    """The forms of the languages that are read, each with its score and name."""
    month = (
        "(?:"
        + by_first_letter(sorted((re.escape(m) for m in _written_months(code)), key=len, reverse=True))
        + r")\.?"
    )
    weekday = rf"(?:(?:{forms('weekdays', code)})\b[.,]{{0,2}}\s*(?:(?:le|dernier|prochain)\s+)?)"
    textual = re.compile(
        rf"\b{weekday}?(?P<day>0?[1-9]|[12]\d|3[01])(?:{_SPACE}?er|ère|e|st|nd|rd|"
        rf"th)?{_SPACE}{{0,2}}(?:(?:de|"
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
        r"(?P<month>0?[1-9]|1[0-2]))(?![\d/]|[.,]\d|\s*(?:mm|cm|ans|sup|inf|moyen|intern|extern|dist|prox|"
        r"ant[ée]r|post[ée]r))",
        re.IGNORECASE,
    )
    listed = re.compile(
        r"(?m)^[ \t]*(?:[-–•*·>][ \t]*)?(?P<whole>(?P<day>0?[1-9]|[12]\d|3[01])[/.](?P<month>0?[1-9]|"
        r"1[0-2]))(?=[ \t]?:)"
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
        (_ODD_SIGNS, 0.9, "odd-signs"),
        (_MISREAD, 0.9, "misread"),
        (_SPACED, 0.98, "spaced"),
        (_COMPACT, 0.93, "compact"),
        (_COMPACT_ISO, 0.7, "compact-iso"),
        (month_year, 0.9, "month-year"),
        (day_month, 0.88, "day-month"),
        (listed, 0.8, "listed"),
        (_LEDGER, 0.8, "ledger"),
        (_MONTH_NUMBER_YEAR, 0.85, "month-number-year"),
        (_TWO_AND_TWO, 0.6, "two-and-two"),
        (SPOKEN, 0.96, "spoken"),
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
    return DatePatterns(tuple(found), births)


def _written_months(code: str) -> list[str]:
    return [name for each in codes(code) for names in language_data(each)["months"] for name in names]
