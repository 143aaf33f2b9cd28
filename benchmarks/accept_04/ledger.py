"""What was asked and what came: counts, failures by kind, and what each request may have recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.accept_04.material import Asked
from benchmarks.accept_04.plan import CUT, Timeline

_MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; status CUT when no whole answer did. Times are monotonic seconds."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the feature store must hold of one prediction request.

    Attributes:
        answered: event -> its prediction as the client was told.
        maybe: nobody was told whether it was recorded: all or nothing of it is right.
    """

    asked: Asked
    answered: Mapping[str, Mapping[str, Any]]
    maybe: bool


@dataclass(slots=True)
class Ledger:
    """The run's memory. Failures are counted by kind, with a few examples of each."""

    timeline: Timeline
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    excused: Counter[tuple[str, int]] = field(default_factory=Counter)
    rude: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    predictions: dict[str, Recorded] = field(default_factory=dict)
    compared: int = 0
    seconds: list[tuple[float, float]] = field(default_factory=list)

    def fail(self, kind: str, detail: str = "") -> None:
        """One more failure of a kind."""
        self.failures[kind] += 1
        shown = self.examples.setdefault(kind, [])
        if len(shown) < _MOST_EXAMPLES:
            shown.append(detail)

    def note(self, asked: Asked, reply: Reply) -> None:
        """Count a proper client's reply; an error that no fault excuses is a failure."""
        self.statuses[asked.route, reply.status] += 1
        if reply.status == 200:
            self.seconds.append((reply.began, reply.ended - reply.began))
            return
        self.require_retry_after(asked.route, reply)
        if self.timeline.excuses(asked.route, reply.status, reply.began, reply.ended):
            self.excused[asked.route, reply.status] += 1
        else:
            faults = ",".join(sorted(self.timeline.between(reply.began, reply.ended))) or "calm"
            self.fail(
                f"{asked.route} answered {reply.status or 'nothing'}",
                f"during {faults}: {reply.content[:300]!r}",
            )

    def require_retry_after(self, what: str, reply: Reply) -> None:
        """429 and 503 say when to come back."""
        if reply.status in (429, 503) and not reply.headers.get("retry-after", "").isdigit():
            self.fail("no Retry-After", f"{what} {reply.status}")

    def owe(self, asked: Asked, reply: Reply, predictions: list[Mapping[str, Any]]) -> None:
        """Remember what a prediction request must have recorded, by its subject; a refused one nothing."""
        assert asked.subject is not None
        if reply.status in (200, CUT):
            answered = {each["event_id"]: each for each in predictions}
            self.predictions[asked.subject] = Recorded(asked, answered, maybe=reply.status == CUT)
