"""Label tables of a public set: one for each part of its own split, as `osteon finetune` takes them."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from osteon.artefact import atomic_write
from osteon.domain import UsageError
from osteon.pairs.cache import encode_png
from training.datasets.layout import LEFT_OUT, PublicSet
from training.datasets.picture_row import LABEL_COLUMNS, PictureRow

COLUMNS = (
    "file", "patient", "study", "split", "sex", "laterality", "view", "region", "finding", *LABEL_COLUMNS,
)  # fmt: skip
_BYTE = 255


@dataclass(frozen=True, kw_only=True)
class WrittenTables:
    """What was written.

    Attributes:
        tables: path -> rows.
        splits: rows of each split, `left_out` among them.
        labelled: rows with each label.
    """

    tables: dict[str, int]
    splits: dict[str, int]
    labelled: dict[str, int]


def write_label_tables(public_set: PublicSet, output: Path, *, whole: bool = False) -> WrittenTables:
    """Writes `labels.csv` and, beside it, `labels_val.csv`, `labels_test.csv`, ... of the set's own split.

    The named table holds what may be learned from, so that no part that papers measure on is trained on by
    accident; rows that would leak into such a part are in no table. Where the set has no split, or one for
    some rows only (FracAtlas), everything is in the named table. The half of a film that a row is about is
    cut into a folder beside the table.

    Args:
        output: the CSV of what may be learned from; files are named relative to it.
        whole: one table with all rows, each with its split.
    Raises:
        UsageError: the name does not end with `.csv`, or a table would be the set's own.
    """
    output = Path(output)
    if output.suffix.lower() != ".csv":
        raise UsageError("a table named ....csv", "another name", "choose such a name")
    parts = _parts(public_set.rows, output, whole=whole)
    for path in parts:
        if path.exists() and path.resolve().is_relative_to(public_set.root.resolve()):
            raise UsageError(
                "a new table", "one of the public set's own folder", "write the table to another folder"
            )
    for path, rows in parts.items():
        atomic_write(path, _csv(rows, path))
    return WrittenTables(
        tables={str(path): len(rows) for path, rows in parts.items()},
        splits=dict(Counter(row.split for row in public_set.rows)),
        labelled=dict(Counter(name for row in public_set.rows for name in sorted(row.labels))),
    )


def _parts(rows: Sequence[PictureRow], output: Path, *, whole: bool) -> dict[Path, list[PictureRow]]:
    splits = {row.split for row in rows} - {LEFT_OUT}
    if whole or "" in splits:
        return {output: list(rows)}
    parts: dict[Path, list[PictureRow]] = {}
    for split in sorted(splits, key=lambda name: (name != "train", name)):
        path = output if split == "train" else output.with_stem(f"{output.stem}_{split}")
        parts[path] = [row for row in rows if row.split == split]
    return parts


def _csv(rows: Sequence[PictureRow], table: Path) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                "file": _file(row, table),
                **{name: getattr(row, name) for name in COLUMNS[1 : -len(LABEL_COLUMNS)]},
                **{name: f"{value:g}" for name, value in row.labels.items()},
            }
        )
    return stream.getvalue()


def _file(row: PictureRow, table: Path) -> str:
    """The row's picture relative to the table; a half of a film is cut out first."""
    file = row.file
    if row.part != "whole":
        file = table.parent / f"{table.stem}_halves" / f"{row.study}-{row.laterality}.png"
        levels = np.rint(np.clip(row.read().pixels, 0, 1) * _BYTE).astype(np.uint8)
        atomic_write(file, encode_png(levels))
    return Path(os.path.relpath(file.resolve(), table.parent.resolve())).as_posix()
