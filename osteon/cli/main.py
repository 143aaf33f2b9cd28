"""The tree of commands; each command lives in a module named after its noun."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Annotated

import typer

from osteon.cli import picture, sample

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a missing model fails at once instead of asking the network

app = typer.Typer(
    name="osteon",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Bone radiographs and French reports, turned into models that your own hospital runs.\n\n"
    "Exit status: 0 answered (an abstention is an answer), 2 bad usage, 3 refused, 4 quarantined, 1 fault.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("osteon"))
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command("sample")(sample.sample)
app.command("picture")(picture.picture)


def main() -> None:
    """Runs the command line."""
    app()
