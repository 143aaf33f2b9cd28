"""Words and forms by language, as data: titles, roles, fields of forms, months, streets, hospitals.

French is always read; another language adds its forms and its dictionary, because a Belgian or Swiss
letter mixes both, and what is in no dictionary counts as a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from osteon.deid.text.searches import anywhere
from osteon.domain.errors import UsageError

LANGUAGES = ("fr", "nl", "en")


@cache
def language_data(code: str) -> dict[str, Any]:
    """One language's file.

    Raises:
        UsageError: no such language.
    """
    if code not in LANGUAGES:
        raise UsageError(f"one of the languages {', '.join(LANGUAGES)}", "another", "choose one of them")
    path = files("osteon.deid.text") / "data" / "languages" / f"{code}.yaml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def codes(code: str) -> tuple[str, ...]:
    """The languages that are read for the one that was chosen.

    >>> codes("fr"), codes("nl")
    (('fr',), ('fr', 'nl'))
    """
    return ("fr",) if code == "fr" else ("fr", code)


_DUTCH = re.compile(
    r"(?i:\b(?:geboren|geachte|onderzoek|verslag|besluit|huisarts|voornaam|geboortedatum|rijksregister(?:nr|nummer)|pati[ëe]nt[ë(]|"
    r"aanvrager|klinische|inlichtingen|contactpersoon|medische|collegiale|groeten|wij|niet|werd|gevalideerd|dochter|afspraak|woonplaats|betreft|het|een|naam)\b)"
)
_FEWEST_DUTCH = 2


def written_language(text: str, chosen: str) -> str:
    """The language to read a text in: Dutch where French was chosen and two Dutch words stand in it.

    A Belgian letter may hold both; French is read in either case.

    >>> written_language("Geachte collega, ik zag uw patiënt, geboren te Gent. Verslag volgt.", "fr")
    'nl'
    """
    if chosen != "fr" or len({m.group().lower() for m in anywhere(_DUTCH, text)}) < _FEWEST_DUTCH:
        return chosen
    return "nl"


@cache
def forms(kind: str, code: str = "fr") -> str:
    """The alternatives of one kind as the inside of a pattern's group, longest first."""
    found = [form for each in codes(code) for form in language_data(each).get(kind, [])]
    return by_first_letter(sorted(dict.fromkeys(found), key=len, reverse=True))


_FIRST = re.compile(r"([^\W\d_]|\[[^\]\\]+\])(?![?*+{])")


def by_first_letter(alternatives: Iterable[str]) -> str:
    """The alternatives with those of one first letter together, so that most fail at once.

    >>> by_first_letter(["docteur", "madame", "dr"])
    'd(?:octeur|r)|m(?:adame)'
    """
    groups: dict[str, list[str]] = {}
    for form in alternatives:
        match = _FIRST.match(form) if len(alternatives_of(form)) == 1 else None
        groups.setdefault(match[1] if match else form, []).append(form[match.end() :] if match else "")
    return "|".join(f"{key}(?:{'|'.join(rest)})" if rest != [""] else key for key, rest in groups.items())


_PIECE = re.compile(r"(?:\\.|\[[^\]]*\]|[^|()\\[])+|[|()]")


def alternatives_of(pattern: str) -> list[str]:
    """The pattern's alternatives, cut at the bars that stand in no brackets.

    >>> alternatives_of("a(?:b|c)|d")
    ['a(?:b|c)', 'd']
    """
    found, depth = [""], 0
    for piece in _PIECE.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and not depth:
            found.append("")
        else:
            found[-1] += piece
    return found
