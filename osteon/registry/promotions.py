"""The history of promotions: who put which version where, why and when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from osteon.database import open_database
from osteon.domain import Task, UsageError

SCHEMA_VERSION = "1"
WITHDRAW = "withdraw"
ALIASES = ("champion", "challenger", "shadow")
MIGRATIONS = "osteon.registry:migrations"

_TABLE = sa.table(
    "osteon_promotion",
    *(
        sa.column(name)
        for name in (
            "id",
            "schema_version",
            "project",
            "task",
            "alias",
            "action",
            "from_version",
            "to_version",
            "package",
            "digest",
            "actor",
            "reason",
            "time_utc",
        )
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """One row of the history: `alias` of `task` went from one version to another.

    Attributes:
        id: grows with each row; 0 before it is written.
        action: `promote`, `rollback` or `withdraw`.
        to_version: empty after `withdraw`, when no version holds the alias.
        package: where the version's package lies, relative to the artefact root when it is inside.
        digest: digest of the package's manifest.
        actor: the account that asked, as the caller authenticated it.
    """

    project: str
    task: str
    alias: str
    action: str
    from_version: str | None
    to_version: str
    package: str
    digest: str
    actor: str
    reason: str
    time_utc: str
    id: int = 0
    schema_version: str = SCHEMA_VERSION

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON values."""
        return asdict(self)


class PromotionLog:
    """The append-only table; triggers in the database refuse UPDATE and DELETE."""

    def __init__(self, url: str, project: str) -> None:
        self.project = project
        self._engine = open_database(url, MIGRATIONS)

    def append(self, promotion: Promotion) -> Promotion:
        """Write one row and return it with its number."""
        values = promotion.as_dict()
        del values["id"]
        with self._engine.begin() as connection:
            row = connection.execute(sa.insert(_TABLE).values(**values).returning(_TABLE.c.id)).one()
        return Promotion(**{**values, "id": row.id})

    def history(self, task: Task | None = None) -> list[Promotion]:
        """Every row of the project (and task), oldest first."""
        query = sa.select(_TABLE).where(_TABLE.c.project == self.project).order_by(_TABLE.c.id)
        if task is not None:
            query = query.where(_TABLE.c.task == task.value)
        with self._engine.connect() as connection:
            return [Promotion(**row) for row in connection.execute(query).mappings()]

    def current(self, alias: str) -> dict[Task, Promotion]:
        """The newest row of each task for one alias: what holds it now, and since when."""
        newest = (
            sa.select(sa.func.max(_TABLE.c.id))
            .where(_TABLE.c.project == self.project, _TABLE.c.alias == alias)
            .group_by(_TABLE.c.task)
        )
        query = sa.select(_TABLE).where(_TABLE.c.id.in_(newest)).order_by(_TABLE.c.task)
        with self._engine.connect() as connection:
            rows = [Promotion(**row) for row in connection.execute(query).mappings()]
        return {Task.parse(row.task): row for row in rows if row.action != WITHDRAW}

    def before_current(self, task: Task, alias: str) -> Promotion | None:
        """The promotion that a rollback goes back to; None when there is none.

        Promotions pile up and a rollback takes the top one off, so that two rollbacks in a row go back two
        promotions instead of to and fro.
        """
        pile: list[Promotion] = []
        for row in self.history(task):
            if row.alias != alias:
                continue
            if row.action == WITHDRAW:
                pile.clear()
            elif row.action == "rollback":
                pile.pop()
            else:
                pile.append(row)
        return pile[-2] if len(pile) > 1 else None


def require_alias(alias: str) -> str:
    """The alias when it is one of the three; UsageError otherwise."""
    if alias not in ALIASES:
        raise UsageError(f"an alias among {', '.join(ALIASES)}", "another name", "name one of them")
    return alias


def now_utc() -> str:
    """The present time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
