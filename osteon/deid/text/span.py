"""Spans of report text that identify somebody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter

LABELS = (
    "NOM",
    "PRENOM",
    "DATE",
    "DATE_NAISSANCE",
    "AGE",
    "TEL",
    "MAIL",
    "URL",
    "ADRESSE",
    "ZIP",
    "VILLE",
    "HOPITAL",
    "IPP",
    "NDA",
    "SECU",
    "RPPS",
    "INAMI",
    "NISS",
    "ID",
)
_PRIORITY = {
    label: place
    for place, label in enumerate(
        (
            "MAIL",
            "URL",
            "SECU",
            "NISS",
            "RPPS",
            "INAMI",
            "TEL",
            "DATE_NAISSANCE",
            "DATE",
            "IPP",
            "NDA",
            "ID",
            "ADRESSE",
            "ZIP",
            "HOPITAL",
            "NOM",
            "PRENOM",
            "VILLE",
            "AGE",
        )
    )
}
_WHOLE = frozenset({"MAIL", "URL"})  # a name inside an address of these kinds goes with it


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of characters, what it is, how sure and which recogniser says so."""

    start: int
    end: int
    label: str
    score: float = 0.85
    rule: str = ""


def merge(spans: Iterable[Span]) -> list[Span]:
    """Spans that do not overlap, in order; nothing found by any recogniser is lost.

    The surest span of an overlapping group gives its label; parts of others that stick out stay, as
    spans of their own.
    """
    ranked = sorted(
        spans,
        key=lambda s: (
            s.label not in _WHOLE,
            -s.score,
            _PRIORITY.get(s.label, 99),
            -(s.end - s.start),
            s.start,
        ),
    )
    kept: list[Span] = []
    taken = bytearray(max((span.end for span in ranked), default=0))
    for span in ranked:
        for start, end in _free(span.start, span.end, taken):
            whole = start == span.start and end == span.end
            kept.append(span if whole else Span(start, end, span.label, span.score, span.rule))
        taken[span.start : span.end] = b"\1" * (span.end - span.start)
    return sorted(kept, key=attrgetter("start"))


_TAG = re.compile("<(?:" + "|".join(LABELS) + ")>")


def without_tags(spans: Iterable[Span], text: str) -> list[Span]:
    """The spans that are none of our own tags, so that a second pass changes nothing."""
    tags = [match.span() for match in _TAG.finditer(text)]
    if not tags:
        return list(spans)
    return [s for s in spans if not any(s.start < high and s.end > low for low, high in tags)]


def _free(start: int, end: int, taken: bytearray) -> Iterator[tuple[int, int]]:
    """The runs of zeros between start and end."""
    low = taken.find(0, start, end)
    while low >= 0:
        high = taken.find(1, low, end)
        yield low, end if high < 0 else high
        low = -1 if high < 0 else taken.find(0, high, end)


def trim(span: Span, text: str) -> Span | None:
    """The span without white space and punctuation at its ends; None when nothing is left."""
    start, end = span.start, span.end
    while start < end and not text[start].isalnum() and text[start] not in "+(":
        start += 1
    while end > start and not text[end - 1].isalnum() and text[end - 1] != ")":
        end -= 1
    if (start, end) == (span.start, span.end):
        return span if start < end else None
    return Span(start, end, span.label, span.score, span.rule) if start < end else None
