"""Signatures beside the history: who signed which package, and when. Rows are added, never changed."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import sqlalchemy as sa

from osteon.database import open_database
from osteon.domain import RefusedError, Task
from osteon.registry.promotions import MIGRATIONS, now_utc
from osteon.registry.signing import Signature, Statement, TrustedSigners

SCHEMA_VERSION = "1"
_TABLE = sa.table(
    "osteon_signature",
    *(
        sa.column(name)
        for name in (
            "id",
            "schema_version",
            "project",
            "task",
            "digest",
            "key",
            "value",
            "signer",
            "time_utc",
        )
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBy:
    """One signature of a package, who gave it and when."""

    signature: Signature
    signer: str
    time_utc: str


class SignatureLog:
    """The append-only table; triggers in the database refuse UPDATE and DELETE."""

    def __init__(self, url: str, project: str) -> None:
        self.project = project
        self._engine = open_database(url, MIGRATIONS)

    def append(self, signature: Signature, signer: str) -> SignedBy:
        """Write one signature."""
        row = SignedBy(signature=signature, signer=signer, time_utc=now_utc())
        statement = signature.statement
        values = {
            "schema_version": SCHEMA_VERSION,
            "project": statement.project,
            "task": statement.task,
            "digest": statement.digest,
            "key": signature.key,
            "value": base64.b64encode(signature.value).decode(),
            "signer": row.signer,
            "time_utc": row.time_utc,
        }
        with self._engine.begin() as connection:
            connection.execute(sa.insert(_TABLE).values(**values))
        return row

    def of(self, statement: Statement) -> list[SignedBy]:
        """Every signature of a package, oldest first; whether they hold is not looked at here."""
        query = (
            sa.select(_TABLE)
            .where(
                _TABLE.c.project == statement.project,
                _TABLE.c.task == statement.task,
                _TABLE.c.digest == statement.digest,
            )
            .order_by(_TABLE.c.id)
        )
        with self._engine.connect() as connection:
            return [
                SignedBy(
                    signature=Signature(
                        statement=statement, key=row["key"], value=base64.b64decode(row["value"])
                    ),
                    signer=row["signer"],
                    time_utc=row["time_utc"],
                )
                for row in connection.execute(query).mappings()
            ]

    def require(self, trusted: TrustedSigners, task: Task, digest: str) -> None:
        """One of the trusted signed the package; RefusedError otherwise."""
        given = self.of(self.statement(task, digest))
        if trusted.accept(one.signature for one in given) is None:
            raise RefusedError(
                "a package signed by somebody whom this server trusts",
                f"{len(given)} signatures, none of them theirs",
                "osteon registry sign TASK VERSION --key FILE, or add the signer's public key",
            )

    def statement(self, task: Task, digest: str) -> Statement:
        """What a signature of that package states in this project."""
        return Statement(project=self.project, task=task.value, digest=digest)
