"""What single values become: shifted dates, capped ages, cleaned descriptions, checked numbers."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from functools import lru_cache

AGE_CAP_YEARS = 89
_DA = re.compile(r"(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})")
_DT = re.compile(r"(\d{8})(\d{0,6}(?:\.\d{1,6})?)([+-]\d{4})?")
_TIME_AND_ZONE = re.compile(r"(\d{2,6}(?:\.\d{1,6})?)([+-]\d{4})?")
_AS = re.compile(r"(\d{1,3})([DWMY])")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ASCII_WORD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")  # the same of a folded text without other letters, faster


def parse_da(text: str) -> date | None:
    """The date of a DA value, also in the form with dots of old files; None when it is none.

    Source: DICOM PS3.5 table 6.2-1.

    >>> parse_da("20240229")
    datetime.date(2024, 2, 29)
    """
    match = _DA.fullmatch(text.strip(" \0"))
    if not match:
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


def shift_date(text: str, days: int) -> str:
    """A DA or DT value moved by whole days; empty when it is not a date or leaves the calendar.

    >>> shift_date("20240301", -7), shift_date("20240301101500.5+0100", -7), shift_date("March", -7)
    ('20240223', '20240223101500.5+0100', '')
    """
    text = text.strip(" \0")
    day, rest = parse_da(text), ""
    if day is None and (match := _DT.fullmatch(text)):
        day, rest = parse_da(match[1]), (match[2] or "") + (match[3] or "")
    if day is None:
        return ""
    try:
        return (day + timedelta(days=days)).isoformat().replace("-", "") + rest
    except OverflowError:
        return ""


def _moved(text: str, days: int) -> str:
    """Eight digits moved by whole days; the usual case, without a pattern."""
    try:
        return (date.fromisoformat(text) + timedelta(days=days)).isoformat().replace("-", "")
    except (ValueError, OverflowError):
        return ""


def shift_moment(text: str, days: int) -> str:
    """As `shift_date`, also for a range of dates (PS3.4 C.2.2.2.5), whose ends move alike.

    >>> shift_moment("20240301-20240305", -7), shift_moment("20240301101500-0330", -7)
    ('20240223-20240227', '20240223101500-0330')
    """
    text = text.strip(" \0")
    if len(text) == 8 and text.isdigit() and text.isascii():
        return _moved(text, days)
    if (
        len(text) > 8
        and (rest := _TIME_AND_ZONE.fullmatch(text, 8))
        and text[:8].isdigit()
        and text.isascii()
    ):
        moved = _moved(text[:8], days)
        return moved + rest[0] if moved else ""
    start, dash, end = text.partition("-")
    if dash and parse_da(start) and len(start) == 8 and len(end) == 8:
        ends = (shift_date(start, days), shift_date(end, days))
        return "-".join(ends) if all(ends) else ""
    return shift_date(text, days)


def cap_age(text: str, cap_years: int = AGE_CAP_YEARS) -> str:
    """An AS value; above the cap it becomes the cap and one year; empty when it is not an age.

    >>> cap_age("034Y"), cap_age("097Y"), cap_age("7M"), cap_age("old")
    ('034Y', '090Y', '007M', '')
    """
    match = _AS.fullmatch(text.strip(" \0"))
    if not match:
        return ""
    count, unit = int(match[1]), match[2]
    years = count / {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}[unit]
    return f"{cap_years + 1:03d}Y" if years >= cap_years + 1 else f"{count:03d}{unit}"


def age_between(birth: str, day: str) -> str:
    """The AS value of a person born on one DA value, on another; empty when either is no date.

    Days below a month, months below two years (a bone age needs them), then years.

    >>> age_between("20200115", "20210114"), age_between("19900101", "20240101")
    ('011M', '034Y')
    """
    start, end = parse_da(birth), parse_da(day)
    if start is None or end is None or end < start:
        return ""
    months = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
    if months < 1:
        return f"{(end - start).days:03d}D"
    return f"{months:03d}M" if months < 24 else f"{min(months // 12, 999):03d}Y"


@lru_cache(maxsize=1 << 14)
def fold(text: str) -> str:
    """Upper case without accents: how names and words are compared.

    >>> fold("Épaule gauche")
    'EPAULE GAUCHE'
    """
    if text.isascii():
        return text.upper()
    text = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE")
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).upper()


def clean_description(
    text: str, vocabulary: frozenset[str], limit: int = 64, without: Collection[str] = ()
) -> str:
    """The words of the vocabulary, in order, whole words up to the limit; all else goes, digits as well.

    >>> clean_description("RX Genou gauche M. DUPONT 1957", frozenset({"RX", "GENOU", "GAUCHE"}))
    'RX GENOU GAUCHE'
    """
    folded = fold(text)
    words = [
        word
        for word in (_ASCII_WORD if folded.isascii() else _WORD).findall(folded)
        if (word in vocabulary or ("-" in word and vocabulary.issuperset(word.split("-"))))
        and word not in without
    ]
    cleaned = " ".join(words)
    if len(cleaned) <= limit:
        return cleaned
    cleaned = ""
    for word in words:
        longer = f"{cleaned} {word}" if cleaned else word
        if len(longer) <= limit:
            cleaned = longer
    return cleaned


def are_numbers(texts: Sequence[str]) -> bool:
    """True when each is a finite decimal number of at most 16 characters (PS3.5: DS, IS)."""
    for text in texts:
        try:
            if len(text) > 16 or not math.isfinite(float(text)) or "_" in text:
                return False
        except ValueError:
            return False
    return True
