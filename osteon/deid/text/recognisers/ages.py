"""Ages with their unit; what happens to them is the policy's choice (see osteon/deid/text/ages.py).

Durations stay: `depuis 3 ans`, `il y a 20 ans`, `à 6 mois de recul`.
"""

from __future__ import annotations

import re
from functools import cache

from osteon.deid.text.languages import forms
from osteon.deid.text.recognisers.age_words import find_age_words
from osteon.deid.text.searches import anywhere, at_digits
from osteon.deid.text.span import Span
from osteon.deid.text.spoken import TO_NINETY_NINE, number_of
from osteon.deid.text.tokens import UPPER

_YEARS = r"(?:1[0-2]\d|\d{1,2})"
_NO_AGE_BEFORE = re.compile(
    r"(?<![^\W_])(?:depuis|il y a|y a|pendant|durant|apr[èe]s|recul(?: moyen)?(?: de)?|tous les|toutes les|"
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
    r"\b(?:patiente?s?|homme|femme|fille|fillette|gar[çc]on|enfant|nourrisson|b[ée]b[ée]|nouveau-n[ée]|"
    r"adolescente?|dame|"
    r"monsieur|madame|m[èe]re|p[èe]re|sujet|malade|man|vrouw|meisje|jongen|kind|woman|boy|girl|male|female)\b"
    r"[^.;\d]{0,25}|"
    r"\b(?:M\.?|Mr|Mme|Mlle|Monsieur|Madame|Mademoiselle)\s(?:[A-Z]\.\s?){0,2}[^.,;\n\d]{2,36}|"
    r"(?-i:\b[A-ZÀ-Ý][\w-]+ a )|\b(?:il|elle|qui) a |\bd[ée]c[ée]d[ée]{1,2}e?(?:\(e\))? [àa] |"
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
        rf"(?<![\w.,/])(?:(?<!\d )(?<!\d\n){_YEARS}\s?(?:-|à|a|ou|"
        rf"/)\s?)?{_YEARS}[ \u00a0\u202f\n]{{0,2}}(?:{unit})(?![\w/])"
        rf"(?:\s?(?:et demie?\b|½|[13]/[24](?!\d)|r[ée]volus\b|(?:et )?\d{{1,2}}\s?mois\b))?",
        re.IGNORECASE,
    )
    small = re.compile(
        r"(?<![\w.,/])(?:\d{1,2}\s?(?:-|à)\s?)?\d{1,3}[ \u00a0\n]?(?:mois|semaines?|jours?|maanden|weken|"
        r"dagen|months?|weeks?|days?)"
        r"(?:[- ]old)?(?!\w)(?:\s?(?:et demie?\b|½|1/2(?!\d)))?",
        re.IGNORECASE,
    )
    return years, small


_COUNTED = re.compile(r"ann[ée]es?$", re.IGNORECASE)
"""`Années` are a duration more often than an age."""
_WRITTEN = re.compile(
    rf"\b(?P<age>(?P<number>{TO_NINETY_NINE})\s+(?P<unit>ans|mois)(?: et demie?)?)\b", re.IGNORECASE
)
_NUMBER_BEFORE = re.compile(r"\d[ -]$")
_DATE_BEFORE = re.compile(r"(?:(?:18|19|20)\d{2}|[/.-]\d{2}|[12] \d \d \d)[ -]$")
_A_LIFE = 13
"""Durations in words are rarely this long: from here on years are an age unless a word says not."""
_LABELLED = re.compile(
    r"\b(?:[âa]ge|leeftijd)\s*(?:du patient\s*)?[:=]\s*(?P<age>\d{1,3})\b(?!\s?(?:ans?|mois|a\b|j))",
    re.IGNORECASE,
)


_SEXED = re.compile(rf"(?m)(?:^|(?<=[(:;-] )|(?<=\())[HF] ?(?P<age>\d{{1,3}})(?=, {UPPER}[^\W\d_])")
"""A man or a woman by a letter: `H78, DUPONT Jean`."""


def find_ages(text: str, code: str = "fr") -> list[Span]:
    """Spans of ages: years unless a word makes them a duration, months and days when one says so."""
    years, small = _patterns(code)
    spans = []
    for match in at_digits(years, text):
        stated = _AGE_BEFORE.search(text, max(0, match.start() - 48), match.start()) is not None
        before = text[max(0, match.start() - 40) : match.start()]
        if _NO_AGE_AFTER.match(text, match.end()) or (not stated and _NO_AGE_BEFORE.search(before)):
            continue
        if _NUMBER_BEFORE.search(before) and not _DATE_BEFORE.search(before):
            continue
        if not stated and match.group().lower().rstrip().endswith("an"):
            continue
        counted = _COUNTED.search(match.group()) is not None
        if counted and not (stated or _alone(text, match) or _beside(text, match)):
            continue
        if match.group().rstrip()[-1] in "aA" and not (stated or _alone(text, match) or _beside(text, match)):
            continue
        spans.append(Span(match.start(), match.end(), "AGE", 0.3, "age"))
    for pattern in (small, _WRITTEN):
        for match in anywhere(pattern, text):
            group = "age" if "age" in match.re.groupindex else 0
            before = text[max(0, match.start() - 40) : match.start()]
            if (
                (
                    _AGE_BEFORE.search(text, max(0, match.start() - 48), match.start())
                    or _alone(text, match)
                    or _is_a_life(match)
                    or _DATE_BEFORE.search(before)
                )
                and not _NO_AGE_AFTER.match(text, match.end())
                and not _NO_AGE_BEFORE.search(before)
            ):
                spans.append(Span(*match.span(group), "AGE", 0.3, "age"))
    for pattern in (_LABELLED, _SEXED):
        spans += [Span(*m.span("age"), "AGE", 0.3, "labelled-age") for m in anywhere(pattern, text)]
    return [*spans, *find_age_words(text)]


def _beside(text: str, match: re.Match[str]) -> bool:
    """`a` for `ans` after a date or a name, before a sign or a label: `Dupont Jean 67 a : chute`."""
    before = text[max(0, match.start() - 24) : match.start()]
    ends = (
        re.match(
            r"\.?\s*(?:$|[\n:,;)/?]|I\.?P\.?P|NDA|N[IP]|DDN|entr[ée]|admis|vue?\b)",
            text[match.end() : match.end() + 8],
        )
        is not None
    )
    return ends and (
        _DATE_BEFORE.search(before) is not None
        or re.search(rf"(?:{UPPER}[^\W\d_]+ |{UPPER}\. ?|\d\) )$", before) is not None
    )


def _is_a_life(match: re.Match[str]) -> bool:
    return (
        match.re is _WRITTEN
        and match["unit"].lower() == "ans"
        and (number_of(match["number"]) or 0) >= _A_LIFE
    )


def _alone(text: str, match: re.Match[str]) -> bool:
    """Between commas, dictated ones too, in brackets, or first of its line: `Mme X, 4 mois,` `(6 mois)`."""
    before = text[max(0, match.start() - 24) : match.start()].rstrip(" \t")
    after = text[match.end() : match.end() + 24].lstrip(" \t")
    return (
        not before or before[-1] in ",(:;\n|-/" or before.lower().endswith((" virgule", " parenthèse"))
    ) and (not after or after[0] in ",).;:?\n|-/" or after.lower().startswith(("virgule", "fermez")))
