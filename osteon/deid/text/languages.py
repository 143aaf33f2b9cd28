"""Words and forms by language, as data: titles, roles, fields of forms, months, streets, hospitals.

French is always read; another language adds its forms and its dictionary, because a Belgian or Swiss
letter mixes both, and what is in no dictionary counts as a name.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

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


@cache
def forms(kind: str, code: str = "fr") -> str:
    """The alternatives of one kind as the inside of a pattern's group, longest first."""
    found = [form for each in codes(code) for form in language_data(each).get(kind, [])]
    return "|".join(sorted(dict.fromkeys(found), key=len, reverse=True))
