"""Ages with their unit; what happens to them is the policy's choice (see osteon/deid/text/ages.py).

Durations stay: `depuis 3 ans`, `il y a 20 ans`, `à 6 mois de recul`.
"""

from __future__ import annotations

import re
from functools import cache

from osteon.deid.text.languages import forms
from osteon.deid.text.span import Span

_YEARS = r"(?:1[0-2]\d|\d{1,2})"
_NO_AGE_BEFORE = re.compile(
    r"(?:depuis|il y a|y a|pendant|durant|apr[èe]s|recul(?: moyen)?(?: de)?|tous les|toutes les|"
    r"dur[ée]e(?: moyenne)?(?: de)?|"
    r"dans|en|sur|d'ici|[àa] l'issue de|au bout de|suivi(?:e)?(?: de| [àa])|[àa]|est|survie(?: de|"
    r" [àa])|environ|"
    r"[ée]volu(?:ant|tion)(?: depuis| de)?|espace de|moins de|plus de|sinds|gedurende|since|for|over|"
    r"within|after|every|during|"
    r"traitement de|arr[êe]t de|ant[ée]riorit[ée] de|anciennet[ée] de|d[ée]lai(?: moyen)?(?: de| d'environ)?|"
    r"p[ée]riode (?:de|d'environ))\s*(?:plus de|environ|pr[èe]s de|les|quelque|ces|about|over)?\s*$",
    re.IGNORECASE,
)
_AGE_BEFORE = re.compile(
    r"(?:\b[âa]g[ée]{1,2}e?s?\b(?:\(e\))?[^.;\n]{0,12}|\b[âa]ge\b[^.;\n\d]{0,14}|"
    r"\b(?:patiente?s?|homme|femme|fille|fillette|gar[çc]on|enfant|nourrisson|b[ée]b[ée]|nouveau-n[ée]|adolescente?|dame|"
    r"monsieur|madame|m[èe]re|p[èe]re|sujet|malade|man|vrouw|meisje|jongen|kind|woman|boy|girl|male|female)\b"
    r"[^.;\n\d]{0,25}|"
    r"\b(?:aged|leeftijd|oud|age[d]? of)\b[^.;\n\d]{0,8})$",
    re.IGNORECASE,
)
_NO_AGE_AFTER = re.compile(
    r"\s*(?:plus tard|auparavant|avant|apr[èe]s|de (?:recul|suivi|traitement|survie|d[ée]lai|distance|"
    r"mariage|travail)|"
    r"d['’](?:[ée]volution|intervalle|anciennet[ée]|attente|arr[êe]t)|en moyenne|durant|post|later|ago|"
    r"earlier|before|"
    r"follow|of follow|geleden|later)",
    re.IGNORECASE,
)


@cache
def _patterns(code: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    unit = forms("ages", code)
    years = re.compile(
        rf"(?<![\w.,/])(?<!\d[ -])(?:{_YEARS}\s?(?:-|à|a|ou|"
        rf"/)\s?)?{_YEARS}[ \u00a0\u202f]?(?:{unit})(?![\w/])"
        rf"(?:\s?(?:et demi\b|½|(?:et )?\d{{1,2}}\s?mois\b))?",
        re.IGNORECASE,
    )
    small = re.compile(
        r"(?<![\w.,/])(?:\d{1,2}\s?(?:-|à)\s?)?\d{1,3}[ \u00a0]?(?:mois|semaines?|jours?|maanden|weken|"
        r"dagen|months?|weeks?|days?)"
        r"(?:[- ]old)?(?!\w)",
        re.IGNORECASE,
    )
    return years, small


_WRITTEN = re.compile(
    r"\b(?P<age>(?:(?:vingt|trente|quarante|cinquante|soixante|"
    r"quatre[- ]vingts?)(?:[- ](?:et[- ])?(?:une?|deux|trois|quatre|cinq|"
    r"six|sept|huit|neuf|dix(?:[- ](?:sept|huit|neuf))?|onze|douze|treize|quatorze|quinze|seize))?|deux|"
    r"trois|quatre|cinq|six|"
    r"sept|huit|neuf|dix(?:[- ](?:sept|huit|neuf))?|onze|douze|treize|quatorze|quinze|seize)\s+(?:ans|"
    r"mois))\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"\b(?:[âa]ge|leeftijd)\s*(?:du patient\s*)?[:=]\s*(?P<age>\d{1,3})\b(?!\s?(?:ans?|mois|a\b|j))",
    re.IGNORECASE,
)


def find_ages(text: str, code: str = "fr") -> list[Span]:
    """Spans of ages: years unless a word makes them a duration, months and days when one says so."""
    years, small = _patterns(code)
    spans = []
    for match in years.finditer(text):
        stated = _AGE_BEFORE.search(text, max(0, match.start() - 48), match.start()) is not None
        before = text[max(0, match.start() - 40) : match.start()]
        if _NO_AGE_AFTER.match(text, match.end()) or (not stated and _NO_AGE_BEFORE.search(before)):
            continue
        if not stated and match.group().lower().rstrip().endswith("an"):
            continue
        if match.group().rstrip()[-1] in "aA" and not (stated or _alone(text, match)):
            continue
        spans.append(Span(match.start(), match.end(), "AGE", 0.3, "age"))
    for pattern in (small, _WRITTEN):
        for match in pattern.finditer(text):
            group = "age" if "age" in match.re.groupindex else 0
            before = text[max(0, match.start() - 40) : match.start()]
            if (
                (_AGE_BEFORE.search(text, max(0, match.start() - 48), match.start()) or _alone(text, match))
                and not _NO_AGE_AFTER.match(text, match.end())
                and not _NO_AGE_BEFORE.search(before)
            ):
                spans.append(Span(*match.span(group), "AGE", 0.3, "age"))
    spans += [Span(*m.span("age"), "AGE", 0.3, "labelled-age") for m in _LABELLED.finditer(text)]
    return spans


def _alone(text: str, match: re.Match[str]) -> bool:
    """Between commas or in brackets, or first of its line: `Mme X, 4 mois,` `(6 mois)`."""
    before = text[: match.start()].rstrip(" \t")
    after = text[match.end() :].lstrip(" \t")
    return (not before or before[-1] in ",(:;\n|-") and (not after or after[0] in ",).;:\n|-")
