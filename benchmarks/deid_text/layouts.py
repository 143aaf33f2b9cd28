"""Whole letters as templates in YAML, one file a set, written as a scan, a form in capitals or a dictation.

A file holds the set's own `values`, `terms`, `eponyms` and `devices`, `groups` of passages and `letters` that
name passages (`<<group>>`) and slots (`{slot}`); a letter may have a `mode`.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from benchmarks.deid_text import forms

LAYOUT_SPLITS = tuple(
    name
    for name in (f"fresh{number}" for number in range(2, 15))
    if (Path(__file__).parent / f"{name}.yaml").is_file()
)
_GROUP = re.compile(r"<<(\w+)>>")
_MISREAD = {"l": "I", "I": "l", "O": "0", "e": "c", "u": "n", ":": ".", "o": "c"}


@cache
def layout_set(split: str) -> dict[str, Any]:
    """The file of one set."""
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / f"{split}.yaml").read_text("utf-8"))
    return loaded


@dataclass(frozen=True, slots=True)
class Layout:
    """A template with its slots, and the mode its letter is written in."""

    text: str
    mode: str


def draw_layout(rng: random.Random, split: str) -> Layout:
    """One letter of the set with its passages chosen."""
    chosen = rng.choice(layout_set(split)["letters"])
    text, mode = (chosen, "plain") if isinstance(chosen, str) else (chosen["text"], chosen["mode"])
    groups: dict[str, list[str]] = layout_set(split)["groups"]
    while _GROUP.search(text):
        text = _GROUP.sub(lambda m: rng.choice(groups[m[1]]), text)
    return Layout(text, mode)


def rendered(rng: random.Random, text: str, mode: str, planted: list[tuple[int, int]]) -> str:
    """The letter as its mode writes it, of the same length, so that the planted places stay true."""
    if mode == "upper":
        return forms.without_accents(text).upper()
    if mode == "lower":
        return text.lower()
    if mode == "wrap":
        return _wrapped(text, rng.randint(48, 84))
    if mode == "ocr":
        return _wrapped(_misread(rng, text, planted), rng.randint(38, 62))
    return text


def _wrapped(text: str, width: int) -> str:
    """Lines broken at blanks, wherever they stand: within a name, an address or a date as well."""
    out = list(text)
    begin = 0
    for place, char in enumerate(text):
        if char == "\n":
            begin = place + 1
        elif place - begin >= width:
            blank = text.rfind(" ", begin, place)
            if blank > begin:
                out[blank] = "\n"
                begin = blank + 1
    return "".join(out)


def _misread(rng: random.Random, text: str, planted: list[tuple[int, int]]) -> str:
    """Accents lost in half of the letters; outside the planted places one letter in 120 is read wrongly."""
    inside = {place for low, high in planted for place in range(low, high)}
    if rng.random() < 0.5:
        text = forms.without_accents(text)
    return "".join(
        _MISREAD.get(char, char) if place not in inside and rng.random() < 1 / 120 else char
        for place, char in enumerate(text)
    )
