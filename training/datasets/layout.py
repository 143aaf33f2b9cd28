"""What a public set looks like on disk, and the checks that all of them share."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from osteon.domain import RefusedError
from training.datasets.picture_row import PictureRow

LEFT_OUT = "left_out"
PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm"})
# A row of a later side is measured on, so its patient may be learned from on no earlier one.
_SIDES = {"train": 0, "": 0, "val": 1, "test": 2, "auto_test": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One public set: how it is told from others, and how it is read.

    Attributes:
        name: one word, for the command line.
        title: what people call it.
        licence: the terms its publisher gives, in a few words; the user accepts them, not this program.
        home: where its publisher offers it.
        looked_for: the files that tell it from others.
        is_here: whether a folder has them; opens headers at most.
        read: its rows, pictures unopened; RefusedError where a table is missing or wrong.
    """

    name: str
    title: str
    licence: str
    home: str
    looked_for: str
    is_here: Callable[[Path], bool]
    read: Callable[[Path], list[PictureRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """What was read of a folder.

    Attributes:
        rows: in the order of the set's tables.
        missing: rows that were skipped since their picture is not there.
    """

    layout: Layout
    root: Path
    rows: tuple[PictureRow, ...]
    missing: int

    def of_split(self, split: str) -> tuple[PictureRow, ...]:
        """The rows of one split."""
        return tuple(row for row in self.rows if row.split == split)


def read_layout(layout: Layout, root: Path, *, skip_missing: bool = False) -> PublicSet:
    """The set in a folder, every picture present and no patient on two sides of its split.

    Args:
        skip_missing: count the rows whose picture is absent instead of refusing the folder.
    Raises:
        RefusedError: a table or a picture is missing, or there is no row.
    """
    rows = layout.read(root)
    present = [row for row in rows if row.file.is_file()]
    missing = len(rows) - len(present)
    if missing and not skip_missing:
        first = next(number for number, row in enumerate(rows, start=1) if not row.file.is_file())
        raise RefusedError(
            f"every picture that the tables of {layout.title} name",
            f"{missing} of {len(rows)} missing, the first of them in row {first}",
            f"fetch the rest from {layout.home} under its terms ({layout.licence}), or skip what is missing",
        )
    if not present:
        raise RefusedError(
            f"pictures of {layout.title}", "none", f"fetch them from {layout.home} ({layout.licence})"
        )
    return PublicSet(layout=layout, root=root, rows=tuple(separate_patients(present)), missing=missing)


def separate_patients(rows: Sequence[PictureRow]) -> list[PictureRow]:
    """The rows, with the split `left_out` wherever their patient stands on a later side too.

    The part that is measured on stays as published; what would leak into it is not learned from.
    """
    latest: dict[str, int] = defaultdict(int)
    for row in rows:
        latest[row.key] = max(latest[row.key], side_of(row.split))
    return [replace(row, split=LEFT_OUT) if side_of(row.split) < latest[row.key] else row for row in rows]


def side_of(split: str) -> int:
    """0 for what is learned from, 1 for validation, 2 for what is measured on (any unknown word too)."""
    return _SIDES.get(split, 2)


def pictures_by_stem(folders: Iterable[Path]) -> dict[str, list[Path]]:
    """All pictures below the folders, by file name without suffix, in sorted order."""
    found: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        for path in sorted(files_below(folder, depth=6)):
            if path.suffix.lower() in PICTURE_SUFFIXES:
                found[path.stem].append(path)
    return found


def files_below(folder: Path, *, depth: int) -> Iterator[Path]:
    """Files of a folder and of those in it, down to a depth; hidden ones and links out are not followed."""
    for place, folders, names in os.walk(folder):
        level = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if level < depth else []
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(place) / name


def inside(root: Path, relative: str, table: Path, number: int) -> Path:
    """The file that a table names, inside the set's folder.

    Raises:
        RefusedError: the name leads outside.
    """
    path = Path(relative)
    if not relative or path.is_absolute() or ".." in path.parts:
        raise RefusedError(
            f"names inside the set's folder in {table.name}",
            f"another in row {number}",
            "fetch the set's own table again",
        )
    return root / path
