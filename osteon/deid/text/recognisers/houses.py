"""Houses without a street: a number before words that a postcode follows."""

from __future__ import annotations

import re

from osteon.deid.text.lexicon import word_class
from osteon.deid.text.recognisers.address_parts import COUNTED
from osteon.deid.text.recognisers.name_shapes import FUNCTION_WORDS
from osteon.deid.text.searches import at_digits
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER
from osteon.deid.values import fold

_SP = r"[ \t\u00a0]"
_NUMBER = rf"\d{{1,4}}{_SP}?(?:bis|ter|quater|[A-D](?!\w))?{_SP}?,?{_SP}"
_WORD = r"[^\W\d_][\w'’.-]*"
_BEFORE_A_ZIP = re.compile(
    rf"{_NUMBER}(?P<first>{_WORD})(?:{_SP}(?:{_WORD}|\d{{1,4}}(?={_SP}[^\W\d_]))){{0,6}}?"
    rf"(?={_SP}*[,;–-]?{_SP}*\n?{_SP}*(?:[A-Za-z]{{1,2}}-)?\d\d{_SP}?\d{{3}}{COUNTED}{_SP}+[^\W\d_])",
    re.IGNORECASE,
)
_NAMED_HOUSE = re.compile(
    rf"{_NUMBER}(?P<first>le{_SP}bourg\b|(?:les?|la){_SP}{UPPER}[^\W\d_]+(?:[ -]{UPPER}[^\W\d_]+)*|"
    rf"(?:RN|RD|D|N){_SP}?\d{{1,4}}\b(?:{_SP}*,?{_SP}*\n?{_SP}*(?:lieu[ -]dit{_SP})?{UPPER}[\w'’-]+)?|"
    rf"(?:RN|RD|D|N){_SP}?\n?\d{{1,4}}{_SP}lieu[ -]dit{_SP}{_WORD})"
)
_WHERE = re.compile(
    r"(?:^|\n|[,;:(|]|[ \t][/–-]|\b(?:au|à|a|habite|habitant|demeurant|demeure|réside|résidant|domicile|"
    r"domicilié|domiciliée|domicilié\(e\)|adresse|prévu|vit|loge|logé|logée))[ \t]*$",
    re.IGNORECASE,
)
"""Where an address begins."""
_COUNTED = word_class("months") | word_class("words_that_are_counted")


def find_houses(text: str) -> list[Span]:
    """Numbered houses before a postcode with its town, or named where an address begins: `25 Le Bourg`."""
    return [
        Span(match.start(), match.end(), "ADRESSE", 0.7, rule)
        for pattern, rule in ((_BEFORE_A_ZIP, "before-zip"), (_NAMED_HOUSE, "named-house"))
        for match in at_digits(pattern, text)
        if _WHERE.search(text, max(0, match.start() - 24), match.start()) and _is_house(match["first"])
    ]


def _is_house(first: str) -> bool:
    word = fold(re.split(rf"{_SP}|['’]", first)[0]).strip(".,-")
    return word not in _COUNTED and (word in {"LE", "LA", "LES", "L", "AU"} or word not in FUNCTION_WORDS)
