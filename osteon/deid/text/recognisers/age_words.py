"""Ages that no number with `ans` says: by decade, by year of life, by a letter of the sex, of infants."""

from __future__ import annotations

import re
from collections.abc import Iterator

from osteon.deid.text.searches import anywhere
from osteon.deid.text.span import Span

DECADES = {
    **{"quadragénaire": 40, "quinquagénaire": 50, "sexagénaire": 60, "septuagénaire": 70},
    **{"octogénaire": 80, "nonagénaire": 90, "centenaire": 100},
}
"""The least age of who is called so."""
_WORDS = re.compile(
    r"\b(?:(?:quadra|quinqua|sexa|septua|octo|nona)g[ée]naires?|centenaires?"
    r"|(?:vingt|trent|quarant|cinquant|soixant)aine d['’]ann[ée]es"
    r"|(?<=dans la )(?:trent|quarant|cinquant|soixant|septant)aine)(?!\w)",
    re.IGNORECASE,
)
_YEAR_OF_LIFE = re.compile(
    r"(?<![\w.,/])(?:(?<=sa )(?:[2-9]\d|1[01]\d)|(?<=[,(] )\d{1,2}|(?<=\()\d{1,2}|(?:[2-9]\d|"
    r"1[01]\d))\s?(?:[èe]?me|[èe])\sann[ée]e(?!\s(?:de\b|du\b|d['’])|\w)",
    re.IGNORECASE,
)
_AFTER_SEX = re.compile(r"(?<![\w/])[FHM]\s?[/-]\s?(?P<age>\d{1,3})(?![\w/-]|[.,]\d)")
_INFANT = re.compile(
    r"(?:\b(?:b[ée]b[ée]|enfant|nourrisson|nouveau-n[ée]e?|jumeaux|jumelles|gar[çc]on|fille)(?:,|"
    r" de|\s\()?\s?"
    r"|[A-ZÀ-Ý][^\W\d_]+[ ]\(|[A-ZÀ-Ý][^\W\d_]+, )(?P<age>\d{1,2}\s?m)(?=[),;]| et | ?$|\s[A-ZÀ-Ýa-zà-ÿ]{3})",
    re.MULTILINE,
)
_DECIMAL = re.compile(r"(?<![\w.,/])(?<!depuis )(?<!après )(?<!recul de )(?:1?\d[,.]5)\sans\b", re.IGNORECASE)
_BORN_AGO = re.compile(
    r"\bn[ée]e?s?(?:\(e\))? il y a (?P<age>\d{1,3} (?:ans|mois|semaines|jours))\b", re.IGNORECASE
)
_DUTCH = re.compile(r"(?<![\w.,/])\d{1,3}[ -]?(?:jaar|jarige)(?!\w)", re.IGNORECASE)


_NEEDED = (
    (_WORDS, ("aire", "aine")),
    (_YEAR_OF_LIFE, ("année", "annee")),
    (_DECIMAL, (",5 a", ".5 a")),
    (_DUTCH, ("jaar", "jarige")),
    (_AFTER_SEX, ("f/", "f /", "h/", "h /", "m/", "m /", "f-", "h-", "m-")),
    (_INFANT, tuple(f"{digit}{gap}m" for digit in "0123456789" for gap in ("", " "))),
    (_BORN_AGO, ("il y a",)),
)
"""What a text must hold, in small letters, for a pattern to be asked."""


def find_age_words(text: str) -> Iterator[Span]:
    """Spans of such ages."""
    small = text.lower()
    for pattern, needed in _NEEDED:
        for match in anywhere(pattern, text) if any(word in small for word in needed) else ():
            group = "age" if "age" in pattern.groupindex else 0
            yield Span(*match.span(group), "AGE", 0.3, "age-words")
