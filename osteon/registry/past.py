"""Which version was in production at a moment, read from the history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from osteon.domain import Task, UsageError
from osteon.registry.promotions import WITHDRAW, Promotion


@dataclass(frozen=True, kw_only=True)
class Tenure:
    """One version's time under an alias; `until_utc` is empty while it lasts."""

    promotion: Promotion
    until_utc: str


def in_production_at(
    history: Iterable[Promotion], moment: datetime, alias: str = "champion"
) -> dict[Task, Tenure]:
    """The tenure of each task that covers the moment; tasks that had no such version yet are left out.

    Args:
        history: rows of one project, oldest first.
    """
    found: dict[Task, Tenure] = {}
    for row in history:
        if row.alias != alias:
            continue
        task = Task.parse(row.task)
        began = datetime.fromisoformat(row.time_utc).astimezone(UTC)
        if began <= moment and row.action == WITHDRAW:
            found.pop(task, None)
        elif began <= moment:
            found[task] = Tenure(promotion=row, until_utc="")
        elif task in found and not found[task].until_utc:
            found[task] = Tenure(promotion=found[task].promotion, until_utc=row.time_utc)
    return found


def parse_moment(text: str) -> datetime:
    """A date (its end, UTC) or a time (UTC where it names no zone).

    >>> parse_moment("2026-03-01").isoformat(), parse_moment("2026-03-01T08:00:00+01:00").isoformat()
    ('2026-03-01T23:59:59.999999+00:00', '2026-03-01T07:00:00+00:00')
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "a date such as 2026-03-01, or a time in ISO 8601", "another text", "correct it"
        ) from None
    if len(text) == len("2026-03-01"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
