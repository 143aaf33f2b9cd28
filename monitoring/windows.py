"""Reference and production windows: which events are compared with which.

A frame holds one row per event, with the columns of `osteon.features.FeatureRepository.history`; `embedding`
is empty when the picture was refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from monitoring.policy import STRATUM_KEYS
from monitoring.statistics.result import Floats
from osteon.domain import RefusedError, Stratum, Window
from osteon.features.table import QUALITY_COLUMNS

NEEDED_COLUMNS = (
    "event_id",
    "time_utc",
    "site",
    *STRATUM_KEYS,
    "model_version",
    "task",
    "status",
    "value",
    "embedding",
    "embedding_space",
)


LABEL = "label"  # the answer that a person gave; a reference may have it


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The numbers of one window: unit-norm embeddings (n, D), answered values (k,) and how many answered."""

    window: Window
    embeddings: Floats
    values: Floats
    answered: int


class Vectors(Protocol):
    """Where embeddings are looked up, of events that were read without (`FeatureRepository.vectors`)."""

    def __call__(self, events: pd.DataFrame) -> Mapping[str, NDArray[np.float32]]:
        """Embeddings of these rows, by `event_id`; a refused picture has none or an empty one."""


QUALITY = QUALITY_COLUMNS  # how a picture was taken; events of earlier versions have none
_LIGHT_COLUMNS = tuple(column for column in NEEDED_COLUMNS if column != "embedding")
READ_COLUMNS = (
    *_LIGHT_COLUMNS,
    *QUALITY,
    "role",
)  # of the feature repository, where embeddings are looked up


def tidy(events: pd.DataFrame, *, light: bool = False) -> pd.DataFrame:
    """Champions' events once each, oldest first, with `time` parsed and `answered` added.

    What a challenger said in shadow was answered to nobody: it is no production, and is left out.

    Args:
        light: without embeddings, which are looked up where they are needed (`recalled`).
    Raises:
        RefusedError: a column that monitoring needs is missing.
    """
    needed = _LIGHT_COLUMNS if light else NEEDED_COLUMNS
    missing = [column for column in needed if column not in events.columns]
    if missing:
        raise RefusedError(
            "events with the columns of the feature repository",
            f"a frame without {', '.join(missing)}",
            "read them with FeatureRepository.history",
        )
    wanted = [*needed, *(name for name in (*QUALITY, LABEL) if name in events.columns)]
    if "role" in events.columns:
        events = events[events["role"] == "champion"]
    frame = events.loc[:, wanted]
    frame = frame.copy() if frame["event_id"].is_unique else frame.drop_duplicates("event_id")
    frame["time"] = pd.to_datetime(frame["time_utc"], utc=True)
    frame["answered"] = (frame["status"] == "answered").astype(bool)
    frame["value"] = frame["value"].astype("float64")
    whole = frame if _in_order(frame) else frame.sort_values(["time", "event_id"], kind="stable")
    return whole.reset_index(drop=True)


def _in_order(frame: pd.DataFrame) -> bool:
    """Whether rows lie by time and identifier already: sorting millions again is slow."""
    if not frame["time"].is_monotonic_increasing:
        return False
    equal = np.flatnonzero(frame["time"].diff().to_numpy() == np.timedelta64(0))
    first, second = (frame["event_id"].iloc[rows].to_numpy(dtype=object) for rows in (equal - 1, equal))
    return bool((first <= second).all())


def recalled(rows: pd.DataFrame, vectors: Vectors | None) -> pd.DataFrame:
    """The rows with their embeddings, looked up where they were read without."""
    if vectors is None or "embedding" in rows:
        return rows
    found, none = vectors(rows), np.empty(0, np.float32)
    cells = [found.get(event_id, none) for event_id in rows["event_id"]]
    return rows.assign(embedding=pd.Series(cells, index=rows.index, dtype=object))


def remembered(vectors: Vectors | None) -> Vectors | None:
    """The same look-up, that asks for each event once: strata of one site share most of theirs."""
    if vectors is None:
        return None
    found: dict[str, NDArray[np.float32]] = {}

    def look_up(events: pd.DataFrame) -> Mapping[str, NDArray[np.float32]]:
        missing = events[~events["event_id"].isin(list(found))]
        if len(missing):
            found.update(vectors(missing))
        return found

    return look_up


def narrow(frame: pd.DataFrame, stratum: Stratum) -> pd.DataFrame:
    """The rows of one stratum; `all` does not narrow."""
    chosen = np.ones(len(frame), dtype=bool)
    for key in (field.name for field in fields(Stratum)):
        wanted = getattr(stratum, key)
        if wanted != "all":
            chosen &= (frame[key] == wanted).to_numpy()
    return where(frame, chosen)


def where(frame: pd.DataFrame, chosen: ArrayLike) -> pd.DataFrame:
    """The chosen rows; the frame itself, no copy, where these are all of them."""
    rows = np.asarray(chosen, dtype=bool)
    return frame if rows.all() else frame[rows]


def version_of(rows: pd.DataFrame, task: str, champions: Mapping[str, str] | None) -> str:
    """The model version to judge: the champion's, else that of the newest event of these rows."""
    return (champions or {}).get(task, str(rows["model_version"].iloc[-1]))


def with_embedding(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that have one: a refused picture has none."""
    return rows[np.array([len(cell) > 0 for cell in rows["embedding"]], dtype=bool)]


def described(rows: pd.DataFrame) -> Floats:
    """Embeddings of the rows and, behind them, their quality, NaN where there is none, (n, D + 6)."""
    quality = rows.reindex(columns=list(QUALITY)).to_numpy(dtype=np.float64)
    return np.concatenate([np.stack(list(rows["embedding"])), quality], axis=1)


def strata_of(frame: pd.DataFrame, site: str, keys: tuple[str, ...]) -> list[Stratum]:
    """The whole site first, then one stratum per value seen of each key, in sorted order."""
    here = where(frame, frame["site"] == site)
    narrower = [
        Stratum(**{"site": site, key: str(value)})
        for key in keys
        for value in sorted({str(value) for value in here[key].unique()} - {"all"})
    ]
    return [Stratum(site=site), *narrower]


def production_window(
    frame: pd.DataFrame, stratum: Stratum, *, until: datetime, hours: float, most_events: int
) -> pd.DataFrame:
    """The newest events of a stratum before `until`, bounded by time and by count."""
    return narrow(recent(frame, until, hours), stratum).tail(most_events)


def recent(frame: pd.DataFrame, until: datetime, hours: float) -> pd.DataFrame:
    """The rows of the last hours before `until`."""
    return where(frame, (frame["time"] >= until - timedelta(hours=hours)) & (frame["time"] < until))


def reference_window(
    frame: pd.DataFrame, stratum: Stratum, *, first_events: int, production: pd.DataFrame
) -> pd.DataFrame:
    """The first events of the model in a stratum, none of which is in the production window."""
    rows = narrow(frame, stratum)
    return rows[~rows["event_id"].isin(production["event_id"])].head(first_events)


def sample_of(rows: pd.DataFrame, stratum: Stratum, *, model_version: str, embedding_space: str) -> Sample:
    """The numbers of the rows of one window.

    Raises:
        RefusedError: rows of another embedding space are among them.
    """
    if (rows["embedding_space"] != embedding_space).any():
        raise RefusedError(
            "events of one embedding space",
            "events of several",
            "re-index with the promoted model and rebuild its reference",
        )
    vectors = _finite([cell for cell in rows["embedding"] if len(cell)])
    window = Window(
        stratum=stratum,
        model_version=model_version,
        embedding_space=embedding_space,
        since_utc=rows["time"].min().isoformat() if len(rows) else "",
        until_utc=rows["time"].max().isoformat() if len(rows) else "",
        events=len(rows),
    )
    values = rows.loc[rows["answered"], "value"].dropna().to_numpy(dtype=np.float64)
    return Sample(
        window=window,
        embeddings=vectors,
        values=values,
        answered=int(rows["answered"].sum()),
    )


def _finite(cells: list[NDArray[np.float32]]) -> Floats:
    """The vectors without a NaN or an infinity, (n, D)."""
    if len({len(cell) for cell in cells}) > 1:
        cells = [cell for cell in cells if np.isfinite(cell).all()]
    if len({len(cell) for cell in cells}) > 1:
        raise RefusedError(
            "embeddings of one length", "several lengths", "rebuild the reference of this model"
        )
    if not cells:
        return np.empty((0, 0))
    vectors = np.array(cells, dtype=np.float64)
    whole = np.isfinite(vectors).all(axis=1)
    return vectors[whole] if whole.any() else np.empty((0, 0))
