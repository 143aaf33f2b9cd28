"""The `osteon` command."""

from osteon.cli.main import app, main

__all__ = ["app", "main"]
