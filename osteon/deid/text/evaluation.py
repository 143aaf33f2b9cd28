"""How much of what identifies is found: recall by span, precision by character, documents as a whole.

A gold span counts as found when each of its letters and digits lies in a redaction of any label; blanks
and punctuation inside a span are not asked for. Precision is the share of redacted letters and digits
that lie in a gold span. A redaction is what the policy for notes replaces: with `ages_in_notes: band`,
as the package has it, an age counts; with `keep` it does not. Gold that marks no age at all says nothing
about ages: redacted ones are then left out of the precision, and `precision_with_unmarked_ages` has them.
Bounds are Wilson's at 95 %.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osteon.deid.policy import Policy
from osteon.deid.text.ages import redacted_ages
from osteon.deid.text.engine import find_spans_of
from osteon.deid.text.notes import read_notes
from osteon.deid.text.span import Span
from osteon.domain.errors import RefusedError


def evaluate_notes(path: Path, policy: Policy) -> dict[str, Any]:
    """The measures of one gold file.

    Raises:
        UsageError: no such file.
        RefusedError: a line is no note, an entity lies outside its text, or a text is too long.
    """
    notes = list(read_notes(path))
    gold = [_entities(note, number) for number, note in enumerate(notes, 1)]
    texts = [note["note_text"] for note in notes]
    if any(len(text) > policy.limits.text_characters for text in texts):
        raise RefusedError("notes within the policy's length", "a longer one", "split it")
    options, counts = policy.text, _Counts()
    found = find_spans_of(texts, (None for _ in texts), options.language)
    for text, entities, spans in zip(texts, gold, found, strict=True):
        counts.add(text, entities, redacted_ages(spans, text, options.ages_in_notes, options.age_cap_years))
    return counts.measures()


@dataclass(slots=True)
class _Counts:
    spans: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    redacted: int = 0
    inside: int = 0
    all_documents: int = 0
    whole_documents: int = 0

    def add(self, text: str, entities: list[tuple[int, int, str]], spans: Iterable[Span]) -> None:
        """One document: its gold spans and its redactions."""
        covered: dict[int, str] = {}
        for span in spans:
            covered |= {c: span.label for c in range(span.start, span.end) if text[c].isalnum()}
        wanted = {c for start, end, _ in entities for c in range(start, end) if text[c].isalnum()}
        self.redacted += len(covered)
        self.inside += len(covered.keys() & wanted)
        self.outside.update(label for c, label in covered.items() if c not in wanted)
        by_label: defaultdict[str, bool] = defaultdict(lambda: True)
        for start, end, label in entities:
            hit = all(c in covered for c in range(start, end) if text[c].isalnum())
            self.spans[label] += 1
            self.hits[label] += hit
            by_label[label] &= hit
        for label, every in by_label.items():
            self.documents[label] += 1
            self.whole[label] += every
        self.all_documents += 1
        self.whole_documents += wanted <= covered.keys()

    def measures(self) -> dict[str, Any]:
        """The measures as JSON values; `n` counts spans, or documents that have one of the label."""
        n, hits = sum(self.spans.values()), sum(self.hits.values())
        recall = hits / n if n else 1.0
        unmarked = 0 if "AGE" in self.spans else self.outside["AGE"]
        low, high = wilson(hits, n)
        precision = _share(self.inside, self.redacted - unmarked)
        return {
            "labels": {label: self._label(label) for label in sorted(self.spans)},
            "overall": {
                "recall": recall,
                "recall_low": low,
                "recall_high": high,
                "n": n,
                "precision": precision,
                "precision_with_unmarked_ages": _share(self.inside, self.redacted),
                "f1": 2 * recall * precision / (recall + precision) if recall + precision else 0.0,
            },
            "redacted_characters_outside": dict(sorted(self.outside.items())),
            "documents_fully_redacted": _proportion(self.whole_documents, self.all_documents),
        }

    def _label(self, label: str) -> dict[str, Any]:
        low, high = wilson(self.hits[label], self.spans[label])
        return {
            "recall": self.hits[label] / self.spans[label],
            "n": self.spans[label],
            "low": low,
            "high": high,
            "documents_fully_redacted": _proportion(self.whole[label], self.documents[label]),
        }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _proportion(successes: int, trials: int) -> dict[str, float]:
    low, high = wilson(successes, trials)
    return {"value": successes / trials if trials else 1.0, "n": trials, "low": low, "high": high}


def _entities(note: dict[str, Any], number: int) -> list[tuple[int, int, str]]:
    length = len(note["note_text"])
    try:
        entities = [(int(e["start"]), int(e["end"]), str(e["label"])) for e in note.get("entities", [])]
    except (KeyError, TypeError, ValueError):
        raise RefusedError(
            "entities with start, end, label", f"others in line {number}", "correct that line"
        ) from None
    if any(not 0 <= start < end <= length for start, end, _ in entities):
        raise RefusedError("spans inside the text", f"one outside in line {number}", "correct that line")
    return entities


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's interval of a proportion; (0, 1) without trials.

    Source: Wilson 1927, JASA 22:209.

    >>> tuple(round(bound, 3) for bound in wilson(81, 263))
    (0.255, 0.366)
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return max(0.0, centre - half), min(1.0, centre + half)
