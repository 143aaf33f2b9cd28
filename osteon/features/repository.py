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

from osteon.artefact import atomic_write
from osteon.domain import Event, Role
from osteon.features import definitions
from osteon.features.feast_import import quick_import
from osteon.features.table import EventTable, event_row, parse_time

if TYPE_CHECKING:
    import pandas as pd
    from feast import FeatureStore

DEFAULT_ONLINE = ("event_embeddings:embedding", "event_predictions:value", "event_metadata:site")


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
    ) -> pd.DataFrame:
        """The events of a site (or all) in [since, until), oldest first, one row each; without Feast.

        Columns are those of `osteon.features.table.table_schema`; `embedding` holds float32 arrays.

        Args:
            role: whose events; a challenger's are what it would have answered.
        """
        table = self.table if role == "champion" else self.shadow_table
        rows = table.read(parse_time(since) if since else None, parse_time(until) if until else None, site)
        frame: pd.DataFrame = rows.to_pandas()
        return frame

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


def _settings_yaml(project: str) -> str:
    return (
        f"project: {project}\n"
        "provider: local\n"
        "registry: registry.db\n"
        "online_store:\n  type: sqlite\n  path: online.db\n"
        "offline_store:\n  type: duckdb\n"
        "entity_key_serialization_version: 3\n"
    )
