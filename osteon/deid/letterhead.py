"""The body of a letter: lines that every page repeats, the letterhead and what follows the greeting go.

They name the hospital, its doctors and the patient, and say nothing of the examination. Whatever is left
is de-identified like any text, so a line that stays by mistake is no leak.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import yaml

from osteon.deid.values import fold

_EDGE_LINES = 12
_LETTERHEAD_LINES = 45
_MIN_SHARE = 0.15


def letter_body(pages: Sequence[str]) -> str:
    """The pages' text without letterhead, page headers and footers; whole when hardly anything would stay.

    >>> letter_body(["CHU DE X\\nTél. 01 02\\nIndication : chute\\nPas de fracture.\\nCordialement\\nDr Y"])
    'Indication : chute\\nPas de fracture.'
    """
    lines = [page.splitlines() for page in pages]
    whole = "\n".join(line for page in lines for line in page)
    repeated = _repeated(lines)
    kept = [
        line
        for page in lines
        for line in page
        if _shape(line) not in repeated and not _matches("page_marks", line)
    ]
    body = "\n".join(_between(kept)).strip("\n")
    return body if _letters(body) >= _MIN_SHARE * max(1, _letters(whole)) else whole


def _repeated(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    """Shapes of lines near the edges that stand on at least half of the pages, two at least."""
    seen: Counter[str] = Counter()
    for page in pages:
        edge = [*page[:_EDGE_LINES], *page[-_EDGE_LINES:]]
        seen.update({_shape(line) for line in edge} - {""})
    return frozenset(shape for shape, count in seen.items() if count >= max(2, (len(pages) + 1) // 2))


def _shape(line: str) -> str:
    """The line with every number alike: a page number or a time of printing changes from page to page."""
    return re.sub(r"\d+", "#", re.sub(r"\s+", " ", fold(line))).strip()


def _between(lines: Sequence[str]) -> list[str]:
    """The lines from the body's first to its last, with the examination's title from the letterhead."""
    first = next((n for n, line in enumerate(lines[:_LETTERHEAD_LINES]) if _matches("body_begins", line)), 0)
    title = [line for line in lines[:first] if _matches("kept_in_letterhead", line)]
    body = list(lines[first:])
    last = next((n for n, line in enumerate(body) if n and _matches("body_ends", line)), len(body))
    return title + body[:last]


def _matches(kind: str, line: str) -> bool:
    return any(pattern.fullmatch(line.strip()) for pattern in _patterns(kind))


@cache
def _patterns(kind: str) -> tuple[re.Pattern[str], ...]:
    path = files("osteon.deid.text") / "data" / "letterheads.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in content[kind])


def _letters(text: str) -> int:
    return sum(c.isalnum() for c in text)
