"""What the page says, in French and in English."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import yaml

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def load_words() -> dict[Language, dict[str, str]]:
    """Language -> key -> text, from `words.yaml`; a key without one of the languages is a KeyError."""
    texts = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    return {language: {key: text[language] for key, text in texts.items()} for language in LANGUAGES}


WORDS = load_words()
_MONTHS: dict[Language, tuple[str, ...]] = {
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def choose_language(asked: str | None, kept: str | None, accepted: str | None) -> Language:
    """The language asked for in the address, else of the cookie, else of the browser, else French.

    >>> choose_language(None, None, "en-GB,en;q=0.8"), choose_language("fr", "en", None)
    ('en', 'fr')
    """
    for wish in (asked, kept):
        for language in LANGUAGES:
            if wish == language:
                return language
    for part in (accepted or "").split(","):
        for language in LANGUAGES:
            if part.strip().lower().startswith(language):
                return language
    return "fr"


def write_date(time: datetime, language: Language) -> str:
    """A day as people write it.

    >>> write_date(datetime(2026, 3, 1, tzinfo=UTC), "fr")
    '1er mars 2026'
    """
    day = "1er" if language == "fr" and time.day == 1 else str(time.day)
    return f"{day} {_MONTHS[language][time.month - 1]} {time.year}"


def write_age(time: datetime, language: Language, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that fits.

    >>> write_age(datetime(2026, 3, 1, tzinfo=UTC), "en", datetime(2026, 3, 1, 5, tzinfo=UTC))
    '5 h ago'
    """
    minutes = int(((now or datetime.now(UTC)) - time).total_seconds() // 60)
    words = WORDS[language]
    if minutes < 1:
        return words["just_now"]
    if minutes < 120:
        return words["minutes"].format(n=minutes)
    if minutes < 48 * 60:
        return words["hours"].format(n=minutes // 60)
    return words["days"].format(n=minutes // (24 * 60))


def write_number(number: float, language: Language) -> str:
    """A count with the language's separator of thousands.

    >>> write_number(12345, "en"), write_number(12345, "fr")
    ('12,345', '12\u202f345')
    """
    return f"{number:,.0f}".replace(",", "," if language == "en" else "\u202f")
