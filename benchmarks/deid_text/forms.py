"""How a careless or hurried hand writes a value: typos, capitals, lost accents, broken lines."""

from __future__ import annotations

import random
import unicodedata


def without_accents(text: str) -> str:
    """The text in bare letters; of the same length.

    >>> without_accents("Lefèvre")
    'Lefevre'
    """
    bare = [
        c
        if c in "ıồøœ"
        else "".join(x for x in unicodedata.normalize("NFD", c) if not unicodedata.combining(x))
        for c in text
    ]
    return "".join(bare)


def typo(rng: random.Random, word: str) -> str:
    """One slip inside the word: a letter lost, doubled, swapped or replaced; short words stay."""
    if len(word) < 6 or not word.isalpha():
        return word
    place = rng.randint(1, len(word) - 3)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + word[place] + word[place:]
    if kind == 2:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return word[:place] + rng.choice("aeiounrst") + word[place + 1 :]


def cased(rng: random.Random, text: str) -> str:
    """As written, or without accents, or in capitals with or without accents."""
    kind = rng.randrange(8)
    if kind == 0:
        return text.upper()
    if kind == 1:
        return without_accents(text).upper()
    if kind == 2:
        return without_accents(text)
    return text


def spaced(digits: str) -> str:
    """Characters with a blank between each, as a form with boxes is read."""
    return " ".join(c for c in digits if c != " ")


def months() -> tuple[str, ...]:
    """The months in French."""
    return (
        *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août"),
        *("septembre", "octobre", "novembre", "décembre"),
    )


SHORT_MONTHS = (
    "janv.",
    "févr.",
    "mars",
    "avr.",
    "mai",
    "juin",
    "juil.",
    "août",
    "sept.",
    "oct.",
    "nov.",
    "déc.",
)
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def full_date(rng: random.Random, year: int, month: int, day: int) -> str:
    """A date in one of fifteen French forms."""
    name, two, digits = months()[month - 1], f"{year % 100:02d}", f"{day:02d}{month:02d}{year}"
    ordinal = "1er" if day == 1 else str(day)
    return rng.choice(
        (
            f"{day:02d}/{month:02d}/{year}",
            f"{day:02d}/{month:02d}/{year}",
            f"{day}/{month}/{two}",
            f"{day:02d}.{month:02d}.{year}",
            f"{day:02d}-{month:02d}-{year}",
            f"{year}-{month:02d}-{day:02d}",
            f"{ordinal} {name} {year}",
            f"{ordinal} {name} {year}",
            f"{ordinal} {name.upper()} {year}",
            f"{day} {without_accents(name)} {year}",
            f"{day} {SHORT_MONTHS[month - 1]} {year}",
            f"{rng.choice(DAYS)} {ordinal} {name} {year}",
            spaced(digits),
            f"{spaced(f'{day:02d}')} / {spaced(f'{month:02d}')} / {spaced(str(year))}",
            f"{day:02d} / {month:02d} / {year}",
        )
    )
