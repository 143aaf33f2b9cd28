"""One radiology letter after another: text, planted spans, terms that must stay, and the header beside it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.deid_text import fresh, sentences
from benchmarks.deid_text.codes import CodeSlots
from benchmarks.deid_text.layouts import LAYOUT_SPLITS, draw_layout, layout_set, rendered
from benchmarks.deid_text.people import PeopleSlots
from benchmarks.deid_text.places import PlaceSlots
from benchmarks.deid_text.scene import Piece
from benchmarks.deid_text.times import TimeSlots
from benchmarks.deid_text.values import half_of
from benchmarks.deid_text.wide_people import WidePeople

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Planted:
    """One identifier in a letter; `known` where the header beside it has the value."""

    start: int
    end: int
    category: str
    label: str
    known: bool
    slot: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A report with what was planted, what must stay, and the header's values as DICOM keywords."""

    number: int
    text: str
    planted: tuple[Planted, ...]
    kept: tuple[tuple[int, int], ...]
    header: dict[str, object] = field(repr=False)


def letters(count: int, split: str, seed: int, writer: type[Writer] | None = None) -> Iterator[Letter]:
    """The first `count` letters of one half; the same for the same seed."""
    for number in range(count):
        yield (writer or Writer)(random.Random(f"{seed}:{split}:{number}"), split).letter(number)


class Writer(PeopleSlots, PlaceSlots, TimeSlots, CodeSlots, WidePeople):
    """Writes one letter about its scene."""

    def letter(self, number: int) -> Letter:
        layout = draw_layout(self.rng, self.split) if self.split in LAYOUT_SPLITS else None
        text, planted, kept = "", [], list[tuple[int, int]]()
        for line in [layout.text] if layout else self._lines():
            position = 0
            for match in _SLOT.finditer(line):
                text += line[position : match.start()]
                position = match.end()
                for value, category, label in self._slot(match[1]):
                    start, text = len(text), text + value
                    if category == "kept":
                        kept.append((start, len(text)))
                    elif category:
                        known = self._is_known(match[1], value)
                        planted.append(Planted(start, len(text), category, label, known, match[1]))
            text += line[position:]
        if layout:
            text = rendered(self.rng, text, layout.mode, [*kept, *((p.start, p.end) for p in planted)])
        return Letter(number, text, tuple(planted), tuple(kept), self._header())

    def _lines(self) -> Iterator[str]:
        """One sentence of each part; lazily, because the slots draw from the same random state."""
        for part in fresh.PARTS if self.split == "fresh" else sentences.PARTS:
            own = [line for line in part if self.split in {"fresh", half_of(line or str(part))}] or list(part)
            yield self.rng.choice(own)

    def _is_known(self, slot: str, value: str) -> bool:
        if slot.startswith(
            ("patient", "last", "first", "maiden", "birth", "ipp", "nda", "accession", "initial_", "doctor")
        ):
            return slot != "last_date"
        return value.casefold() in {v.casefold() for v in (self.hospital, self.home, self.town, self.phone)}

    def _slot(self, name: str) -> list[Piece]:
        for prefix, maker in (
            ("patient", self._patient),
            ("doctor", self._doctor),
            ("zip_town", self._zip_town),
        ):
            if name.startswith(prefix):
                return maker(name)
        made: Callable[[], list[Piece]] = getattr(self, f"_slot_{name}")
        return made()

    def _slot_term(self) -> list[Piece]:
        return [(self.rng.choice(self._terms("terms", sentences.TERMS)), "kept", "")]

    def _slot_eponym(self) -> list[Piece]:
        return [(self.rng.choice(self._terms("eponyms", sentences.EPONYMS)), "kept", "")]

    def _slot_device(self) -> list[Piece]:
        return [(self.rng.choice(self._terms("devices", sentences.DEVICES)), "kept", "")]

    def _terms(self, kind: str, old: Sequence[str]) -> Sequence[str]:
        own: list[str] | None = layout_set(self.split)[kind] if self.split in LAYOUT_SPLITS else None
        return own or old
