"""How much of what identifies is found: recall by span, precision by character, documents as a whole.

A gold span counts as found when each of its letters and digits lies in a redaction of any label; blanks
and punctuation inside a span are not asked for. Precision is the share of redacted letters and digits
that lie in a gold span. Bounds are Wilson's at 95 %.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

from osteon.deid.policy import Policy
from osteon.deid.text.engine import find_spans_of
from osteon.deid.text.notes import read_notes
from osteon.domain.errors import RefusedError


def evaluate_notes(path: Path, policy: Policy) -> dict[str, Any]:
    """The measures of one gold file."""
    notes = list(read_notes(path))
    gold = [_entities(note, number) for number, note in enumerate(notes, 1)]
    texts = [note["note_text"] for note in notes]
    if any(len(text) > policy.limits.text_characters for text in texts):
        raise RefusedError("notes within the policy's length", "a longer one", "split it")
    found = find_spans_of(texts, (None for _ in texts))
    totals: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    redacted = inside = whole = 0
    for text, entities, spans in zip(texts, gold, found, strict=True):
        covered = {c for s in spans for c in range(s.start, s.end) if text[c].isalnum()}
        wanted = {c for start, end, _ in entities for c in range(start, end) if text[c].isalnum()}
        redacted += len(covered)
        inside += len(covered & wanted)
        whole += wanted <= covered
        for start, end, label in entities:
            totals[label] += 1
            hits[label] += all(c in covered for c in range(start, end) if text[c].isalnum())
    return _measures(totals, hits, redacted, inside, whole, len(notes))


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


def _measures(
    totals: Counter[str], hits: Counter[str], redacted: int, inside: int, whole: int, documents: int
) -> dict[str, Any]:
    n = sum(totals.values())
    recall = sum(hits.values()) / n if n else 1.0
    precision = inside / redacted if redacted else 1.0
    low, high = wilson(whole, documents)
    return {
        "labels": {
            label: {"recall": hits[label] / totals[label], "n": totals[label]} for label in sorted(totals)
        },
        "overall": {
            "recall": recall,
            "precision": precision,
            "f1": 2 * recall * precision / (recall + precision) if recall + precision else 0.0,
        },
        "documents_fully_redacted": {
            "value": whole / documents if documents else 1.0,
            "n": documents,
            "low": low,
            "high": high,
        },
    }


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
