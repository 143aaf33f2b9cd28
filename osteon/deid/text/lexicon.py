"""Word lists: French words, first names, surnames, towns, hospitals, and the eponyms that stay.

Where each list comes from and under which licence stands in docs/decisions/de-identification.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from osteon.deid.text.languages import codes

_PLACES = "0123456789abcdefghijklmnopqrstuvwxyz"
LARGE_TOWNS = 500
"""Towns of France that rank before those abroad."""
COMMON_FIRST_NAMES = 6000
"""First names up to this rank of the list are taken for names even where they are also words."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Folded (upper case, no accents) words by what they are."""

    words: frozenset[str]
    first_names: dict[str, str]
    first_name_rank: dict[str, int]
    surnames: frozenset[str]
    towns: dict[str, int]
    hospitals: frozenset[str]
    protected: frozenset[str]
    language: str = "fr"

    def is_word(self, folded: str) -> bool:
        """True for a word of the language, also in its parts, unless these are first names: Rose-Marie."""
        if folded in self.words or "-" not in folded:
            return folded in self.words
        parts = [p for p in folded.split("-") if p]
        return all(p in self.words for p in parts) and not all(p in self.first_names for p in parts)

    def is_first_name(self, folded: str) -> bool:
        """True for a first name, also a compound one."""
        if folded in self.first_names:
            return True
        return "-" in folded and all(part in self.first_names for part in folded.split("-"))

    def is_rare_word(self, folded: str) -> bool:
        """True for what no French dictionary and no medical list has."""
        return not self.is_word(folded) and folded not in self.protected


@cache
def lexicon(language: str = "fr") -> Lexicon:
    """The lists of the package for one language, read once per process; French is always among them."""
    names = [line.split(",") for line in _lines("first_names.txt")]
    french = _lines("towns.txt")
    towns = french[:LARGE_TOWNS] + _lines("towns_abroad.txt") + french[LARGE_TOWNS:]
    return Lexicon(
        language=language,
        words=frozenset(_lines("words_medical.txt")).union(
            *(_words(f"words_{code}.txt") for code in codes(language))
        ),
        first_names={line[0]: line[1] for line in names},
        first_name_rank={name: rank for rank, (name, _) in enumerate(names)},
        surnames=frozenset(_lines("surnames.txt")),
        towns={name: rank for rank, name in enumerate(dict.fromkeys(towns))},
        hospitals=frozenset(_lines("hospitals.txt")),
        protected=frozenset(_lines("eponyms.txt")),
    )


@cache
def word_class(name: str) -> frozenset[str]:
    """One closed class of words from classes.yaml."""
    return frozenset(_classes()[name])


@cache
def _classes() -> dict[str, list[str]]:
    text = (files("osteon.deid.text") / "data" / "classes.yaml").read_text(encoding="utf-8")
    classes: dict[str, list[str]] = yaml.safe_load(text)
    return classes


def _lines(name: str) -> list[str]:
    text = (files("osteon.deid.text") / "data" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _words(name: str) -> frozenset[str]:
    """Front coding: one character for the length shared with the word before, then the rest."""
    found, previous = [], ""
    for line in _lines(name):
        previous = previous[: _PLACES.index(line[0])] + line[1:]
        found.append(previous)
    return frozenset(found)
