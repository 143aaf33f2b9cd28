"""Windows of events that monitoring compares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """One stream: a site, narrowed by any of the closed labels; `all` does not narrow."""

    site: str
    device: str = "all"
    view: str = "all"
    body_part: str = "all"
    age_band: str = "all"
    sex: str = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Half-open time range [since, until), ISO 8601 in UTC, of one stratum, model and embedding space."""

    stratum: Stratum
    model_version: str
    embedding_space: str
    since_utc: str
    until_utc: str
    events: int
