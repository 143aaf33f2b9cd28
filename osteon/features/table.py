"""The offline table of events: Parquet files by day, appended whole, each event once.

Feast's own file writer reads the whole table and writes it again for each batch, which costs more with every
event and is not crash-safe. Here a batch is a file of its own that appears complete or not at all; Feast and
every reader see the folder.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osteon.domain import Event, sha256_text

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

PARTS_BEFORE_MERGE = 64
_BATCH = 16_384  # rows
_TEXT = (
    "event_id",
    "schema_version",
    "project",
    "site",
    "device",
    "view",
    "body_part",
    "laterality",
    "age_band",
    "sex",
    "subject",
    "model_version",
    "preprocess_version",
    "embedding_space",
    "search_space",
    "task",
    "status",
    "reason",
    "unit",
    "probabilities",
    "input_hmac",
    "role",
    "request_id",
)
# What a column holds in the rows of a part that was written before it was there.
_BEFORE = {"role": "champion", "request_id": ""}
_NUMBERS = ("value", "interval_low", "interval_high", "interval_coverage")


def table_schema() -> pa.Schema:
    """Columns of the table; `probabilities` is JSON, `time_utc` a UTC time stamp."""
    import pyarrow as pa

    return pa.schema(
        [pa.field("time_utc", pa.timestamp("us", tz="UTC"), nullable=False)]
        + [pa.field(name, pa.string()) for name in _TEXT]
        + [pa.field(name, pa.float64()) for name in _NUMBERS]
        + [pa.field(name, pa.list_(pa.float32())) for name in ("embedding", "search_embedding")]
    )


def event_row(event: Event) -> dict[str, Any]:
    """One event as a row of the table: the prediction's fields lie beside those of the event."""
    prediction, interval = event.prediction, event.prediction.interval
    row = {name: getattr(event, name) for name in _TEXT if hasattr(event, name)}
    row |= {name: getattr(prediction, name) for name in ("task", "status", "reason", "unit", "input_hmac")}
    return row | {
        "time_utc": parse_time(event.time_utc),
        "laterality": prediction.laterality,
        "probabilities": json.dumps(dict(prediction.probabilities), sort_keys=True),
        "value": prediction.value,
        "interval_low": interval.low if interval else None,
        "interval_high": interval.high if interval else None,
        "interval_coverage": interval.coverage if interval else None,
        "embedding": list(event.embedding),
        "search_embedding": list(event.search_embedding),
    }


def parse_time(time_utc: str | datetime) -> datetime:
    """An ISO 8601 text or a time as a time in UTC; without a zone it is UTC already."""
    parsed = datetime.fromisoformat(time_utc) if isinstance(time_utc, str) else time_utc
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


class EventTable:
    """A folder of days, a day being a folder of Parquet parts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock_file = folder.with_name(f"{folder.name}.lock")

    @property
    def pattern(self) -> str:
        """What a reader of many files (DuckDB) is given."""
        return str(self.folder.absolute() / "*" / "*.parquet")

    def create(self) -> None:
        """Make the folder with an empty part, so that an empty table has its columns.

        Parts of an earlier schema version are written anew: DuckDB reads many files only when they are alike.
        """
        empty = self.folder / "empty" / "empty.parquet"
        if not empty.exists():
            self._write([], empty)
        with self.locked(exclusive=True):
            self._bring_up_to_date()

    def append(self, events: Sequence[Event]) -> int:
        """Add the events that are not there yet; how many were new.

        An event sent twice has the same time, so that only its own day is searched for it.
        """
        days: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        for event in events:
            row = event_row(event)
            days[row["time_utc"].strftime("%Y-%m-%d")][event.event_id] = row
        added = 0
        with self.locked(exclusive=True):
            for day, rows in sorted(days.items()):
                known = self._event_ids(self.folder / day)
                fresh = [row for event_id, row in rows.items() if event_id not in known]
                if fresh:
                    name = sha256_text("\n".join(row["event_id"] for row in fresh))[:32]
                    self._write(fresh, self.folder / day / f"{name}.parquet")
                    self._merge(self.folder / day)
                added += len(fresh)
        return added

    def read(
        self,
        since: datetime | None,
        until: datetime | None,
        site: str | None,
        *,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Rows of the half-open time range [since, until) of one site (or all), each event once.

        Args:
            columns: those to read, `time_utc` and `event_id` among them; all by default.
        """
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.dataset as ds

        condition = pc.field("event_id").is_valid()
        if since is not None:
            condition &= pc.field("time_utc") >= pa.scalar(since, pa.timestamp("us", tz="UTC"))
        if until is not None:
            condition &= pc.field("time_utc") < pa.scalar(until, pa.timestamp("us", tz="UTC"))
        if site is not None:
            condition &= pc.field("site") == site
        with self.locked(exclusive=False):
            parts = [str(part) for part in self._parts(since, until)]
            if not parts:
                return table_schema().empty_table()
            found = ds.dataset(parts, schema=table_schema(), format="parquet")
            table = found.to_table(columns=list(columns) if columns else None, filter=condition)
        return _each_once(_in_order(_filled(table)))

    def embeddings(self, times: Mapping[str, datetime]) -> dict[str, NDArray[np.float32]]:
        """Embeddings of some events by their identifiers and times; an event that is not there has none.

        Only the days of these events are read, a batch of rows at a time.
        """
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.dataset as ds

        days = {time.strftime("%Y-%m-%d") for time in times.values()}
        wanted = pc.field("event_id").isin(pa.array(sorted(times), pa.string()))
        found: dict[str, NDArray[np.float32]] = {}
        with self.locked(exclusive=False):
            parts = [str(part) for part in self._parts(None, None) if part.parent.name in days]
            if not parts:
                return found
            source = ds.dataset(parts, schema=table_schema(), format="parquet")
            batches = source.to_batches(
                columns=["event_id", "embedding"], filter=wanted, batch_size=_BATCH, batch_readahead=2,
                fragment_readahead=1,
            )  # fmt: skip
            for batch in batches:
                vectors = batch.column("embedding")
                numbers = vectors.flatten().to_numpy(zero_copy_only=False)
                ends = vectors.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).cumsum()
                for event_id, vector in zip(
                    batch.column("event_id").to_pylist(), _split(numbers, ends), strict=True
                ):
                    found[event_id] = vector
        return found

    def rows_without(self, known: Collection[str], columns: Sequence[str]) -> Iterator[pa.Table]:
        """Rows of events that are not among `known`, part by part, oldest day first; an event may come twice.

        Whatever day an event was written late to, it is found; of known events only the name is read.
        """
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.dataset as ds
        import pyarrow.parquet as pq

        have = pa.array(sorted(known), pa.string())
        with self.locked(exclusive=False):
            for part in sorted(self.folder.glob("*/*.parquet")):
                names = pq.read_table(part, columns=["event_id"]).column("event_id")
                if len(names) and not pc.all(pc.is_in(names, value_set=have)).as_py():
                    rows = ds.dataset(str(part), schema=table_schema(), format="parquet")
                    new = ~pc.is_in(pc.field("event_id"), value_set=have)
                    yield rows.to_table(columns=list(columns), filter=new)

    def events_of(self, subject: str) -> list[str]:
        """Names of a patient's events."""
        import pyarrow.compute as pc

        rows = self.read(None, None, None, columns=("time_utc", "event_id", "subject"))
        mine = rows.filter(pc.equal(rows.column("subject"), subject))
        names: list[str] = mine.column("event_id").to_pylist()
        return names

    def delete_subject(self, subject: str) -> list[str]:
        """Remove a patient's events from every part; names of the events that went.

        A part is written anew beside and takes the old one's place; killed in between, the next call goes on.
        """
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        removed: set[str] = set()
        with self.locked(exclusive=True):
            for part in sorted(self.folder.glob("*/*.parquet")):
                table = pq.read_table(part, schema=table_schema())
                theirs = pc.fill_null(pc.equal(table.column("subject"), subject), False)
                if pc.any(theirs).as_py():
                    removed.update(table.filter(theirs).column("event_id").to_pylist())
                    kept = table.filter(pc.invert(theirs))
                    if len(kept):
                        self._replace(kept, part)
                    else:
                        part.unlink()
            for torn in self.folder.glob("*/*.part"):  # of a writer that died; the lock says that none writes
                torn.unlink()
        return sorted(removed)

    @contextmanager
    def locked(self, *, exclusive: bool) -> Iterator[None]:
        """One writer, or many readers; the lock goes with the process that held it."""
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._lock_file, os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    def _bring_up_to_date(self) -> None:
        import pyarrow.parquet as pq

        columns = table_schema().names
        for part in sorted(self.folder.glob("*/*.parquet")):
            if pq.read_schema(part).names != columns:
                self._replace(_filled(pq.read_table(part, schema=table_schema())), part)

    def _parts(self, since: datetime | None, until: datetime | None) -> list[Path]:
        first = since.strftime("%Y-%m-%d") if since else "0000"
        last = until.strftime("%Y-%m-%d") if until else "9999"
        parts = sorted(self.folder.glob("*/*.parquet"))
        return [part for part in parts if first <= part.parent.name <= last]

    def _event_ids(self, day: Path) -> set[str]:
        import pyarrow.parquet as pq

        found: set[str] = set()
        for part in sorted(day.glob("*.parquet")):
            found.update(pq.read_table(part, columns=["event_id"]).column("event_id").to_pylist())
        return found

    def _write(self, rows: list[dict[str, Any]], part: Path) -> None:
        """The part has all rows or is not there: written beside, synced, renamed."""
        import pyarrow as pa

        self._replace(pa.Table.from_pylist(rows, schema=table_schema()), part)

    def _replace(self, table: pa.Table, part: Path) -> None:
        import pyarrow.parquet as pq

        part.parent.mkdir(parents=True, exist_ok=True)
        temporary = part.with_suffix(f".{os.getpid()}.part")
        with temporary.open("wb") as stream:
            pq.write_table(table, stream, compression="zstd")
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(part)

    def _merge(self, day: Path) -> None:
        """Make one part of many small ones.

        A crash between the rename and the removals leaves events in two parts; `read` and the next merge
        give each once.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        parts = sorted(day.glob("*.parquet"))
        if len(parts) < PARTS_BEFORE_MERGE:
            return
        tables = [pq.read_table(part, schema=table_schema()) for part in parts]
        self._replace(_each_once(_filled(pa.concat_tables(tables))), parts[0])
        for part in parts[1:]:
            part.unlink()


def _filled(table: pa.Table) -> pa.Table:
    """The table with no empty cell in a column that its parts may be older than."""
    import pyarrow.compute as pc

    for name, value in _BEFORE.items():
        if name not in table.column_names:
            continue
        filled = pc.fill_null(table.column(name), value)
        table = table.set_column(table.schema.get_field_index(name), name, filled)
    return table


def _split(numbers: NDArray[np.float32], ends: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    """Copies of the parts of an array that end there, so that it need not be kept for one of them."""
    return [numbers[start:end].copy() for start, end in pairwise([0, *ends.tolist()])]


def _in_order(table: pa.Table) -> pa.Table:
    """Rows by time, then by identifier; sorting millions by both is slow, and few share a time."""
    import numpy as np

    times = table.column("time_utc").to_numpy().view("int64")
    order = np.argsort(times, kind="stable")
    equal = np.flatnonzero(np.diff(times[order]) == 0)
    if len(equal):
        rows = np.unique(np.concatenate([equal, equal + 1]))
        names = table.column("event_id").take(order[rows]).to_pylist()
        tied = sorted(range(len(rows)), key=lambda place: (times[order[rows[place]]], names[place]))
        order[rows] = order[rows[tied]]
    sorted_already = len(order) == 0 or bool((np.diff(order) == 1).all() and order[0] == 0)
    return table if sorted_already else table.take(order)


def _each_once(table: pa.Table) -> pa.Table:
    """The table without the second row of any event."""
    import numpy as np
    import pyarrow.compute as pc

    identifiers = table.column("event_id")
    if pc.count_distinct(identifiers).as_py() == len(table):
        return table
    _, first = np.unique(np.asarray(identifiers.to_pylist(), dtype=str), return_index=True)
    return table.take(np.sort(first))
