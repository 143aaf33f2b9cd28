"""One part of an evaluation: its figures as JSON, its tables, its plots, and the words that go with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Cell = str | float | int | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of a report; `name` is also its file's."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def csv(self) -> str:
        """The table as CSV; an empty cell is a figure that could not be known."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([["" if cell is None else cell for cell in row] for row in self.rows])
        return stream.getvalue()

    def shown(self) -> list[list[str]]:
        """The cells as a page shows them."""
        return [[shown(cell) for cell in row] for row in self.rows]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A drawing as SVG, or as PNG where it is made of pictures; `alt` says in words what it shows."""

    name: str
    alt: str
    data: bytes
    kind: str = "svg"


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the report.

    Attributes:
        figures: everything that was measured, JSON values only.
        words: how to read it, and what it does not say; plain sentences.
    """

    name: str
    title: str
    words: Sequence[str]
    figures: Mapping[str, Any]
    tables: Sequence[Table] = field(default_factory=tuple)
    plots: Sequence[Plot] = field(default_factory=tuple)


def shown(cell: Cell) -> str:
    """A cell as people read it.

    >>> shown(0.12345), shown(None), shown(7), shown("knee")
    ('0.123', '–', '7', 'knee')
    """
    if cell is None:
        return "–"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def spread(value: float | None, low: float | None, high: float | None) -> str:
    """A figure with its interval in one cell.

    >>> spread(0.5, 0.4, 0.61), spread(None, None, None)
    ('0.500 (0.400 to 0.610)', '–')
    """
    if value is None:
        return "–"
    return shown(value) if low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
