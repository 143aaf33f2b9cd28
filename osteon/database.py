"""One SQL database of one part: engine, pragmas and its own schema, migrated from the first table on."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from osteon.domain.errors import FaultError

BUSY_TIMEOUT_S = 30


def open_database(url: str, migrations: str) -> sa.Engine:
    """An engine on `url` with the part's schema brought to its newest version.

    Args:
        url: SQLAlchemy address; `sqlite:///FILE` is created with its folder.
        migrations: the part's alembic folder as `package:folder`, for example `osteon.registry:migrations`.
            Its versions are kept in a table of its own, so that parts may share one database.
    """
    engine = create_engine(url)
    _upgrade(engine, migrations)
    return engine


def create_engine(url: str) -> sa.Engine:
    """An engine that loses nothing when the process dies: SQLite gets a log that is synced at each commit."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        return sa.create_engine(address, pool_pre_ping=True)
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_S})

    @sa.event.listens_for(engine, "connect")
    def _set_pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    return engine


def scrub(engine: sa.Engine) -> None:
    """Leaves no byte of what was deleted in the database's files.

    SQLite keeps old rows in free pages and in its log until both are written anew; PostgreSQL until the
    table is vacuumed, which is its operator's to schedule (and its own log and backups age out).

    Raises:
        FaultError: another process reads, so that the log cannot be emptied now.
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM"))
        end = time.monotonic() + BUSY_TIMEOUT_S
        while connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]:
            if time.monotonic() > end:
                raise FaultError(
                    "the database for itself to overwrite what was deleted",
                    "another process that keeps reading it",
                    "run the deletion again later; what it deletes is not found any more",
                )
            time.sleep(0.1)


def _upgrade(engine: sa.Engine, migrations: str) -> None:
    """Run the missing migrations; several processes may start at once."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    package = migrations.partition(":")[0]
    version_table = f"{package.replace('.', '_')}_version"
    config = Config()
    config.set_main_option("script_location", migrations)
    with schema_lock(engine, version_table), engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": version_table})
        if context.get_current_revision() == ScriptDirectory.from_config(config).get_current_head():
            return
        connection.rollback()
        config.attributes["connection"] = connection
        config.attributes["version_table"] = version_table
        command.upgrade(config, "head")
        connection.commit()


@contextmanager
def schema_lock(engine: sa.Engine, name: str) -> Iterator[None]:
    """Exclusive among the processes that make or migrate tables; freed when its holder dies."""
    if engine.dialect.name == "sqlite":
        import fcntl

        if not engine.url.database:
            yield
            return
        with Path(f"{engine.url.database}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(hashtext(:name))"), {"name": name})
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(hashtext(:name))"), {"name": name})


def run_migrations() -> None:
    """What each part's `migrations/env.py` calls; the connection comes from `open_database`."""
    from alembic import context

    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection, version_table=context.config.attributes["version_table"], render_as_batch=True
    )
    with context.begin_transaction():
        context.run_migrations()
