"""Alembic's entry: migrates the connection that `osteon.database` hands over."""

from osteon.database import run_migrations

run_migrations()
