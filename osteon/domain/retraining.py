"""The Retraining request: what monitoring writes and the pipeline claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from osteon.domain.manifest import canonical_json, sha256_text

REQUEST_SCHEMA_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingRequest:
    """Why a model should be trained again; two requests of one cause share a deduplication key."""

    task: str
    sites: tuple[str, ...]
    reason: str
    evidence: Mapping[str, Any]
    model_version: str
    cooldown_s: int
    time_utc: str
    project: str = "osteon"
    schema_version: str = REQUEST_SCHEMA_VERSION

    @property
    def deduplication_key(self) -> str:
        """Equal for requests of one project, task, model, reason and set of sites."""
        cause = [self.project, self.task, self.model_version, self.reason, sorted(self.sites)]
        return sha256_text(canonical_json(cause))[:32]

    def as_dict(self) -> dict[str, Any]:
        """The request as JSON values, with its deduplication key."""
        return {**asdict(self), "sites": list(self.sites), "deduplication_key": self.deduplication_key}
