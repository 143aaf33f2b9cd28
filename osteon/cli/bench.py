"""`osteon bench`: run the programs of `benchmarks/`, one JSON line each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, say
from osteon.domain import FaultError, UsageError

FOLDER = Path("benchmarks")


def programs() -> list[str]:
    """The benchmarks of this checkout; the long acceptance programs are not among them."""
    names = [path.stem for path in sorted(FOLDER.glob("*.py"))]
    return [name for name in names if not name.startswith(("_", "accept_"))]


@answers
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help="Programs to run; all when none is named.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Only list them.")] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print one JSON array instead of lines.")
    ] = False,
) -> None:
    """Measure our claims against their peers on this machine."""
    known = programs()
    if not known:
        raise UsageError(
            "a checkout with benchmarks/", "a folder without it", "change to the repository's root"
        )
    if listing:
        typer.echo("\n".join(known))
        return
    unknown = sorted(set(names or ()) - set(known))
    if unknown:
        raise UsageError(f"programs among {', '.join(known)}", "another name", "see osteon bench --list")
    results = [_run(name) for name in names or known]
    if json_output:
        print_json(results)


def _run(name: str) -> dict[str, object]:
    say(f"{name} ...")
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise FaultError(f"benchmark {name} to print a JSON line", "an error", "read its message above")
    result: dict[str, object] = json.loads(lines[-1])
    typer.echo(lines[-1])
    return result
