"""What persons answered for recorded events: the truth that performance and probation are measured by."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from osteon.database import open_database
from osteon.domain import Kind, RefusedError, Task, UsageError
from osteon.features.outbox import MIGRATIONS

if TYPE_CHECKING:
    import pandas as pd

LABEL_SCHEMA_VERSION = "1"
_COLUMNS = ("schema_version", "project", "event_id", "site", "task", "label", "reader", "time_utc")
_TABLE = sa.table("osteon_label", *(sa.column(name) for name in _COLUMNS))
_MOST_READER = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A person's answer for one event."""

    event_id: str
    site: str
    task: str
    label: float
    reader: str
    time_utc: str


class Answer(NamedTuple):
    """What a person answered for an event, and when it came in."""

    label: float
    time_utc: str


def label_store_url(features: Path) -> str:
    """Where the labels of a feature repository on this machine lie."""
    return f"sqlite:///{features.absolute() / 'labels.db'}"


class LabelStore:
    """Labels of one project, in SQLite or PostgreSQL; a later answer for an event replaces the earlier."""

    def __init__(self, url: str, project: str = "osteon") -> None:
        self.project = project
        self._engine = open_database(url, MIGRATIONS)

    def add(self, labels: Sequence[Label]) -> int:
        """Keep the labels, all or none; how many events they are of."""
        rows = {
            one.event_id: {"schema_version": LABEL_SCHEMA_VERSION, "project": self.project, **asdict(one)}
            for one in labels
        }
        with self._engine.begin() as connection:
            for event_id in rows:
                connection.execute(sa.delete(_TABLE).where(*self._of(event_id)))
            if rows:
                connection.execute(sa.insert(_TABLE), list(rows.values()))
        return len(rows)

    def answers(self) -> dict[str, Answer]:
        """Event -> the newest answer."""
        columns = _TABLE.c.event_id, _TABLE.c.label, _TABLE.c.time_utc
        query = sa.select(*columns).where(_TABLE.c.project == self.project)
        with self._engine.connect() as connection:
            return {row.event_id: Answer(float(row.label), row.time_utc) for row in connection.execute(query)}

    def forget(self, event_ids: Iterable[str]) -> int:
        """No label of these events is kept; how many there were."""
        with self._engine.begin() as connection:
            return sum(
                int(connection.execute(sa.delete(_TABLE).where(*self._of(event_id))).rowcount)
                for event_id in event_ids
            )

    def _of(self, event_id: str) -> tuple[sa.ColumnElement[bool], ...]:
        return (_TABLE.c.project == self.project, _TABLE.c.event_id == event_id)


def with_labels(events: pd.DataFrame, answers: Mapping[str, Answer]) -> pd.DataFrame:
    """The events with `label`, NaN where nobody answered, and `labelled_utc`, when the answer came in."""
    found = events["event_id"].astype(object).map(dict(answers))
    known = found.notna()
    return events.assign(
        label=found.where(known).map(lambda one: one.label, na_action="ignore").astype("float64"),
        labelled_utc=found.where(known).map(lambda one: one.time_utc, na_action="ignore").astype(object),
    )


def read_labels(path: Path, events: pd.DataFrame, *, now: datetime | None = None) -> list[Label]:
    """The labels of a CSV with the columns `event_id`, `label` and, where known, `reader`.

    Raises:
        UsageError: no such table, or a column is missing.
        RefusedError: a row names an unknown event, one twice, or an answer that its task cannot have; errors
            name rows, never their content.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (FileNotFoundError, UnicodeDecodeError):
        raise UsageError("a table of labels in UTF-8 (CSV)", "none at that path", "check it") from None
    if rows and not {"event_id", "label"} <= rows[0].keys():
        raise UsageError("the columns event_id and label", "others", "name them in the first line")
    known = events.drop_duplicates("event_id").set_index("event_id")[["task", "site"]]
    moment, found = (now or datetime.now(UTC)).isoformat(timespec="seconds"), {}
    for number, row in enumerate(rows, start=1):
        event_id = (row["event_id"] or "").strip()
        if event_id not in known.index or event_id in found:
            got = "one twice" if event_id in found else "another"
            raise RefusedError("recorded events, each once", f"row {number} with {got}", "correct the row")
        task, site = (str(cell) for cell in known.loc[event_id])
        found[event_id] = Label(
            event_id=event_id,
            site=site,
            task=task,
            label=_answer(row["label"], Task.parse(task), number),
            reader=(row.get("reader") or "unknown").strip()[:_MOST_READER],
            time_utc=moment,
        )
    return list(found.values())


def _answer(text: str | None, task: Task, number: int) -> float:
    try:
        value = float((text or "").replace(",", "."))
    except ValueError:
        value = float("nan")
    low, high = task.values[0], task.values[-1]
    whole = task.kind is Kind.REGRESSION or value == round(value) if value == value else False
    if not whole or not low <= value <= high:
        raise RefusedError(
            f"an answer of {task.value} from {low:g} to {high:g}", f"row {number} with another",
            "correct the row",
        )  # fmt: skip
    return value
