"""The manifest beside every artefact: what it was made from, by which code, with which seed.

Files are read and written by `osteon.artefact`; this module only says what a manifest is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Where an artefact came from and what it holds.

    Attributes:
        stage: the stage that wrote it (`sample`, `deid`, `pairs`, `pretrain`, ...).
        inputs: name of each input -> SHA-256 of it (of its manifest, for a folder).
        settings: every setting that changes the output; JSON values only.
        outputs: name of each output file (relative) -> SHA-256.
        figures: counts and measures of the stage (no value of a data set).
        parents: digests of the manifests this artefact descends from.
        code_version, time_utc: filled in by `osteon.artefact.write_manifest`.
    """

    stage: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    seed: int | None = None
    policy_hash: str | None = None
    synthetic_version: str | None = None
    project: str = "osteon"
    site: str = "local"
    code_version: str = ""
    time_utc: str = ""
    schema_version: str = SCHEMA_VERSION

    @property
    def digest(self) -> str:
        """SHA-256 of what the artefact is, whenever and wherever it was made (not of time or code)."""
        content = {
            key: value
            for key, value in asdict(self).items()
            if key not in {"time_utc", "code_version", "figures"}
        }
        return sha256_text(canonical_json(content))


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text.

    >>> canonical_json({"b": 1, "a": [2]})
    '{"a":[2],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_text(text: str) -> str:
    """SHA-256 of the UTF-8 text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
