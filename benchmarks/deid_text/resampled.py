"""The fictitious notes for development with other values in their marked spans.

The sentences are those of `public_small_train` and `public_small_dev` (read where OSTEON_SHARED_DATA says,
never copied), the values are our own: how well the product does on notes of that make whose names, towns
and hospitals it has not met. An AGE is marked wherever the note says `NN ans`, which the notes leave out.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.deid_text import forms
from benchmarks.deid_text.letters import Letter, Planted
from benchmarks.deid_text.values import Cast

FRENCH_TOWNS = [
    "Nîmes",
    "Montluçon",
    "Bourg-en-Bresse",
    "Le Puy-en-Velay",
    "Saint-Brieuc",
    "Pontivy",
    "Issoire",
    "Vitry-le-François",
    "Ussel",
    "Sarlat",
    "Lannion",
    "Céret",
    "Sens",
    "Gap",
    "Dax",
    "Foix",
    "Aubagne",
    "Istres",
    "Sète",
    "Lunel",
    "Uzès",
    "Privas",
    "Die",
    "Nyons",
    "Oyonnax",
    "Vierzon",
    "Loches",
    "Redon",
    "Fougères",
    "Vitré",
    "Lamballe",
    "Guingamp",
    "Quimperlé",
    "Douarnenez",
    "Mayenne",
    "Saumur",
    "Cholet",
    "Les Herbiers",
    "La Flèche",
    "Alençon",
    "L'Aigle",
    "Bernay",
    "Yvetot",
    "Fécamp",
    "Abbeville",
    "Péronne",
    "Soissons",
    "Laon",
    "Hirson",
    "Sedan",
    "Verdun",
    "Toul",
    "Épinal",
    "Remiremont",
]
_MONTHS = ("JANV", "févr", "Mars", "AVR", "Mai", "JUIN", "Juil", "août", "SEPT", "Oct", "nov", "DÉC")
_DAYS = ("LUN", "Mar", "mer", "Jeu,", "VEN.,", "Sam", "Dim,")


def notes(paths: list[Path], rounds: int, split: str, seed: int) -> Iterator[Letter]:
    """Each note once per round with fresh values."""
    lines = [
        json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines() if line.strip()
    ]
    for number in range(rounds * len(lines)):
        rng = random.Random(f"{seed}:{split}:{number}")
        yield _note(lines[number % len(lines)], rng, split, number)


def _note(note: dict[str, object], rng: random.Random, split: str, number: int) -> Letter:
    source, cast = str(note["note_text"]), Cast(rng, split)
    text, planted, position = "", [], 0
    entities = note["entities"]
    assert isinstance(entities, list)
    marked = [(e["start"], e["end"], e["label"]) for e in entities]
    marked += [(m.start(), m.end(), "AGE") for m in re.finditer(r"\b\d{1,3} ans\b", source)]
    for start, end, label in sorted(marked):
        text += source[position:start]
        value = _value(label, source[start:end], rng, cast)
        planted.append(Planted(len(text), len(text) + len(value), label, label, False, label))
        text += value
        position = end
    return Letter(number, text + source[position:], tuple(planted), (), {})


def _value(label: str, written: str, rng: random.Random, cast: Cast) -> str:
    how = rng.choice((str, str.upper, str.lower, str.title))
    year, month, day = rng.randint(1930, 2099), rng.randint(1, 12), rng.randint(1, 28)
    digits = f"0{rng.randint(1, 7)}{rng.randrange(10**8):08d}"
    if label == "NOM":
        return how(cast.surname())
    if label == "PRENOM":
        return how(cast.first_name(rng.choice("MF")))
    if label in {"DATE", "DATE_NAISSANCE"}:
        return _date(rng, year, month, day)
    if label == "TEL":
        pairs = [digits[i : i + 2] for i in range(0, 10, 2)]
        return rng.choice(
            (digits, " ".join(pairs), ".".join(pairs), "-".join(pairs), " ".join(digits), "+33" + digits[1:])
        )
    if label == "MAIL":
        who = re.sub(r"[^a-z]", "", forms.without_accents(cast.surname()).lower())
        return how(
            f"{who}{rng.randrange(99)}@"
            f"{rng.choice(['aphp.fr', 'clinique-lyon.fr', 'orange.fr', 'labo-123.fr'])}"
        )
    if label == "ADRESSE":
        return how(
            f"{rng.randint(1, 99)}, {cast.street()}, {rng.randint(1, 95):02d}{rng.randint(100, 990)} "
            f"{cast.town()}"
        )
    if label == "ZIP":
        return f"{rng.randint(1, 95):02d}{rng.choice(['', ' '])}{rng.randint(100, 990)}"
    if label == "VILLE":
        town = rng.choice(FRENCH_TOWNS) if rng.random() < 0.7 else cast.town()
        return how(town)
    if label == "AGE":
        return f"{rng.randint(1, 99)} ans"
    if label == "HOPITAL":
        return rng.choice((str, str.upper, str.title))(_hospital(written, cast))
    return written


def _hospital(written: str, cast: Cast) -> str:
    """A hospital of the same make: with its kind where the note had one."""
    if re.match(r"(?i)h[oô]pital|clinique|centre|cds", written):
        return cast.hospital()
    return f"{cast.first_name(cast.rng.choice('MF'))} {cast.surname()}"


def _date(rng: random.Random, year: int, month: int, day: int) -> str:
    digits, two = f"{day:02d}{month:02d}{year}", f"{year % 100:02d}"
    return rng.choice(
        (
            forms.full_date(rng, year, month, day),
            forms.spaced(digits),
            f"{forms.spaced(f'{day:02d}')} - {forms.spaced(f'{month:02d}')} - {forms.spaced(str(year))}",
            f"{rng.choice(_DAYS)} {day} {_MONTHS[month - 1]} {year}",
            f"{rng.choice(_DAYS)} {day} {forms.months()[month - 1].title()} {year}",
            f"{day}.{month}.{two}",
            f"{day}-{month}-{two}",
            f"{day}/{month}/{year}",
        )
    )
