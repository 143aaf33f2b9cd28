"""`osteon --track …`, `osteon track` and `osteon compare`: runs on record, and runs side by side."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import click
import typer
from rich.console import Console
from rich.table import Table as RichTable

from osteon.cli.console import answers, print_json, say, stderr

if TYPE_CHECKING:
    from osteon.registry import Run, Tracking
    from osteon.registry.run import Figure

Parameters = ParamSpec("Parameters")
TRACK = "track"
Where = Annotated[
    str | None,
    typer.Option("--track", help="Folder of the runs, or MLflow's address; for runs named by their number."),
]
Project = Annotated[str, typer.Option(help="Project whose runs these are.")]
_LONGEST = 40


def open_tracking(where: str, project: str = "osteon") -> Tracking:
    """The runs at a folder of this machine or at MLflow's address."""
    from osteon.registry import Tracking, tracking_address

    return Tracking(tracking_address(where), project)


def tracked(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """The command, whose `output` is logged when `osteon --track WHERE` asked for it and it did not fail."""

    @functools.wraps(command)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        began = time.monotonic()
        command(*args, **kwargs)
        context = click.get_current_context(silent=True)
        where = (context.find_root().obj or {}).get(TRACK) if context is not None else None
        if where:
            _log(where, kwargs, time.monotonic() - began)

    return wrapped


@answers
def _log(where: str, arguments: dict[str, Any], wall_s: float) -> None:
    data = arguments.get("data")
    run = open_tracking(where).log(Path(arguments["output"]), data=data, wall_s=wall_s)
    say(f"run {run} in {where}")


@answers
def track(
    folder: Annotated[list[Path], typer.Argument(help="Model packages or reports: folders with a manifest.")],
    where: Annotated[str, typer.Option("--track", help="Folder of the runs, or MLflow's address.")],
    project: Project = "osteon",
    json_output: Annotated[bool, typer.Option("--json", help="Print the runs' numbers as JSON.")] = False,
) -> None:
    """Put artefacts on record as MLflow runs: settings, curves, figures, the hardware of this machine.

    The same artefact keeps its run. `osteon --track WHERE pretrain …` does it at the end of a run.

    Example: osteon track encoder/ models/knee --track runs/
    """
    tracking = open_tracking(where, project)
    runs = {str(one): tracking.log(one) for one in folder}
    if json_output:
        print_json(runs)
        return
    for name, run in runs.items():
        typer.echo(f"{run} {name}")


@answers
def compare(
    run: Annotated[
        list[str],
        typer.Argument(help="Folders of artefacts, or first characters of MLflow runs (with --track)."),
    ],
    where: Where = None,
    project: Project = "osteon",
    json_output: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Show the settings in which runs differ, and their figures with 95 % intervals.

    Example: osteon compare encoder/ images-only/
    """
    from osteon.registry import compare_runs

    found = compare_runs([_run(text, where, project) for text in run])
    if json_output:
        print_json(found.to_json())
        return
    _print("settings that differ", found.runs, {k: [_short(v) for v in r] for k, r in found.settings.items()})
    _print("figures", found.runs, {k: [_figure(one) for one in r] for k, r in found.figures.items()})


def _run(text: str, where: str | None, project: str) -> Run:
    from osteon.domain import UsageError
    from osteon.registry import run_of

    if Path(text).is_dir():
        return run_of(Path(text))[0]
    if where is None:
        raise UsageError(
            "folders of artefacts, or --track with the numbers of runs",
            "no folder of that name",
            "check the path, or say where the runs are",
        )
    return open_tracking(where, project).find(text)


def _print(title: str, names: tuple[str, ...], rows: dict[str, list[str]]) -> None:
    table = RichTable(box=None, pad_edge=False)
    table.add_column(title, no_wrap=True)
    for name in names:
        table.add_column(name, overflow="fold")
    for name, cells in rows.items():
        table.add_row(name, *cells)
    # Tables are the answer, so they go to standard output, unlike what is said beside them.
    Console(highlight=False, width=None if stderr.is_terminal else 160).print(table)


def _short(value: str | None) -> str:
    if value is None:
        return "–"
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"


def _figure(one: Figure | None) -> str:
    if one is None:
        return "–"
    if one.low is None or one.high is None:
        return f"{one.value:.4g}"
    return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
