"""Tables E.1-1 (attributes) and E.3.4-1 (content items) of PS3.15, and the safe private attributes."""

from __future__ import annotations

import csv
from collections.abc import Collection
from functools import cache
from importlib.resources import files

from osteon.deid.standard.options import Option

EDITION = "2026d"
_COMPOSITES = frozenset({"X/Z", "X/D", "Z/D", "X/Z/D"})


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("osteon.deid.standard") / name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def _attributes() -> dict[int, dict[str, str]]:
    return {
        int(r["tag"], 16): r for r in _rows("table_e1_1.csv") if len(r["tag"]) == 8 and "x" not in r["tag"]
    }


@cache
def _types() -> dict[int, str]:
    return {int(r["tag"], 16): r["type"] for r in _rows("iod_types.csv")}


def listed_tags() -> tuple[int, ...]:
    """Every single attribute of table E.1-1 (the repeating groups 50xx and 60xx and private ones apart)."""
    return tuple(_attributes())


def letter_of(tag: int, options: Collection[Option]) -> str | None:
    """What table E.1-1 asks for under the options: X, Z, D, U, U*, K or C; None: not listed.

    Where two options differ the stricter goes (C before K). A letter that depends on the attribute's type
    (X/Z, X/D, ...) becomes D for type 1, Z for type 2 and X otherwise, in the objects that are handled here.

    >>> cleaned = {Option.CLEAN_DESCRIPTORS}
    >>> letter_of(0x00100010, ()), letter_of(0x00081030, cleaned), letter_of(0x00280010, ())
    ('Z', 'C', None)
    """
    row = _attributes().get(tag)
    if row is None:
        return None
    chosen = {row[option] for option in options if option in row} - {""}
    if chosen:
        return "C" if "C" in chosen else "K"
    basic = row["basic"]
    if basic == "X/Z/U*":
        return "U*"
    if basic not in _COMPOSITES:
        return basic
    wanted = {"1": "D", "2": "Z"}.get(_types().get(tag, ""), "X")
    letters = basic.split("/")
    return wanted if wanted in letters else letters[-1] if wanted == "D" else letters[0]


@cache
def _content_items() -> dict[tuple[str, str], dict[str, str]]:
    return {(r["scheme"], r["code"]): r for r in _rows("table_e3_4_1.csv")}


def content_letter(scheme: str, code: str, options: Collection[Option]) -> str | None:
    """What table E.3.4-1 asks for of a content item with this concept name; None when it is not listed."""
    row = _content_items().get((scheme, code))
    if row is None:
        return None
    chosen = {row[option] for option in options if option in row} - {""}
    if chosen:
        return "C" if "C" in chosen else "K"
    return "D" if "D" in row["basic"] else row["basic"]


@cache
def safe_private() -> dict[tuple[str, int, int], str]:
    """(creator, group, element below 0x100) -> VR of the private attributes that identify nobody."""
    return {
        (r["creator"], int(r["group"], 16), int(r["element"], 16)): r["vr"] for r in _rows("safe_private.csv")
    }
