"""Which models' results may leave: none, until a person has switched one on for a site.

The list is YAML, so that it is reviewed like any other change; a new model version is in shadow again.

    - task: fracture
      model_version: fracture-7
      site: chu-a
      actor: dr-b
      reason: local validation of 2026-05, n = 412
      time_utc: 2026-06-01T09:00:00Z
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from osteon.domain import Prediction, UsageError

_KEYS = frozenset({"task", "model_version", "site", "actor", "reason", "time_utc"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveModels:
    """The (task, model version, site) triples that a person has switched on."""

    triples: frozenset[tuple[str, str, str]] = frozenset()

    def allows(self, prediction: Prediction, site: str) -> bool:
        """Whether this prediction may be delivered at this site."""
        return (prediction.task, prediction.model_version, site) in self.triples


def load_live_models(path: Path | None) -> LiveModels:
    """The list of a file; empty without one.

    Raises:
        UsageError: the file is missing, or an entry lacks a key or has an unknown one.
    """
    if path is None:
        return LiveModels()
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (OSError, yaml.YAMLError) as error:
        raise UsageError("a YAML list of live models", type(error).__name__, "correct the file") from None
    if not isinstance(entries, list) or not all(isinstance(e, dict) and set(e) == _KEYS for e in entries):
        raise UsageError(
            f"entries of exactly {', '.join(sorted(_KEYS))}",
            "other entries",
            "correct the list of live models",
        )
    return LiveModels(
        triples=frozenset((str(e["task"]), str(e["model_version"]), str(e["site"])) for e in entries)
    )
