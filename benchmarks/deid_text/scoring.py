"""Recall by label with Wilson bounds, precision by character, terms kept, and every error by name.

Independent of the product's own evaluation. A span counts when each of its letters and digits is covered.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.deid_text.letters import Letter

Range = tuple[int, int]


def bounds(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's interval (Wilson 1927, JASA 22:209)."""
    if not n:
        return 0.0, 1.0
    p, scale = hits / n, 1 + z * z / n
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


@dataclass(slots=True)
class Score:
    """Counts over letters; `errors` names every missed span and every lost term."""

    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, letter: Letter, found: Iterable[Range]) -> None:
        """One letter against the ranges that were redacted in it."""
        text = letter.text
        covered = {c for low, high in found for c in range(low, high)}
        letters = {c for c in covered if text[c].isalnum()}
        gold = {c for p in letter.planted for c in range(p.start, p.end) if text[c].isalnum()}
        whole = True
        whole_by: defaultdict[str, bool] = defaultdict(lambda: True)
        for planted in letter.planted:
            hit = all(c in covered for c in range(planted.start, planted.end) if text[c].isalnum())
            for key in self._keys(planted.category, planted.label, planted.known):
                self.totals[key] += 1
                self.hits[key] += hit
            whole_by[planted.label] &= hit
            whole &= hit
            if not hit:
                self.errors.append(
                    self._error(letter, planted.start, planted.end, planted.label, planted.slot)
                )
        for label, every in whole_by.items():
            self.totals["documents", label] += 1
            self.hits["documents", label] += every
        for low, high in letter.kept:
            lost = any(c in covered for c in range(low, high))
            self.totals["terms", "kept"] += 1
            self.hits["terms", "kept"] += not lost
            if lost:
                self.errors.append(self._error(letter, low, high, "TERM_LOST", "term"))
        self.documents.update(letters=1, whole=whole, redacted=len(letters), inside=len(letters & gold))

    def _keys(self, category: str, label: str, known: bool) -> list[tuple[str, str]]:
        keys = [("category", category), ("label", label), ("all", "all")]
        return keys + ([("known", category)] if known else [])

    def _error(self, letter: Letter, low: int, high: int, label: str, slot: str) -> dict[str, Any]:
        around = letter.text[max(0, low - 40) : high + 30].replace("\n", "⏎")
        return {
            "letter": letter.number,
            "label": label,
            "slot": slot,
            "value": letter.text[low:high],
            "around": around,
        }

    def table(self) -> dict[str, Any]:
        """All figures as JSON values."""
        out: dict[str, Any] = {}
        for (group, name), n in sorted(self.totals.items()):
            low, high = bounds(self.hits[group, name], n)
            row = {
                "recall": round(self.hits[group, name] / n, 5),
                "n": n,
                "missed": n - self.hits[group, name],
            }
            out.setdefault(group, {})[name] = row | {"low": round(low, 5), "high": round(high, 5)}
        docs = self.documents
        low, high = bounds(docs["whole"], docs["letters"])
        out["documents_fully_redacted"] = {
            "value": docs["whole"] / max(1, docs["letters"]),
            "n": docs["letters"],
            "low": low,
            "high": high,
        }
        out["precision"] = docs["inside"] / max(1, docs["redacted"])
        return out
