"""Rows of a label table on different sides, always by whole patients, the same on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from osteon.domain import FOLDS, UsageError

if TYPE_CHECKING:
    from training.label_table import LabelRow

_MOST_CLASSES = 10  # more different labels than this are a measure, and its strata are fifths of its range
_FIFTHS = 5


def split_validation(
    rows: Sequence[LabelRow], *, part: float, seed: int
) -> tuple[list[LabelRow], list[LabelRow]]:
    """Training and validation rows; no key is on both sides.

    Takes whole patients in a seeded order until the part is reached: an exact size, where a modulo
    would leave small tables with none. The last patient of a class stays on the training side.
    """
    keys = shuffled_keys(rows, seed=seed)
    counts = Counter(row.key for row in rows)
    strata = _strata(rows)
    left = Counter(strata.values())
    wanted = part * len(rows)
    chosen: set[str] = set()
    taken = 0
    for key in keys[: max(0, len(keys) - 1)]:
        if taken >= wanted:
            break
        if left[strata[key]] == 1:
            continue
        left[strata[key]] -= 1
        chosen.add(key)
        taken += counts[key]
    return [row for row in rows if row.key not in chosen], [row for row in rows if row.key in chosen]


def take_fraction(rows: Sequence[LabelRow], fraction: float, *, seed: int) -> list[LabelRow]:
    """The rows of a seeded part of the patients, with about the mix of answers of the whole.

    A larger part of one seed holds the smaller one, and the smallest has a patient of each class (of each
    fifth of a measure's range): one percent of a table with few fractures still has one.
    """
    if not 0 < fraction <= 1:
        raise UsageError("a label fraction above 0 and up to 1", f"{fraction:g}", "give a part such as 0.1")
    if fraction == 1:
        return list(rows)
    ordered = _stratified_keys(rows, seed=seed + FOLDS)
    least = len(set(_strata(rows).values()))
    kept = set(ordered[: max(least, round(fraction * len(ordered)))])
    return [row for row in rows if row.key in kept]


def shuffled_keys(rows: Iterable[LabelRow], *, seed: int) -> list[str]:
    """Distinct keys in an order that depends on the keys and the seed, not on the order of rows."""
    keys = sorted({row.key for row in rows})
    return [keys[index] for index in np.random.default_rng(seed).permutation(len(keys))]


def _stratified_keys(rows: Sequence[LabelRow], *, seed: int) -> list[str]:
    """All keys, so ordered that every beginning has about the mix of the whole, one of each stratum first.

    The i-th of a stratum's n keys stands at (i + 1/2) / n of the order.
    """
    strata = _strata(rows)
    sizes = Counter(strata.values())
    seen: Counter[int] = Counter()
    place: dict[str, tuple[float, int]] = {}
    for number, key in enumerate(shuffled_keys(rows, seed=seed)):
        stratum = strata[key]
        place[key] = ((seen[stratum] + 0.5) / sizes[stratum] if seen[stratum] else 0.0, number)
        seen[stratum] += 1
    return sorted(place, key=lambda key: place[key])


def _strata(rows: Sequence[LabelRow]) -> Mapping[str, int]:
    """Key -> number of its stratum, by the highest of its labels: the class, or the fifth of the range."""
    highest: dict[str, float] = {}
    for row in rows:
        highest[row.key] = max(row.label, highest.get(row.key, -np.inf))
    labels = np.asarray(list(highest.values()))
    levels = np.unique(labels)
    edges = (
        levels[1:] if len(levels) <= _MOST_CLASSES else np.quantile(labels, np.arange(1, _FIFTHS) / _FIFTHS)
    )
    numbers = np.searchsorted(edges, labels, side="right")
    return dict(zip(highest, numbers.tolist(), strict=True))
