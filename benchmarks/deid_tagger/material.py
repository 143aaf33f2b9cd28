"""Letters to fit on: the generator's, with values and terms drawn anew, the notes and case reports.

No letter of the sets that measure the network is among them. Names and towns come from the sets' own lists,
the product's lists, plain words and a letter model; terms from the sets and half of the case reports
(read where OSTEON_SHARED_DATA says), which also stand as letters without identity.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

from benchmarks.deid_text import forms
from benchmarks.deid_text.letters import Letter, Planted, Writer, letters
from benchmarks.deid_text.resampled import notes
from benchmarks.deid_text.scene import Piece
from benchmarks.deid_text.values import Cast
from osteon.deid.text.engine import find_spans_of
from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.span import Span

FITTED_ON = ("fresh6", "fresh5", "fresh4", "fresh3", "fresh2", "fresh", "held_out", "develop")
Marked = tuple[Letter, list[Span]]
"""A letter and what the rules found in it; nothing where they were not asked."""
_NO_TERM = re.compile(
    r"\d|[A-Z]{2}|\b(?:ans|mois|janvier|février|mars|avril|mai|juin|juillet|août|Dr|Mme|M)\b"
)
_SIGNS = (
    *(
        "TA 12/7",
        "Sat 98 %",
        "CRP 12",
        "Hb 11,2",
        "IRM",
        "TDM",
        "AVP",
        "RAS",
        "PTH droite",
        "LCA",
        "P1",
        "J4",
        "L5-S1",
    ),
    *(
        "C6",
        "EVA 3/10",
        "ECG",
        "HTA",
        "BPCO",
        "AINS",
        "HBPM",
        "IMC 31",
        "ASA 2",
        "T-score -2,1",
        "IDM",
        "GCS 15",
        "SSPI",
    ),
)


class Renewed(Cast):
    """Draws names and towns from further sources than the set's own lists."""

    def surname(self) -> str:
        """One in three of the set, else of the lists, a word, or of the letter model."""
        return self._one_of(
            (0.3, super().surname),
            (0.55, lambda: _title(self.rng.choice(_lists()["surnames"]))),
            (0.65, lambda: _title(self.rng.choice(_lists()["first_names"][:3000]))),
            (0.75, lambda: self.rng.choice(_lists()["words"]).capitalize()),
            (1.0, lambda: invented(self.rng)),
        )

    def town(self) -> str:
        """One in three of the set, else of the list or of the letter model."""
        return self._one_of(
            (0.3, super().town),
            (0.6, lambda: _title(self.rng.choice(_lists()["towns"][:20_000]))),
            (0.75, lambda: _title(self.rng.choice(_lists()["towns"][:2000]))),
            (
                1.0,
                lambda: (
                    invented(self.rng) + self.rng.choice(("", "", "-les-Bains", f"-sur-{invented(self.rng)}"))
                ),
            ),
        )

    def first_name(self, sex: str) -> str:
        """Half of the set, half of the list."""
        return self._one_of(
            (0.5, lambda: Cast.first_name(self, sex)),
            (1.0, lambda: _title(self.rng.choice(_lists()["first_names"]))),
        )

    def _one_of(self, *choices: tuple[float, Callable[[], str]]) -> str:
        share = self.rng.random()
        return next(draw for limit, draw in choices if share < limit)()


class RenewedWriter(Writer):
    """Writes a letter with renewed values; two terms in three are phrases and signs that no set has."""

    cast_type = Renewed

    def _slot_term(self) -> list[Piece]:
        share = self.rng.random()
        if share < 0.35:
            return super()._slot_term()
        return [(self.rng.choice(_SIGNS if share < 0.5 else _phrases()), "kept", "")]

    def _slot_eponym(self) -> list[Piece]:
        if self.rng.random() < 0.3:
            return super()._slot_eponym()
        name = self.rng.choice(_lists()["eponyms"]).capitalize()
        return [(name + self.rng.choice(("", "", "", "", " 2", " III")), "kept", "")]


def invented(rng: random.Random) -> str:
    """A word of the shape of French names, from the letters of towns, surnames and first names.

    >>> invented(random.Random(1)).isalpha()
    True
    """
    while True:
        word = "^^"
        while not word.endswith("$") and len(word) < 14:
            word += rng.choice(_letters_after()[word[-2:]])
        if word.endswith("$") and 3 <= len(word) - 3 <= 12:
            return word[2:-1].capitalize()


def material(asked: int, unasked: int) -> Iterator[Marked]:
    """Letters of every set: for `asked` of each the rules say what they take, for `unasked` nobody does."""
    marked = [_shared() / f"public_small_{part}.jsonl" for part in ("train", "dev")]
    plain = (Letter(n, text, (), (), {}) for n, text in enumerate(_case_texts()))
    yield from _read(varied(plain, 1))
    for rounds, seed, reader in ((2, 5, _read), (6, 6, _unread)):
        yield from reader(varied(notes(marked, rounds, "develop", seed), seed))
    for split in FITTED_ON:
        share = 1 if split.startswith("fresh") and split != "fresh" else 2
        yield from _read(varied(letters(asked // share, split, 901, RenewedWriter), 7))
        yield from _unread(varied(letters(unasked // share, split, 902, RenewedWriter), 8))


def varied(source: Iterable[Letter], seed: int) -> Iterator[Letter]:
    """The letters, some in capitals, some without, some without accents."""
    rng = random.Random(seed)
    for letter in source:
        share, text = rng.random(), letter.text
        if share < 0.15:
            text = forms.without_accents(text).upper()
        elif share < 0.33:
            text = text.lower()
        elif share < 0.45:
            text = forms.without_accents(text)
        same = len(text) == len(letter.text)
        yield Letter(letter.number, text if same else letter.text, letter.planted, letter.kept, {})


def keep(marked: Iterable[Marked], path: Path) -> None:
    """Writes the letters as JSON lines."""
    lines = (json.dumps([letter.text, [_plain(p) for p in letter.planted], [_plain(s) for s in found]])
             for letter, found in marked)  # fmt: skip
    path.write_text("\n".join(lines), "utf-8")


def kept(path: Path) -> list[Marked]:
    """The letters that `keep` wrote."""
    read = [json.loads(line) for line in path.read_text("utf-8").split("\n")]
    return [
        (
            Letter(n, text, tuple(Planted(a, b, "", label, False, "") for a, b, label in planted), (), {}),
            [Span(*span) for span in found],
        )
        for n, (text, planted, found) in enumerate(read)
    ]


def _plain(span: Planted | Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label


def _read(source: Iterator[Letter]) -> Iterator[Marked]:
    while group := list(islice(source, 64)):
        found = find_spans_of([one.text for one in group], [None] * len(group), learned=False)
        yield from zip(group, found, strict=True)


def _unread(source: Iterator[Letter]) -> Iterator[Marked]:
    return ((letter, []) for letter in source)


def _title(folded: str) -> str:
    return "-".join(" ".join(word.capitalize() for word in part.split(" ")) for part in folded.split("-"))


@cache
def _lists() -> dict[str, list[str]]:
    lex = lexicon()
    return {
        "surnames": sorted(lex.surnames),
        "first_names": list(lex.first_names)[:5000],
        "towns": list(lex.towns),
        "words": sorted(word for word in lex.words if word.isalpha() and 4 <= len(word) <= 9),
        "eponyms": sorted(name for name in lex.protected if name.isalpha() and len(name) > 3),
    }


@cache
def _letters_after() -> dict[str, list[str]]:
    lists, following = _lists(), defaultdict[str, list[str]](list)
    for name in (*lists["towns"][:15_000], *lists["surnames"], *lists["first_names"]):
        for part in re.split(r"[ -]", name):
            word = f"^^{part}$"
            for place in range(len(word) - 2):
                following[word[place : place + 2]].append(word[place + 2])
    return dict(following)


@cache
def _phrases() -> tuple[str, ...]:
    """Two to five words of one clause of the case reports that are fitted on."""
    rng, found = random.Random(7), list[str]()
    for text in _case_texts():
        for clause in re.findall(r"[^.;:,()\n]{12,70}", text):
            words = clause.split()
            start = rng.randrange(0, max(1, len(words) - 2))
            phrase = " ".join(words[start : start + rng.randint(2, 5)])
            if len(words) > 1 and not _NO_TERM.search(phrase):
                found.append(phrase)
    return tuple(found)


def _case_texts() -> list[str]:
    """Every other report; the rest measures over-redaction."""
    lines = (_shared() / "case_reports_fr.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines[::2]]


def _shared() -> Path:
    return Path(os.environ["OSTEON_SHARED_DATA"]) / "text"
