"""Tables of public sets: each needed column under one of its known names, each row as long as its header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from osteon.domain import RefusedError

_FIELD_LIMIT = 1 << 20
_HEADER_BYTES = 1 << 16
_ENCODINGS = ("utf-8-sig", "cp1252")
Columns = Mapping[str, tuple[str, ...]]


def plain_name(column: str) -> str:
    """A column's name without case, spaces and signs: copies of one table differ in these alone.

    >>> plain_name("Bone Age (months)")
    'boneagemonths'
    """
    return re.sub(r"[^a-z0-9]", "", column.lower())


def header_of(path: Path) -> frozenset[str]:
    """Plain names of the columns of a table; empty when the file is no text or cannot be read."""
    try:
        with path.open("rb") as stream:
            line = stream.readline(_HEADER_BYTES).decode("utf-8-sig")
        names = next(csv.reader([line.rstrip("\r\n")], delimiter=_delimiter(line)), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return frozenset()
    return frozenset(plain_name(name) for name in names)


def has_columns(path: Path, columns: Columns) -> bool:
    """Whether the table has each column under one of its names."""
    present = header_of(path)
    return all(any(plain_name(name) in present for name in names) for names in columns.values())


def read_table(path: Path, needed: Columns, optional: Columns | None = None) -> list[dict[str, str]]:
    """The rows of a table under our own column names, white space off.

    Args:
        needed: our name -> the names that copies of the set use for it.
        optional: the same for columns that a copy may lack: they come out empty.
    Raises:
        RefusedError: no such file, no text, a needed column missing or there twice, or a row that is longer
            or shorter than the header; the row's number is told, never its content.
    """
    header, records = _records(path)
    plain = [plain_name(name) for name in header]
    places: dict[str, int] = {}
    for column, names in {**needed, **(optional or {})}.items():
        found = [place for place, name in enumerate(plain) if name in {plain_name(known) for known in names}]
        if len(found) > 1 or (not found and column in needed):
            raise RefusedError(
                f"{path.name} with one column named {' or '.join(names)}",
                f"{len(found)} such columns",
                "fetch the set's own table again",
            )
        if found:
            places[column] = found[0]
    for number, record in enumerate(records, start=1):
        if len(record) != len(header):
            raise RefusedError(
                f"{len(header)} cells in every row of {path.name}",
                f"{len(record)} in row {number}",
                "fetch the set's own table again",
            )
    columns = [*needed, *(optional or {})]
    return [
        {name: record[places[name]].strip() if name in places else "" for name in columns}
        for record in records
    ]


def read_lines(path: Path, needed_for: str) -> list[str]:
    """The lines of a text file; RefusedError when it is missing or no text."""
    return _text(path, needed_for).splitlines()


def refuse_cell(path: Path, number: int, need: str) -> RefusedError:
    """The error for a cell that is not what its column holds; names the row, never the value."""
    return RefusedError(
        f"{need} in {path.name}",
        f"something else in row {number}",
        "correct the row or fetch the table again",
    )


def flag(text: str) -> bool | None:
    """Yes or no as tables write it; None for anything else.

    >>> flag("TRUE"), flag("0.0"), flag(""), flag("maybe")
    (True, False, None, None)
    """
    return {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}.get(text.lower())


def _records(path: Path) -> tuple[list[str], list[list[str]]]:
    text = _text(path, "this set")
    csv.field_size_limit(_FIELD_LIMIT)
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=_delimiter(text.split("\n", 1)[0]), strict=True
        )
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error:
        raise RefusedError(
            f"{path.name} as a table", "text that is none", "fetch the set's own table again"
        ) from None
    if not rows:
        raise RefusedError(f"{path.name} with rows", "an empty file", "fetch the set's own table again")
    return rows[0], rows[1:]


def _delimiter(header: str) -> str:
    signs: Sequence[str] = ",;\t|"
    return max(signs, key=header.count)


def _text(path: Path, needed_for: str) -> str:
    try:
        data = path.read_bytes()
    except OSError:
        raise RefusedError(
            f"{path.name} for {needed_for}",
            "a folder without it",
            "put it there as the set's publisher gives it: nothing is downloaded",
        ) from None
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RefusedError(f"{path.name} as text", "bytes that are none", "fetch the set's own table again")
