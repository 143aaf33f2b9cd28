"""Dates that are no single day: `mi-mars 2019`, `du 3 au 7 mars`, `S12 2019`, `l'hiver dernier`, `jeudi 14`.

Forms with a month are read like any date, so that they are shifted; the others are found only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from osteon.deid.text.recognisers.date_forms import SCORE_BEFORE
from osteon.deid.text.searches import anywhere, at_digits, at_words
from osteon.deid.text.span import Span

_MONTH = r"(?:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|novembre|d[ée]cembre)"
_YEAR = r"(?:19|20)\d{2}"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_NEAR = (
    r"(?:\s(?:de\s)?(?:cette année|l['’](?:an(?:née)? (?:derni[eè]re?|pass[ée]e?)))"
    r"|\s(?:derniere?|dernier|prochain|pass[ée]|[ée]coul[ée]|courant)(?!\w))"
)
MONTHS_NEARBY = re.compile(
    rf"\b(?=[jfmasondc])(?P<part>(?:mi|d[ée]but|milieu|fin|courant)[ -](?:de |du mois de |d['’])?)?"
    rf"(?P<month>{_MONTH})(?![\w'’])(?:\s(?P<year>{_YEAR}|'?\d{{2}}(?![\w:/°%]|[.,]\d| ?(?:ans|mm|"
    rf"cm|h|mg)\b)))?"
    rf"(?P<near>{_NEAR})?",
    re.IGNORECASE,
)
"""A part of a month, a month of this or the last year, a month with its year in two digits."""
_MONTH_TO_MONTH = re.compile(
    rf"\b(?=[jfmasond])(?P<month>{_MONTH})(?=\s?(?:[-/–]|[àa]|et|ou)\s?{_MONTH}\b)[\s/–-]*(?:[àa]|et|ou)?",
    re.IGNORECASE,
)
_OF_MONTH = re.compile(
    rf"(?P<month>{_MONTH})(?![\w'’])(?:\s(?P<year>{_YEAR}|'?\d{{2}}(?![\d:])))?", re.IGNORECASE
)
_DAYS_BEFORE = re.compile(
    rf"(?<![\d/.,-])(?P<days>{_DAY}(?:er)?(?:\s?,\s?{_DAY})*\s?(?:\bau\b|\bet\b|\bou\b|à|a\b|-|–|→|,)\s?)"
    rf"(?={_DAY}(?:er)?\s(?P<rest>{_MONTH}))",
    re.IGNORECASE,
)
_LONE_MONTH_BEFORE = re.compile(
    r"(?:\b(?:en|depuis|de|d[èe]s|vers|jusqu['’]en|avant|apr[èe]s)\s|[(:–-]\s?)$", re.IGNORECASE
)
_PHRASE_ENDS = re.compile(r"[ \t]*(?:$|[\n,.;:)])|[ ](?:par|à)\b")
_WEEK_DAYS = r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)"
_FOUND_ONLY: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            rf"\b(?:(?i:semaine|sem\.?)\s?|[SW]\s?(?=[0-5]?\d\s?(?:[/-]\s?)?20))[0-5]?\d"
            rf"(?:\s?[/-]\s?|\s(?i:de\s)?(?:l['’]ann[ée]e\s)?){_YEAR}(?!\d)"
            rf"|\b(?i:sem)\.\s?[0-5]?\d(?!\s?(?:/|d['’]am|SA\b|de (?:grossesse|gestation)|post|\d))",
        ),
        "week",
    ),
    (
        re.compile(
            rf"\b(?:[1-4]\s?(?:ers?|[èe]re|[èe]?mes?|[èe]|nd)|premier|deuxi[èe]me|second|"
            rf"troisi[èe]me|quatri[èe]me)"
            rf"\s(?:trimestre|semestre|quadrimestre|trim\.?|"
            rf"sem\.?)\s(?:de\s)?(?:l['’]ann[ée]e\s)?{_YEAR}(?!\d)"
            rf"|\b[TQ][1-4][ /-]?20\d{{2}}(?!\d)",
            re.IGNORECASE,
        ),
        "quarter",
    ),
    (
        re.compile(
            rf"\b(?:printemps|[ée]t[ée]|automne|hiver|rentr[ée]e|vacances d['’][ée]t[ée]|no[ëe]l|"
            rf"p[âa]ques|toussaint|"
            rf"pentec[ôo]te|ascension|[ée]piphanie|nouvel an|jour de l['’]an|carnaval|ramadan|f[êe]tes)"
            rf"(?:\s(?:de\s(?:l['’]ann[ée]e\s)?)?{_YEAR}(?:\s?[-/]\s?(?:\d{{4}}|\d{{2}}))?(?!\d)"
            rf"|\s(?:derni(?:er|[èe]re)|prochaine?)(?!\w))",
            re.IGNORECASE,
        ),
        "season",
    ),
    (
        re.compile(
            rf"\b{_WEEK_DAYS}\s(?:le\s)?{_DAY}(?![\w:/°%]|[.,-]\d|\s?(?:h\b|heures|mm\b|cm\b|ans\b|"
            rf"mois|mg\b|fois|s[ée]ances|\())"
            rf"(?!\s{_MONTH})",
            re.IGNORECASE,
        ),
        "weekday-number",
    ),
    (
        re.compile(
            rf"\b(?:lu|ma|me|je|ve|sa|di)\.?\s(?:0?[1-9]|[12]\d|3[01])[/.](?:0?[1-9]|1[0-2])"
            rf"(?:[/.](?:{_YEAR}|\d{{2}}))?(?!\d|[/.,]\d|\s?(?:mm|cm|%))",
            re.IGNORECASE,
        ),
        "short-weekday",
    ),
    (
        re.compile(
            rf"(?<![\w/.,-]){_DAY}/(?:0?[1-9]|1[0-2])(?:/(?:{_YEAR}|\d{{2}}))?"
            rf"\s?(?:\b(?i:au)\b|→|->|\bet\b le\b|[àa] partir du)\s?{_DAY}/(?:0?[1-9]|"
            rf"1[0-2])(?:/(?:{_YEAR}|\d{{2}}))?(?![\d/])"
            rf"|(?<![\w/.,-]){_DAY}\s?(?:-|–|→|->|au|et)\s?{_DAY}/(?:0?[1-9]|1[0-2])/(?:{_YEAR}|"
            rf"\d{{2}})(?![\d/])"
        ),
        "range",
    ),
    (
        re.compile(
            r"(?<![\w.,/-])(?:1[3-9]|2\d|3[01])/[1-9](?![\w/]|[.,]\d|\s?(?:mm|cm|%|kg))"
            r"|(?<![\w.,/-])(?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|1[0-2])(?=[ ]\d{1,2}[h:]\d{2}|"
            r"T\d{4}|_\d{4}|@\d|;\d{2}:)"
            r"|(?<=\s)(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.(?!\d|[ ]?(?:mm|cm|%))"
            r"|(?m:^[A-ZÀ-Ý][^\n,:\d]{1,30}, )(?P<whole>(?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|"
            r"1[0-2]))(?=[ \t]*$)",
            re.MULTILINE,
        ),
        "day-month",
    ),
    (re.compile(r"(?m)(?<=[–-] )(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])(?=[ \t]*$)"), "line-end"),
    (
        re.compile(
            rf"\b(?:le|du|au)\s(?P<whole>{_DAY}\s(?:courant|crt|ct|du mois(?! de)|dernier|prochain))(?!\w)",
            re.IGNORECASE,
        ),
        "current-month",
    ),
    (
        re.compile(
            rf"(?<![\w/.,-])(?<!type )(?<!grade )(?<!stade )(?<!Salter )(?<!classe )"
            rf"(?P<whole>{_DAY}[-/](?:II|III|IV|VI{{1,3}}|IX|XI{{1,2}}))(?![\w-]|[./]\d)"
            rf"|(?:^|(?<=[\s(\[;|]))(?P<lone>{_DAY}[-/][IVX])(?![\w/-]|[.]\d)",
            re.MULTILINE,
        ),
        "roman-month",
    ),
)
_FOREIGN = re.compile(
    rf"\b{_DAY}(?:er|e|st|nd|rd|th|ste|de)?\.?\s(?:of\s)?"
    r"(?:januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december|"
    r"jan|feb|febr|mrt|maa|apr|jun|jul|aug|sep|sept|okt|oct|nov|dec|mar|"
    r"januar|februar|märz|mai|august|dezember|january|february|march|may|june|july|october)"
    rf"\.?,?\s{_YEAR}(?!\d)"
    r"|\b(?:january|february|march|april|may|june|july|august|september|october|november|december)"
    rf"\s{_DAY}(?:st|nd|rd|th)?,?\s{_YEAR}(?!\d)"
    r"|\b(?:januari|februari|maart|mei|juni|juli|augustus|oktober|januar|februar|märz|dezember)"
    rf"\s{_YEAR}(?!\d)",
    re.IGNORECASE,
)


_NEEDED = {
    rule: re.compile(pattern)
    for rule, pattern in {
        "week": r"sem|[sw] ?[0-5]?\d ?[ /-]",
        "quarter": r"mestre|trim|[tq][1-4][ /-]?20",
        "season": r"printemps|[ée]t[ée] |automne|hiver|rentr|no[ëe]l|p[âa]ques|toussaint|pentec|ascension|"
        r"piphan|l['’]an|"
        r"carnaval|ramadan|f[êe]tes",
        "weekday-number": r"(?:di|manche) (?:le )?\d",
        "short-weekday": r"\b(?:lu|ma|me|je|ve|sa|di)\.?\s\d",
        "day-month": r"\d[/.]\d",
        "line-end": r"[–-] \d\d\.\d",
        "range": r"\d/\d",
        "current-month": r"courant|crt| ct|mois|dernier|prochain",
        "roman-month": r"\d[-/][ivx]",
        "foreign": r"januar|februar|maart|april|mei|juni|juli|augustus|oktober|märz|dezember|december|"
        r"january|february|march|may|june|july|august|september|october|november|mai |"
        r"\d\.? (?:jan|feb|febr|mrt|maa|apr|jun|jul|aug|sep|sept|okt|oct|nov|dec|mar)\.? ",
    }.items()
}
"""What a text must hold, in small letters, for a form to be asked."""


def find_periods(text: str) -> Iterator[Span]:
    """Periods that hold no month to shift, and dates in a neighbour's language."""
    small = text.lower()
    for pattern, rule in (*_FOUND_ONLY, (_FOREIGN, "foreign")):
        found = list(anywhere(pattern, text))
        for match in found if found and _NEEDED[rule].search(small) else ():
            scored = rule == "day-month" and SCORE_BEFORE.search(
                text, max(0, match.start() - 16), match.start()
            )
            if scored:
                continue
            group = next((name for name in ("whole", "lone") if match.groupdict().get(name)), 0)
            yield Span(*match.span(group), "DATE", 0.9, f"date-{rule}")


def months_nearby(text: str) -> Iterator[re.Match[str]]:
    """Months with a part, a year in two digits or a word that says which year; no bare month."""
    for match in at_words(MONTHS_NEARBY, text):
        year = match["year"] or ""
        if (
            match["part"]
            or match["near"]
            or (len(year) in {2, 3} and _PHRASE_ENDS.match(text, match.end()))
            or (
                len(year) in {2, 3}
                and _LONE_MONTH_BEFORE.search(text, max(0, match.start() - 12), match.start())
            )
        ):
            yield match


def months_in_pairs(text: str) -> Iterator[re.Match[str]]:
    """The first of two months: `mars-avril 2019`."""
    return at_words(_MONTH_TO_MONTH, text)


def days_before(text: str) -> Iterator[tuple[tuple[int, int], re.Match[str]]]:
    """The days that share a month with a later one, with its month: `3, 5 et 7 mars`, `du 3 au 7 mars`."""
    for match in at_digits(_DAYS_BEFORE, text):
        month = _OF_MONTH.match(text, match.start("rest"))
        if month:
            yield match.span("days"), month
