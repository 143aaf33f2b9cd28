"""What a search may be narrowed by, held in memory: one number for each entry and column."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from osteon.features.index.entry import SearchFilter

_CODED = ("project", "site", "body_part")
_NONE = -1  # no day
_BLOCK = 50_000


class Columns:
    """Columns of N entries in the order of their numbers."""

    def __init__(self) -> None:
        self.ids: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._codes = {name: np.zeros(0, dtype=np.int32) for name in (*_CODED, "day")}
        self._words: dict[str, dict[str, int]] = {name: {} for name in _CODED}

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def last(self) -> int:
        """The largest number; 0 when there is none."""
        return int(self.ids[-1]) if len(self.ids) else 0

    def append(self, rows: Iterable[sa.Row[Any]]) -> None:
        """Add entries whose numbers are larger than all others, rising."""
        block: list[sa.Row[Any]] = []
        for row in rows:
            block.append(row)
            if len(block) == _BLOCK:
                self._append(block)
                block = []
        if block:
            self._append(block)

    def copy(self) -> Columns:
        """Columns that may grow while a search reads these."""
        other = Columns()
        other.ids, other._codes = self.ids, dict(self._codes)
        other._words = {name: dict(words) for name, words in self._words.items()}
        return other

    def allowed(self, narrow: SearchFilter) -> NDArray[np.bool_]:
        """Which entries (N,) a search may find; whose they are is left to the catalogue."""
        allowed = self._among("project", narrow.projects)
        if narrow.sites:
            allowed &= self._among("site", narrow.sites)
        if narrow.body_parts:
            allowed &= self._among("body_part", narrow.body_parts)
        if narrow.since or narrow.until:
            day = self._codes["day"]
            allowed &= day != _NONE
            if narrow.since:
                allowed &= day >= date.fromisoformat(narrow.since).toordinal()
            if narrow.until:
                allowed &= day <= date.fromisoformat(narrow.until).toordinal()
        return allowed

    def _among(self, name: str, words: Iterable[str]) -> NDArray[np.bool_]:
        known = self._words[name]
        codes = [known[word] for word in words if word in known]
        return np.isin(self._codes[name], codes) if codes else np.zeros(len(self), dtype=bool)

    def _append(self, rows: list[sa.Row[Any]]) -> None:
        self.ids = np.concatenate([self.ids, np.asarray([row.id for row in rows], dtype=np.int64)])
        for name in _CODED:
            words = self._words[name]
            values = (getattr(row, name) for row in rows)
            self._extend(name, [words.setdefault(value, len(words)) for value in values])
        self._extend("day", [date.fromisoformat(row.day).toordinal() if row.day else _NONE for row in rows])

    def _extend(self, name: str, codes: list[int]) -> None:
        self._codes[name] = np.concatenate([self._codes[name], np.asarray(codes, dtype=np.int32)])
