"""The feature repository: events in Feast, offline as Parquet by day, online in SQLite.

`import feast` takes seconds: this module imports it only where a call needs Feast itself. Reading the history
does not, so that monitoring stays light.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from osteon.artefact import atomic_write
from osteon.database import scrub
from osteon.domain import Event, Role
from osteon.features import definitions
from osteon.features.feast_import import quick_import
from osteon.features.table import EventTable, event_row, parse_time

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from feast import FeatureStore
    from numpy.typing import NDArray

DEFAULT_ONLINE = ("event_embeddings:embedding", "event_predictions:value", "event_metadata:site")
_ONLINE_FILE = "online.db"
_KEY_VERSION = 3


class FeatureRepository:
    """A folder with the events of one project: settings, Feast's registry, online and offline store.

    Challengers' events lie in a table of their own: what reads `table` sees only what was answered.
    """

    def __init__(self, path: Path, project: str = "osteon") -> None:
        self.path = path.absolute()
        self.project = project
        self.table = EventTable(self.path / "events")
        self.shadow_table = EventTable(self.path / "shadow_events")

    def apply(self) -> None:
        """Create the repository, or bring its definitions up to date; calling it again changes nothing."""
        self.table.create()
        self.shadow_table.create()
        atomic_write(self.path / "feature_store.yaml", _settings_yaml(self.project))
        every = str(self.path / "*events" / "*" / "*.parquet")
        self._store.apply(definitions.feature_objects(self.table.pattern, every))

    def write_events(self, events: Sequence[Event]) -> int:
        """Write events offline, then online; how many were new.

        An event that is there already is not written a second time, so that a writer that died between the
        write and its acknowledgement may send it again.
        """
        if not events:
            return 0
        added = self.table.append([event for event in events if event.role == "champion"])
        added += self.shadow_table.append([event for event in events if event.role == "challenger"])
        self._write_online(events)
        return added

    def history(
        self,
        site: str | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        *,
        role: Role = "champion",
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """The events of a site (or all) in [since, until), oldest first, one row each; without Feast.

        Columns are those of `osteon.features.table.table_schema`; `embedding` holds float32 arrays.

        Args:
            role: whose events; a challenger's are what it would have answered.
            columns: those to read; then texts of few kinds are categories, and `event_id` an Arrow text.
        """
        table = self.table if role == "champion" else self.shadow_table
        first, last = (parse_time(time) if time else None for time in (since, until))
        rows = table.read(first, last, site, columns=columns)
        frame: pd.DataFrame = rows.to_pandas() if columns is None else _light(rows)
        return frame

    def vectors(self, events: pd.DataFrame) -> dict[str, NDArray[np.float32]]:
        """Embeddings of these rows of `history`, by identifier; only their days are read."""
        return self.table.embeddings(dict(zip(events["event_id"], events["time_utc"], strict=True)))

    def online(self, event_ids: Sequence[str], features: Sequence[str] | None = None) -> pd.DataFrame:
        """The newest features of the events, in the order asked for; unknown events have empty cells.

        Args:
            features: `view:feature` names; embedding, value and site by default.
        """
        wanted = list(
            features or ("event_embeddings:embedding", "event_predictions:value", "event_metadata:site")
        )
        rows = [{definitions.EVENT_KEY: event_id} for event_id in event_ids]
        answer = self._store.get_online_features(features=wanted, entity_rows=rows)
        frame: pd.DataFrame = answer.to_df()
        return frame

    def as_of(self, entities: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
        """Point-in-time join: each row of `entities` with the features known at its `event_timestamp`.

        Args:
            entities: `event_id` or `subject`, and `event_timestamp`.
            features: `view:feature` names, for example `subject_latest:value`.
        """
        with self.table.locked(exclusive=False), self.shadow_table.locked(exclusive=False):
            job = self._store.get_historical_features(entity_df=entities, features=list(features))
            frame: pd.DataFrame = job.to_df()
        return frame

    def delete_subject(self, subject: str, also_events: Sequence[str] = ()) -> int:
        """Remove a patient from the table and the online store; how many events went.

        Killed in between, the next call finishes: the online store is emptied first.

        Args:
            also_events: events of the patient that the table may not have any more.
        """
        self._forget_online(subject, sorted({*self.events_of(subject), *also_events}))
        return len({name for table in self._tables() for name in table.delete_subject(subject)})

    def events_of(self, subject: str) -> list[str]:
        """Names of a patient's events, of any role, sorted."""
        return sorted({name for table in self._tables() for name in table.events_of(subject)})

    def _tables(self) -> list[EventTable]:
        return [EventTable(folder) for folder in sorted(self.path.glob("*events")) if folder.is_dir()]

    def _forget_online(self, subject: str, names: Sequence[str]) -> None:
        """Feast has no call that removes entities: rows are deleted by the key that Feast itself makes."""
        path = self.path / _ONLINE_FILE
        if not path.exists():
            return
        with quick_import():
            from feast.infra.key_encoding_utils import serialize_entity_key
            from feast.protos.feast.types.EntityKey_pb2 import EntityKey
            from feast.protos.feast.types.Value_pb2 import Value

        def key(name: str, value: str) -> bytes:
            made = EntityKey(join_keys=[name], entity_values=[Value(string_val=value)])
            return bytes(serialize_entity_key(made, entity_key_serialization_version=_KEY_VERSION))

        keys = [{"key": key(definitions.EVENT_KEY, name)} for name in names]
        keys.append({"key": key(definitions.SUBJECT_KEY, subject)})
        engine = sa.create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            for name in sa.inspect(connection).get_table_names():
                rows = sa.table(name, sa.column("entity_key"))
                connection.execute(sa.delete(rows).where(rows.c.entity_key == sa.bindparam("key")), keys)
        scrub(engine)
        engine.dispose()

    @cached_property
    def _store(self) -> FeatureStore:
        os.environ.setdefault("FEAST_USAGE", "False")  # Feast reports nothing to anyone
        with quick_import():
            from feast import FeatureStore

        return FeatureStore(repo_path=str(self.path))

    def _write_online(self, events: Sequence[Event]) -> None:
        import pandas as pd

        rows: list[dict[str, Any]] = [event_row(event) for event in events]
        frame = pd.DataFrame(rows)
        for view in definitions.EVENT_VIEWS:
            self._write_view(view, frame)
        linked = frame[frame[definitions.SUBJECT_KEY].notna() & (frame["role"] == "champion")]
        if len(linked):
            newest = linked.sort_values("time_utc").drop_duplicates(definitions.SUBJECT_KEY, keep="last")
            self._write_view(definitions.SUBJECT_VIEW, newest)

    def _write_view(self, name: str, frame: pd.DataFrame) -> None:
        view = self._store.get_feature_view(name)
        columns = ["time_utc", *view.join_keys, *(field.name for field in view.features)]
        self._store.write_to_online_store(name, frame[columns])


def _light(rows: pa.Table) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    texts = [
        name
        for name, kind in zip(rows.column_names, rows.schema.types, strict=True)
        if pa.types.is_string(kind)
    ]
    frame: pd.DataFrame = rows.drop_columns(["event_id"]).to_pandas(
        categories=[t for t in texts if t != "event_id"]
    )
    frame["event_id"] = pd.arrays.ArrowExtensionArray(rows.column("event_id"))
    return frame


def _settings_yaml(project: str) -> str:
    return (
        f"project: {project}\n"
        "provider: local\n"
        "registry: registry.db\n"
        f"online_store:\n  type: sqlite\n  path: {_ONLINE_FILE}\n"
        "offline_store:\n  type: duckdb\n"
        f"entity_key_serialization_version: {_KEY_VERSION}\n"
    )
