"""The Prediction contract: one answer, or one abstention with its reason, and no identifier."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from osteon.domain.errors import UsageError

PREDICTION_SCHEMA_VERSION = "1"
Status = Literal["answered", "abstained"]


def input_hmac(key: bytes, data: bytes) -> str:
    """Keyed digest of an input's bytes, as predictions and events carry it; hexadecimal HMAC-SHA-256."""
    return hmac.new(key, data, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Bounds that hold the truth with the stated coverage (split conformal)."""

    low: float
    high: float
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One model's answer about one picture or study.

    Attributes:
        value: probability, months or KL grade, by `unit`; None when abstained.
        reason: why the model abstained, from a closed list; None when answered.
        probabilities: class name -> probability; empty for a regression or an abstention.
        input_hmac: keyed digest of the input's bytes, never a bare hash.
        embedding_space: vectors compare only within one.
        research_use_only: True until a hospital's own validation says otherwise.
    """

    event_id: str
    task: str
    status: Status
    reason: str | None
    value: float | None
    unit: str
    interval: Interval | None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    body_part: str = "unknown"
    view: str = "unknown"
    laterality: str = "unknown"
    model_version: str
    preprocess_version: str
    input_hmac: str
    embedding_space: str
    time_utc: str
    project: str = "osteon"
    site: str = "local"
    research_use_only: bool = True
    schema_version: str = PREDICTION_SCHEMA_VERSION

    def __post_init__(self) -> None:
        answered = self.status == "answered"
        if answered != (self.value is not None) or answered == (self.reason is not None):
            raise UsageError(
                "a value when answered and a reason when abstained",
                f"status {self.status} with the other",
                "set value or reason by the status",
            )
        if self.value is not None and not math.isfinite(self.value):
            raise UsageError("a finite value", "a value that is not", "abstain instead")

    def as_dict(self) -> dict[str, Any]:
        """The prediction as JSON values, in the order of the contract."""
        return asdict(self)


def prediction_from_dict(fields: Mapping[str, Any]) -> Prediction:
    """The prediction that `as_dict` wrote; unknown keys are refused."""
    interval = fields.get("interval")
    try:
        return Prediction(**{**fields, "interval": Interval(**interval) if interval else None})
    except TypeError:
        raise UsageError(
            "the fields of the Prediction contract",
            "other or missing fields",
            "see the contract",
        ) from None
