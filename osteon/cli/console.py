"""What every command shares: answers on standard output, everything else on standard error, exit codes."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from osteon.domain.errors import OsteonError

Parameters = ParamSpec("Parameters")
INTERRUPTED = 130

stderr = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """The value as the only thing on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def say(line: str) -> None:
    """A line for a person, on standard error."""
    stderr.print(line)


def answers(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """The command with the contract's exit codes; with `--json` an error is JSON on standard output.

    The command's own `json_output` parameter says which form the error takes.
    """

    @functools.wraps(command)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except OsteonError as error:
            if kwargs.get("json_output"):
                print_json(error.as_dict())
            else:
                stderr.print(f"[bold red]{type(error).__name__}[/]")
                for label, text in (("needs", error.need), ("got", error.got), ("next", error.next_step)):
                    stderr.print(f"  {label:<6}{text}", markup=False, soft_wrap=True)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            stderr.print("stopped; what was finished is kept, run the same command to go on")
            raise typer.Exit(INTERRUPTED) from None

    return wrapped


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error: what is done, how long it has left; call it with (done, total)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    if not stderr.is_terminal:
        say(f"{title} ...")
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as progress:
        task = progress.add_task(title, total=None)

        def update(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield update


@contextmanager
def staged_progress() -> Iterator[Callable[[str, int, int], None]]:
    """One bar per stage; a stage is named by its words before the first comma."""
    with ExitStack() as bars:
        current: list[tuple[str, Callable[[int, int], None]]] = []

        def report(what: str, done: int, total: int) -> None:
            stage = what.split(",", 1)[0]
            if not current or current[0][0] != stage:
                bars.close()
                current[:] = [(stage, bars.enter_context(progress_bar(stage)))]
            current[0][1](done, total)

        yield report
