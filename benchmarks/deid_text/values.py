"""People, places and institutions of our own making, split into two halves by the hash of the value."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from benchmarks.deid_text.layouts import LAYOUT_SPLITS, layout_set

HALVES = ("develop", "held_out")
SPLITS = (*HALVES, "fresh", *LAYOUT_SPLITS)
_LISTS: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (Path(__file__).parent / "values.yaml").read_text(encoding="utf-8")
)
_OLD = _LISTS["old"]


def _own(split: str) -> dict[str, list[str]] | None:
    """The values of a set that has its own; None for the two halves of the old lists."""
    if split in LAYOUT_SPLITS:
        values: dict[str, list[str]] = layout_set(split)["values"]
        return values
    return _LISTS["fresh"] if split == "fresh" else None


def half_of(value: str) -> str:
    """The half a value or a sentence belongs to, by its SHA-256."""
    return HALVES[hashlib.sha256(value.encode()).digest()[0] % 2]


@cache
def surnames(split: str) -> tuple[str, ...]:
    """Surnames of French, Breton, Flemish, Maghrebi, Slavic, Iberian, Vietnamese and African make."""
    if own := _own(split):
        return (
            *(a + b for a in own["stems"] for b in own["endings"]),
            *(n for n in own["whole"] for _ in range(6)),
        )
    made = [a + b for a in _OLD["french_stems"] for b in _OLD["french_endings"]]
    made += [
        f"Le {b.capitalize()}" if a == "Le" else a + b
        for a in _OLD["breton_stems"]
        for b in _OLD["breton_endings"]
    ]
    made += [_joined(a, b) for a in _OLD["flemish_stems"] for b in _OLD["flemish_endings"]]
    made += [_joined(a, b) for a in _OLD["maghreb_stems"] for b in _OLD["maghreb_endings"]]
    made += [a + b for a in _OLD["slavic_stems"] for b in _OLD["slavic_endings"]]
    made += [a + b for a in _OLD["iberian_stems"] for b in _OLD["iberian_endings"]]
    whole = [name for name in _OLD["whole_surnames"] for _ in range(6)]
    return tuple(name for name in made + whole if half_of(name) == split)


def _joined(before: str, after: str) -> str:
    return before + (after.capitalize() if before.endswith((" ", "'")) else after)


@cache
def first_names(split: str, sex: str) -> tuple[str, ...]:
    """First names of one sex."""
    if own := _own(split):
        return tuple(own["male"] if sex == "M" else own["female"])
    return tuple(name for name in (_OLD["male"] if sex == "M" else _OLD["female"]) if half_of(name) == split)


@cache
def towns(split: str) -> tuple[str, ...]:
    """Towns: invented French ones, and Belgian, Swiss, Maghrebi, Vietnamese and short real ones."""
    if own := _own(split):
        return tuple(own["towns"])
    return tuple(name for name in _OLD["towns"] if half_of(name) == split)


@dataclass(frozen=True, slots=True)
class Cast:
    """Draws values of one half with one random state."""

    rng: random.Random
    split: str

    def pick(self, values: Sequence[str]) -> str:
        """One of the values."""
        return self.rng.choice(values)

    def surname(self) -> str:
        """A surname; one in twelve is double."""
        name = self.pick(surnames(self.split))
        if self.rng.random() < 1 / 12:
            name += "-" + self.pick(surnames(self.split)).replace(" ", "")
        return name

    def first_name(self, sex: str) -> str:
        """A first name of that sex."""
        return self.pick(first_names(self.split, sex))

    def town(self) -> str:
        """A town."""
        return self.pick(towns(self.split))

    def hospital(self) -> str:
        """A hospital with its kind and name."""
        return self._filled(self.pick(self._values("hospitals")))

    def street(self) -> str:
        """A street without its number."""
        return self._filled(self.pick(self._values("streets")))

    def address(self) -> str:
        """An address in a form of its own, its numbers drawn; the set must have `addresses`."""
        form = self._filled(self.pick((_own(self.split) or {})["addresses"]))
        return re.sub(
            "#", lambda _: str(self.rng.choice((self.rng.randint(1, 99), self.rng.randint(1, 450)))), form
        )

    def pavilion(self) -> str:
        """The proper name of a ward or building."""
        kind = self.pick(("pavillon", "bâtiment", "unité"))
        return f"{kind} {self.pick((self.surname(), self.pick(_OLD['saints'])))}"

    def _elided(self, kind: str = "thing2") -> str:
        """A thing after `l'` or `la`; drawn only where the set has some, so that other sets' letters stay."""
        things = (_own(self.split) or {}).get(kind, [])
        return self.pick(things) if things else ""

    def saint(self) -> str:
        """The name of a ward or house that a saint gave it."""
        return self.pick(self._values("saints"))

    def acronym(self) -> str:
        """A hospital as its own people call it; the set must have `acronyms`."""
        return self.pick((_own(self.split) or {})["acronyms"])

    def _values(self, kind: str) -> list[str]:
        """The set's own values of a kind, or the old ones where it has none."""
        own = _own(self.split) or {}
        return own.get(kind, _OLD[kind])

    def _filled(self, form: str) -> str:
        sex = self.pick("MF")
        return form.format(
            town=self.town(),
            saint=self.pick(self._values("saints")),
            saint_nl=self.pick(self._values("saints_nl")),
            thing=self.pick(self._values("things")),
            thing2=self._elided(),
            thing3=self._elided("thing3"),
            thing1=self.pick(self._values("thing")),
            last=self.surname(),
            person=f"{self.first_name(sex)} {self.surname()}",
        )
