"""Streets with what follows them, post boxes and labelled addresses."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from osteon.deid.text.languages import forms
from osteon.deid.text.lexicon import lexicon, word_class
from osteon.deid.text.recognisers.address_parts import COUNTED, with_neighbours
from osteon.deid.text.recognisers.estates import find_estates
from osteon.deid.text.recognisers.houses import find_houses
from osteon.deid.text.recognisers.name_shapes import ACRONYMS, HEADINGS
from osteon.deid.text.searches import anywhere
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER
from osteon.deid.values import fold

_NAME = r"[^\W\d_][\w'’.\-]*"
_TOWN_NAME = r"(?:St\.|[^\W\d_](?:[\w'’\-]|\.(?=[\w-]))*)"
_DAY_OF_STREET = (
    r"\d{1,2}(?:er)?[- ](?:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|"
    r"novembre|d[ée]cembre)(?:[ ](?:18|19|20)\d\d)?"
)
"""Streets of a day: `rue du 11 Novembre 1918`."""
_SP = r"[ \t\u00a0]"
_NOT_TOWN = r"(?!tel|t[ée]l|fax|le\b|né|pour\b|a\b|est\b|admis)"
_ZIP_TOWN = (
    rf"(?:{_SP}*[,;\-–]?{_SP}*\n?{_SP}*(?:[A-Z]{{1,2}}-)?"
    rf"(?P<zip>\d{{2}}{_SP}?\d{{3}}|2[AB]{_SP}?\d{{3}}|[1-9]\d{{3}})\b{COUNTED}"
    rf"{_SP}*(?P<town>{_TOWN_NAME}(?:{_SP}+{_NOT_TOWN}{_TOWN_NAME}){{0,4}})?)"
)


class _Patterns(NamedTuple):
    street: re.Pattern[str]
    suffixed: re.Pattern[str] | None


@cache
def _patterns(code: str) -> _Patterns:
    """A street by its kind before its name; in other languages also by the ending of its name."""
    number = (
        rf"(?P<number>\d{{1,4}}(?:(?:{_SP}?[-/]{_SP}?|{_SP}(?:et|à){_SP})\d{{1,4}})?{_SP}?(?:bis|ter|quater|"
        rf"[A-Da-d](?![\w]))?{_SP}*,?{_SP}*)"
    )
    street = (
        rf"(?<![\w]){number}?(?:(?:vieille|vieux|ancienne?|petite?|haute?|"
        rf"basse){_SP}+)?(?P<street>{forms('streets', code)})(?![\w])"
        rf"(?P<name>(?:{_SP}+(?:{_NAME}|{_DAY_OF_STREET})){{1,6}})(?P<rest>{_ZIP_TOWN})?"
    )
    ending = forms("street_endings", code)
    suffixed = (
        rf"(?<![\w])(?:(?P<first>\d{{1,4}}[A-Za-z]?,?{_SP}+))?(?P<name>{UPPER}[\w'’.-]*?"
        rf"(?:{_SP}+{UPPER}[\w'’.-]*?){{0,3}}{_SP}?(?i:{ending})\b"
        rf"(?:{_SP}+(?P<after>\d{{1,4}}{_SP}?[A-Za-z]?(?:{_SP}?(?:bus|box|bte){_SP}?\w{{1,4}})?)(?![\w]))?)"
    )
    return _Patterns(re.compile(street, re.IGNORECASE), re.compile(suffixed) if ending else None)


_BOX = re.compile(
    r"\b(?:BP|CS|b\.p\.)\s?\d{1,5}(?!\d|[/.]\d)(?:\s?[-–]?\s?\d{5}\s+[A-Z][\w'-]+(?:[ -][A-Z][\w'-]+)*)?",
    re.IGNORECASE,
)
_LABELLED_ADDRESS = re.compile(
    r"\b(?:adresse|domicile|demeurant(?: au)?|domicili[ée]e?(?: au| à)?|r[ée]sidant(?: "
    r"au)?|habitant(?: au)?)\s*:?\s*(?P<value>\d[^\n;]{8,80})",
    re.IGNORECASE,
)
_SUFFIXED = re.compile(
    rf"(?<![\w]){UPPER}[^\W\d_]+(?:straat|laan|steenweg|weg|plein|dreef|kaai|singel|gasse|strasse|"
    rf"straße|platz)"
    r"[ \n]\d{1,4}[A-Za-z]?(?![\w/.])"
)
"""A street by the ending of its name, as in Flanders and German Switzerland."""
_HIGH_STREET = re.compile(
    rf"(?<![\w])\d{{1,4}}{_SP}?(?:bis|ter|quater|[A-D](?!\w))?{_SP}*,?{_SP}*grand[ '’-]?rue\b", re.IGNORECASE
)
_TOWN_AFTER = re.compile(
    rf"[ \t]*,[ \t]*\n?[ \t]*(?P<town>(?:L[ea]s?[ ]|L[EA]S?[ ])?(?P<first>{UPPER}[^\W\d_]+)"
    rf"(?:[ '’-](?:(?:sur|sous|en|de|la|le|les|du|des)[ -])?{UPPER}[^\W\d_]+){{0,4}})"
    r"(?=[ \t]*(?:[,.;)(]|\n|$))"
)
_NUMBER_AFTER = re.compile(
    r"[ \t]*,?[ \t]+(?:n°[ \t]?)?\d{1,3}(?:[ \t]?(?:[A-Za-z](?!\w)|bis|ter)|/\d{1,3})?(?:[ \t]?(?i:bte|"
    r"bo[îi]te|b(?=\d))[ \t]?\w{1,4})?"
    r"(?=[ \t]*(?:$|[\n,;)(|–-]|\.(?:\s|$)|/[ \t]|(?:[àa]|te)[ \t]|(?:BE?|CH|L|F)-|\d{4}))"
)
"""A number after its street, as in Belgium and Switzerland: `rue du Fond de Vercautry 18 à 5020 Namur`."""
_ONLY_NUMBERED = frozenset(["R.", "RANG"])
_ROADS = frozenset(
    [
        "QUAI",
        "SENTIER",
        "CLOS",
        "BOULEVARD",
        "BD",
        "DREVE",
        "IMPASSE",
        "RUELLE",
        "SQUARE",
        "RTE",
        "RUE",
        "CHEMIN",
        "CH.",
        "AVENUE",
        "AV.",
        "ROUTE",
    ]
)
_ABBREVIATED = 5
_STOP_AFTER_STREET = word_class("words_after_a_street")
_LINK = word_class("words_inside_a_place")


def find_addresses(text: str, code: str = "fr") -> list[Span]:
    """Streets with what follows them, post boxes and labelled addresses."""
    spans = []
    known = _patterns(code)
    for match in anywhere(known.street, text):
        end = _street_end(match)
        if end is not None:
            spans.append(Span(match.start(), end, "ADRESSE", 0.93, "street"))
    if known.suffixed is not None:
        for match in anywhere(known.suffixed, text):
            if match["first"] or match["after"]:
                spans.append(Span(match.start(), match.end(), "ADRESSE", 0.9, "street"))
    spans += [Span(m.start(), m.end(), "ADRESSE", 0.85, "box") for m in anywhere(_BOX, text)]
    spans += [Span(m.start(), m.end(), "ADRESSE", 0.85, "high-street") for m in anywhere(_HIGH_STREET, text)]
    spans += [Span(m.start(), m.end(), "ADRESSE", 0.9, "street") for m in anywhere(_SUFFIXED, text)]
    for match in anywhere(_LABELLED_ADDRESS, text):
        stop = re.search(
            r"[,\s–-]+(?:a été|est|98|t[ée]l|vit|qui|pour|admis|exer[çc]ant|travaillant|gsm|mail|e-mail|"
            r"IPP|NIP|NDA|NIR|NISS|immatricul\w*|n°|[âa]g[ée]e?|"
            r"n[ée]e?)\b|\.\s+[A-Z]|[)]",
            match["value"],
            re.IGNORECASE,
        )
        if not re.match(r"\d{1,2}\s?ans|\d{1,2}[/.-]\d", match["value"]):
            end = match.start("value") + (stop.start() if stop else len(match["value"].rstrip()))
            spans.append(Span(match.start("value"), end, "ADRESSE", 0.7, "labelled-address"))
    spans += [*find_houses(text), *find_estates(text, lexicon(code))]
    return [with_neighbours(span, text) for span in spans]


def _street_end(match: re.Match[str]) -> int | None:
    """Where the street ends; None when the words are no address (an accident in the street)."""
    of_a_date = match.string[max(0, match.start() - 1) : match.start()] in {".", "/", "-"}
    numbered, zipped = match["number"] is not None and not of_a_date, match["zip"] is not None
    names = list(re.finditer(r"\S+", match["name"]))
    ends = next((i for i, n in enumerate(names) if len(n.group()) > _ABBREVIATED and n.group()[-1] == "."), 3)
    capital = any(
        re.match(rf"(?:[dl]['’])?{UPPER}", n.group()) is not None
        for n in names[: min(3, ends + 1)]
        if fold(n.group()) not in _LINK
    )
    proper = next((n.group() for n in names if fold(n.group()) not in {"DU", "DE", "DES", "LA"}), "")
    named = proper[:1].isupper()
    if fold(match["street"]) == "PASSAGE" and not zipped and not named:
        return None
    if fold(match["street"]) in _ONLY_NUMBERED and not numbered:
        return None
    stopped = any(fold(n.group()) in _STOP_AFTER_STREET - _LINK and n.group() != "Point" for n in names)
    behind = not stopped and _NUMBER_AFTER.match(match.string, match.end("name")) is not None
    if (
        not numbered
        and not (behind and (capital or names[-1].group()[0].isupper() or fold(match["street"]) in _ROADS))
        and not (zipped and match["name"].strip())
        and not (capital and match["street"][0].isupper())
    ):
        return None
    if zipped:
        return match.end("rest") if not _is_count(match) else match.end("name")
    end, linked = match.start("name"), False
    for name in names:
        word = fold(name.group()).strip(".,")
        if (
            word in _STOP_AFTER_STREET
            and name.group() != "Point"
            and not (linked and word == "POSTE")
            and (word not in _LINK or (end > match.start("name") and not linked))
        ):
            break
        linked = word in _LINK
        end = match.start("name") + name.end()
        if len(name.group()) > _ABBREVIATED and name.group()[-1] == ".":
            break
    after = _NUMBER_AFTER.match(match.string, end)
    if after:
        return after.end()
    town = _TOWN_AFTER.match(match.string, end) if numbered else None
    is_town = town is not None and fold(town["first"]) not in HEADINGS | ACRONYMS
    return town.end("town") if town and is_town else end


def _is_count(match: re.Match[str]) -> bool:
    return len(re.sub(r"\s", "", match["zip"])) == 4 and not (match["town"] or " ")[0].isupper()
