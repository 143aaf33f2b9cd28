"""Label tables: a CSV of pictures and answers, read with every row checked, and split by patient."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from osteon.domain import Kind, RefusedError, Task, UsageError, is_test_row
from training.label_split import shuffled_keys, split_validation, take_fraction

__all__ = [
    "LabelRow",
    "LabelTable",
    "has_labels",
    "read_label_table",
    "require_variety",
    "shuffled_keys",
    "split_validation",
    "take_fraction",
]
_CSV_FIELD_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """One labelled picture.

    Attributes:
        number: row in the table, the first below the header being 1; errors name it, never its content.
        key: the `patient` cell, else the `file` cell: what splits go by.
        study: the `study` cell with its patient before it, else the row's own number: the views of one
            examination share it.
        site: the `site` cell, else the `hospital` cell, in lower case; empty where the table has neither.
    """

    number: int
    path: Path
    key: str
    label: float
    sex: str
    study: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTable:
    """The rows of a table that carry a label for one task."""

    task: Task
    rows: tuple[LabelRow, ...]
    has_patients: bool
    skipped: int  # rows without a label

    def training_rows(self) -> list[LabelRow]:
        """Rows that may be learned from: all but the project's own test rows."""
        return [row for row in self.rows if not is_test_row(row.key)]

    def test_rows(self) -> list[LabelRow]:
        """The project's own test rows: SHA-256 of the key modulo 5 is 0."""
        return [row for row in self.rows if is_test_row(row.key)]


def read_label_table(path: Path, task: Task) -> LabelTable:
    """The table of one task, with every file present and every label in range.

    Columns: `file` (relative to the table), the task's label column, optionally `patient`, `study`,
    `sex` and `site` (or `hospital`); others are ignored, so that one table may hold the labels of several
    tasks. A row with an empty label is skipped. Commas, semicolons and tabs separate.

    Raises:
        UsageError: no such table.
        RefusedError: a column is missing, a row names no file or a wrong label, or no row has a label.
    """
    path = Path(path)
    columns, records = _records(path)
    for column in ("file", task.label_column):
        if column not in columns:
            raise RefusedError(
                f"a label table with the columns file and {task.label_column}",
                f"one without {column}",
                "add the column, or choose the task that the table is for",
            )
    rows, skipped = [], 0
    for number, record in enumerate(records, start=1):
        text = (record.get(task.label_column) or "").strip()
        if not text:
            skipped += 1
            continue
        rows.append(_row(path.parent, number, record, _label(text, task, number)))
    if not rows:
        raise RefusedError(
            f"rows with a {task.label_column}", "none", "label some rows, or choose another task"
        )
    return LabelTable(task=task, rows=tuple(rows), has_patients="patient" in columns, skipped=skipped)


def has_labels(path: Path, task: Task) -> bool:
    """Whether there is such a table with a label of the task.

    >>> has_labels(Path("no/such/table.csv"), Task.FRACTURE)
    False
    """
    if not path.is_file():
        return False
    _, records = _records(path)
    return any((record.get(task.label_column) or "").strip() for record in records)


def require_variety(rows: Sequence[LabelRow], task: Task, *, least: int) -> None:
    """Refuses rows that nothing can be learned from: too few, or all with one answer."""
    if len(rows) < least:
        raise RefusedError(
            f"at least {least} labelled rows to train on", f"{len(rows)}", "label more pictures"
        )
    if len({row.label for row in rows}) < 2:
        kind = "answers" if task.kind is Kind.REGRESSION else "classes"
        raise RefusedError(
            f"at least two different {kind} among the training rows",
            "a single one",
            "add rows of another answer",
        )


def _records(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError("a label table (CSV)", "no file at that path", "check the path") from None
    except (OSError, UnicodeDecodeError):
        raise RefusedError(
            "a label table in UTF-8", "a file that cannot be read so", "save it as CSV in UTF-8"
        ) from None
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    csv.field_size_limit(_CSV_FIELD_LIMIT)
    try:
        reader = csv.DictReader(text.splitlines(), delimiter=delimiter, strict=True)
        records = [{(key or "").strip(): value for key, value in record.items()} for record in reader]
    except csv.Error:
        raise RefusedError("a label table in CSV", "text that is not", "save it as CSV again") from None
    return [name.strip() for name in reader.fieldnames or []], records


def _row(folder: Path, number: int, record: dict[str, str], label: float) -> LabelRow:
    file = (record.get("file") or "").strip()
    path = folder / file
    if not file or not path.is_file():
        raise RefusedError(
            "a picture file in every labelled row",
            f"row {number} whose file is missing",
            "correct the row; names are relative to the table's folder",
        )
    patient = (record.get("patient") or "").strip()
    study = (record.get("study") or "").strip()
    return LabelRow(
        number=number,
        path=path,
        key=patient or file,
        label=label,
        sex=(record.get("sex") or "").strip(),
        # "study1" is a name that each patient of a set may have.
        study=f"{patient}\n{study}" if study else f"row {number}",
        site=(record.get("site") or record.get("hospital") or "").strip().lower(),
    )


def _label(text: str, task: Task, number: int) -> float:
    low, high = task.values[0], task.values[-1]
    wanted = {
        Kind.BINARY: "0 or 1",
        Kind.ORDINAL: "a whole grade from 0 to 4",
        Kind.REGRESSION: f"{task.unit} from {low:g} to {high:g}",
    }[task.kind]
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    whole = task.kind is Kind.REGRESSION or value == round(value) if math.isfinite(value) else False
    if not whole or not low <= value <= high:
        raise RefusedError(
            f"{task.label_column} as {wanted}", f"row {number} with something else", "correct the row"
        )
    return value
