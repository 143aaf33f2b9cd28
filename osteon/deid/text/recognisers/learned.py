"""What a small network over words takes for a name, a place or an address where no rule has taken it.

The network sees what stands around a word, its ends and shape, what the lists say of it, and what the rules
have taken; it never sees what is behind a redaction, so that a second pass over tags reads the same rows. Its
weights are fitted by `benchmarks.deid_tagger`; figures and limits stand in docs/decisions/report-text.md.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from osteon.deid.text.lexicon import Lexicon, lexicon, word_class
from osteon.deid.text.recognisers.name_shapes import (
    ACRONYMS,
    FUNCTION_WORDS,
    HEADINGS,
    MEDICAL_SHAPE,
    TERM_ENDING,
    TITLES,
)
from osteon.deid.text.span import Span
from osteon.deid.values import fold

WORD_ROWS, END_ROWS, SHAPE_ROWS, FLAGS = 4096, 2048, 256, 11
CLASSES = ("none", "NOM", "VILLE", "HOPITAL", "ADRESSE", "other")
_TOKEN = re.compile(r"[^\W\d_]+|\d+|\n|[^\w\s]|_")
_TAG = re.compile(r"<([A-Z_]{2,20})>")
_PLACES = frozenset(["HOPITAL", "ADRESSE", "VILLE", "ZIP"])
_PEOPLE = frozenset(["NOM", "PRENOM", "INITIALES"])
_FIRST_WORD_ROW = 5
_THRESHOLD, _STRICT = 0.9, 0.97
_LOUD, _SMALL = 0.7, 0.02
_BRIDGE = re.compile(r"[ '’-]|[ -](?:de|du|des|la|le|les|l['’]|d['’])(?: la)? ?")
_MAKERS = word_class("makers_of_devices")
_ROUNDS = 2
_NO_FLAGS = (False,) * (FLAGS - 2)


class Row(NamedTuple):
    """A word or sign; or a redaction, whose `kind` says what it hides: 2 somebody, 3 a place, 4 the rest."""

    start: int
    end: int
    text: str
    kind: int


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as the network reads it, n rows.

    Args:
        ids: the word's row, those of three ends and of its shape, (n, 5), int64.
        flags: what the lists say, 0 or 1, (n, 11), float32.
    """

    rows: list[Row]
    ids: NDArray[np.int64]
    flags: NDArray[np.float32]


def hashed(text: str, rows: int) -> int:
    """A row from 1 to `rows` - 1, the same in every process."""
    return zlib.crc32(text.encode()) % (rows - 1) + 1


def word_key(folded: str) -> int:
    """What the network's vocabulary holds of a word: its CRC-32."""
    return zlib.crc32(folded.encode())


def rows_of(text: str, spans: Sequence[Span]) -> list[Row]:
    """The words and signs outside the spans and tags, and one row for each of these in their places."""
    rows: list[Row] = []
    tags = [Span(*m.span(), m[1]) for m in _TAG.finditer(text)]
    position = 0
    for span in (*sorted([*spans, *tags]), Span(len(text), len(text), "")):
        rows += [
            Row(m.start(), m.end(), m.group(), 0)
            for m in _TOKEN.finditer(text, position, max(position, span.start))
        ]
        if span.end > span.start:
            kind = 3 if span.label in _PLACES else 2 if span.label in _PEOPLE else 4
            last = rows[-1] if rows else None
            if last and last.kind == kind and not text[last.end : span.start].strip(" -'’"):
                rows[-1] = Row(last.start, span.end, "", kind)
            else:
                rows.append(Row(span.start, span.end, "", kind))
        position = max(position, span.end)
    return rows


def encoded(text: str, spans: Sequence[Span], vocabulary: frozenset[int]) -> Encoded:
    """The text as the network reads it; the spans are those of the rules, merged."""
    rows = rows_of(text, spans)
    ids: list[tuple[int, ...]] = []
    flags: list[tuple[bool, ...]] = []
    previous = 0
    for row in rows:
        apart = row.start > previous
        previous = row.end
        if row.kind:
            ids.append((row.kind, 0, 0, 0, 0))
            flags.append((*_NO_FLAGS, apart, False))
            continue
        key, ends, listed = _features(row.text)
        known = key % (WORD_ROWS - _FIRST_WORD_ROW) + _FIRST_WORD_ROW
        ids.append((known if key in vocabulary else 1, *ends))
        flags.append((*listed, apart, row.text.isupper()))
    n = len(rows)
    ids_nK = np.fromiter(chain.from_iterable(ids), np.int64, 5 * n).reshape(n, 5)
    flags_nF = np.fromiter(chain.from_iterable(flags), np.float32, FLAGS * n).reshape(n, FLAGS)
    return Encoded(rows, ids_nK, flags_nF)


@lru_cache(maxsize=50_000)
def _features(word: str) -> tuple[int, tuple[int, int, int, int], tuple[bool, ...]]:
    folded, lex = fold(word), lexicon()
    rank, town = lex.first_name_rank.get(folded), lex.towns.get(folded)
    named = rank is not None or town is not None or folded in lex.surnames
    flags = (
        *(folded in lex.words, folded in lex.protected, rank is not None, rank is not None and rank < 2000),
        *(
            folded in lex.surnames,
            town is not None,
            town is not None and town < 3000,
            folded in lex.hospitals,
        ),
        lex.is_word(folded) and not named,
    )
    ends = (
        hashed("p" + folded[:3], END_ROWS),
        hashed("s" + folded[-3:], END_ROWS),
        hashed("q" + folded[-2:], END_ROWS),
    )
    return word_key(folded), (*ends, hashed(_shape(word), SHAPE_ROWS)), flags


def _shape(word: str) -> str:
    if word.isdigit():
        return f"d{min(len(word), 6)}"
    if not word[0].isalpha():
        return word
    if word.isupper():
        return "X1" if len(word) == 1 else f"XX{min(len(word), 4)}"
    return "Xx" if word[0].isupper() else f"x{min(len(word), 4)}"


class Tagger:
    """The fitted network: embeddings, one dense layer, convolutions with growing reach, six classes."""

    def __init__(self, weights: dict[str, NDArray[np.float32]]) -> None:
        """The tables already multiplied with the dense layer, so that reading a row is a sum."""
        dense, at = weights["inp.weight"].T, 0
        tables = []
        for name in ("w", "a", "a", "a", "sh"):
            table = weights[f"{name}.weight"]
            tables.append(table @ dense[at : at + table.shape[1]])
            at += table.shape[1]
        self._tables, self._flags, self._bias = tables, dense[at:], weights["inp.bias"]
        self._reach = (1, 2, 4)
        self._layers = [
            (weights[f"c.{n}.weight"].transpose(2, 1, 0).copy(), weights[f"c.{n}.bias"]) for n in range(3)
        ]
        self._out, self._out_bias = weights["out.weight"].T, weights["out.bias"]
        self.vocabulary = frozenset(int(key) for key in weights["vocabulary"])

    def probabilities(self, read: Encoded) -> NDArray[np.float32]:
        """The share of each class for each row, (n, 6), float32; a row sums to 1."""
        x_nD = self._bias + read.flags @ self._flags
        for column, table in enumerate(self._tables):
            x_nD += table[read.ids[:, column]]
        np.maximum(x_nD, 0, out=x_nD)
        for reach, (kernel, bias) in zip(self._reach, self._layers, strict=True):
            size = len(x_nD)
            wide = np.zeros((size + 2 * reach, x_nD.shape[1]), x_nD.dtype)
            wide[reach : reach + size] = x_nD
            y_nD = wide[:size] @ kernel[0]
            for n in (1, 2):
                y_nD += wide[n * reach : n * reach + size] @ kernel[n]
            y_nD += bias
            x_nD += np.maximum(y_nD, 0)
        raw = x_nD @ self._out + self._out_bias
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        shares: NDArray[np.float32] = raw / raw.sum(axis=1, keepdims=True)
        return shares


@cache
def tagger() -> Tagger:
    """The network of the package, read once per process."""
    with (files("osteon.deid.text") / "data" / "tagger.npz").open("rb") as file, np.load(file) as stored:
        return Tagger({k: v if k == "vocabulary" else v.astype(np.float32) for k, v in stored.items()})


def find_learned(text: str, spans: Sequence[Span], lex: Lexicon) -> list[Span]:
    """Spans of names, towns, hospitals and addresses that none of the merged spans has.

    What was found is then hidden as well and the text read once more, for a second pass to find nothing new.
    """
    found: list[Span] = []
    for _ in range(_ROUNDS):
        more = list(_bridged(text, list(_once(text, sorted([*spans, *found]), lex))))
        if not more:
            break
        found += more
    return found


def _once(text: str, spans: Sequence[Span], lex: Lexicon) -> Iterator[Span]:
    network = tagger()
    read = encoded(text, spans, network.vocabulary)
    if not read.rows:
        return
    shares_nC = network.probabilities(read)
    likely = np.flatnonzero(shares_nC[:, 1:5].sum(axis=1) > _THRESHOLD)
    if not len(likely):
        return
    letters = max(1, sum(map(str.isalpha, text)))
    capitals = sum(map(str.isupper, text)) / letters
    for place in likely:
        row, shares = read.rows[place], shares_nC[place]
        made = place > 0 and fold(read.rows[place - 1].text) in _MAKERS
        if row.text.isdigit() and shares[4] > _THRESHOLD:
            yield Span(row.start, row.end, "ADRESSE", 0.3, "learned")
        if row.kind or made or len(row.text) < 3 or not row.text.isalpha():
            continue
        kind = CLASSES[1 + int(shares[1:5].argmax())]
        needed = _needed(row.text, kind, lex, loud=capitals > _LOUD, small=capitals < _SMALL)
        if shares[1:5].sum() > needed:
            first = kind == "NOM" and lex.is_first_name(fold(row.text))
            yield Span(row.start, row.end, "PRENOM" if first else kind, 0.3, "learned")


def _needed(word: str, kind: str, lex: Lexicon, *, loud: bool, small: bool) -> float:
    """How sure the network must be of the word; above 1 where the lists forbid it."""
    folded, capital = fold(word), word[0].isupper()
    if folded in lex.protected or folded in ACRONYMS | TITLES | FUNCTION_WORDS | HEADINGS:
        return 2.0
    if (not capital and not small) or (word.isupper() and not loud and len(word) < 6 and kind != "NOM"):
        return 2.0
    needed = _THRESHOLD
    if lex.is_word(folded):
        needed = (1 + _THRESHOLD) / 2 if capital else _STRICT
    named = folded in lex.first_names or folded in lex.surnames
    shaped = MEDICAL_SHAPE.search(folded) is not None
    term = shaped or ((loud or small) and TERM_ENDING.search(folded) is not None)
    return max(needed, _STRICT) if term and (loud or not capital) and not named else needed


def _bridged(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """The spans, and the small words between two of one kind."""
    yield from spans
    for before, after in pairwise(spans):
        if before.label == after.label and _BRIDGE.fullmatch(text[before.end : after.start]):
            yield Span(before.end, after.start, before.label, 0.3, "learned")
