"""The first weeks of a new champion: it is held to its promise, and goes back when it is shown to break it.

A rollback is made once for one promotion: the version before it is not on probation, and a version that did
harm is not promoted again unless a person answers for it. So nothing swings to and fro.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, get_args

import numpy as np
import pandas as pd

from monitoring.betting import bet_against
from monitoring.gate.evidence import bounded_loss
from monitoring.policy import DriftPolicy, ProbationRule
from osteon.domain import Task, UsageError
from osteon.registry import Promotion

logger = logging.getLogger("osteon.probation")

State = Literal["watching", "kept", "harmful", "rolled_back", "no_promise"]
STATES: tuple[State, ...] = get_args(State)
ACTOR = "osteon probation (automatic)"


@dataclass(frozen=True, kw_only=True)
class ProbationReport:
    """How the champion of a task stands.

    Attributes:
        state: `watching`; `kept`, its days are over; `harmful`, shown and nothing to go back to;
            `rolled_back`, the one before it serves again; `no_promise`, no gate said what to hold it to.
        low: its mean bounded loss is surely above this; harm is shown once that is above `promised`.
    """

    task: str
    version: str
    promotion_id: int
    state: State
    since_utc: str
    until_utc: str
    labels: int
    loss: float | None
    low: float
    promised: float | None
    level: float


class Versions(Protocol):
    """What probation needs of the registry (`osteon.registry.Registry`)."""

    def in_production(self, alias: str = "champion") -> dict[Task, Promotion]:
        """Who holds the alias of each task."""

    def gate_of(self, task: Task, version: str) -> dict[str, Any] | None:
        """What the gate decided."""

    def mark_harmful(self, task: Task, version: str, evidence: dict[str, Any]) -> None:
        """Keep the evidence with the version."""

    def rollback(
        self, task: Task, alias: str = "champion", *, actor: str, reason: str, only_from: int | None = None
    ) -> Promotion:
        """Give the alias back."""


def judge(
    promotion: Promotion,
    model_version: str,
    promised: float | None,
    events: pd.DataFrame,
    rule: ProbationRule,
    now: datetime,
) -> ProbationReport:
    """How a promotion stands by the labels of its own answers; pure, the same rows give the same report.

    Args:
        model_version: as the champion's events name it.
        events: with `label` and `labelled_utc`; rows of other models, from before the promotion or after its
            days are left out. Bets are made in the order in which the labels came: one that comes late for an
            early picture changes no bet that was made.
    """
    began = datetime.fromisoformat(promotion.time_utc).astimezone(UTC)
    ends = began + timedelta(days=rule.days)
    times = pd.to_datetime(events["time_utc"], utc=True)
    mine = events[
        (events["model_version"] == model_version) & (events["task"] == promotion.task)
        & (times >= began) & (times < ends) & events["label"].notna()
    ].sort_values(["labelled_utc", "event_id"], kind="stable")  # fmt: skip
    value = mine["value"].to_numpy(dtype=np.float64)
    losses = bounded_loss(Task.parse(promotion.task), value, mine["label"].to_numpy(dtype=np.float64))
    losses = losses[np.isfinite(losses)]
    bet = bet_against(losses, 1.0 if promised is None else promised, level=rule.level)
    shown = promised is not None and bet.wealth >= 1 / rule.level and bet.losses >= rule.least_labels
    state: State = "watching" if now < ends else "kept"
    return ProbationReport(
        task=promotion.task,
        version=promotion.to_version,
        promotion_id=promotion.id,
        state="harmful" if shown else "no_promise" if promised is None else state,
        since_utc=promotion.time_utc,
        until_utc=ends.isoformat(timespec="seconds"),
        labels=bet.losses,
        loss=bet.mean if bet.losses else None,
        low=bet.low,
        promised=promised,
        level=rule.level,
    )


class Probation:
    """Looks at every promoted champion and takes back the one that is shown to do harm.

    Args:
        model_version: task and champion -> the version as its events name it.
    """

    def __init__(
        self, registry: Versions, policy: DriftPolicy, model_version: Callable[[Task, Promotion], str]
    ) -> None:
        self._registry, self._rule = registry, policy.probation
        self._model_version = model_version
        self._promises: dict[int, tuple[str, float | None]] = {}

    def look(self, labelled: pd.DataFrame, now: datetime | None = None) -> tuple[ProbationReport, ...]:
        """How each champion stands; rolled back at once where harm is shown.

        Killed at any step, the next look does what is left: the evidence is kept first, then the alias goes
        back, and only from that very promotion.

        Args:
            labelled: events with their `label` and `labelled_utc`.
        """
        moment = now or datetime.now(UTC)
        found = []
        for task, promotion in sorted(self._registry.in_production().items()):
            if promotion.action == "rollback" and promotion.actor == ACTOR:
                found.append(_was_taken_back(promotion, self._rule))
            if promotion.action != "promote" or promotion.from_version is None:
                continue  # the first model, or one that came back: nothing to go back to, or trusted already
            name, promised = self._promise(task, promotion)
            report = judge(promotion, name, promised, labelled, self._rule, moment)
            found.append(self._taken_back(task, report, moment) if report.state == "harmful" else report)
        return tuple(found)

    def _promise(self, task: Task, promotion: Promotion) -> tuple[str, float | None]:
        if promotion.id not in self._promises:
            decision = self._registry.gate_of(task, promotion.to_version) or {}
            name = self._model_version(task, promotion)
            self._promises[promotion.id] = name, decision.get("promised_loss")
        return self._promises[promotion.id]

    def _taken_back(self, task: Task, report: ProbationReport, now: datetime) -> ProbationReport:
        evidence = {**asdict(report), "time_utc": now.isoformat(timespec="seconds")}
        self._registry.mark_harmful(task, report.version, evidence)
        reason = (
            f"harm shown at level {report.level:g} by {report.labels} labels: mean loss {report.loss:.3f}, "
            f"surely above {report.low:.3f}, promised at most {report.promised:.3f}"
        )
        try:
            self._registry.rollback(task, actor=ACTOR, reason=reason, only_from=report.promotion_id)
        except UsageError as error:
            logger.error("%s is harmful and was not rolled back: %s", task.value, error)
            return report
        logger.error("champion of %s rolled back: %s", task.value, reason)
        moved = {"state": "rolled_back", "since_utc": evidence["time_utc"]}
        return ProbationReport(**{**asdict(report), **moved})


def _was_taken_back(promotion: Promotion, rule: ProbationRule) -> ProbationReport:
    """What stands while the version that an automatic rollback brought back serves."""
    return ProbationReport(
        task=promotion.task, version=promotion.from_version or "", promotion_id=promotion.id,
        state="rolled_back", since_utc=promotion.time_utc, until_utc="", labels=0, loss=None, low=0.0,
        promised=None, level=rule.level,
    )  # fmt: skip
