"""`osteon registry shadow-report`: what a challenger says of the champion's pictures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.console import answers, print_json, say
from osteon.domain import Task

if TYPE_CHECKING:
    from monitoring.shadow_report import Measured, ShadowReport


@answers
def shadow_report(
    task: Annotated[str, typer.Argument(help="Task whose challenger is compared.")],
    features: Annotated[Path, typer.Option(help="Folder of the feature repository.")] = Path("var/features"),
    days: Annotated[float, typer.Option(help="Older events are not read.", min=0)] = 30.0,
    seed: Annotated[int, typer.Option(help="Seed of the intervals; the same seed, the same report.")] = 0,
    json_output: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
) -> None:
    """Compare champion and challenger on the pictures that both judged, by site and subgroup.

    Agreement is not quality: it says where the models differ, and labels say which is right.

    Example: osteon registry shadow-report fracture --days 14
    """
    from monitoring.shadow_report import shadow_report as compare
    from osteon.features import FeatureRepository

    since = datetime.now(UTC) - timedelta(days=days)
    repository = FeatureRepository(features)
    champions, challengers = (
        repository.history(since=since),
        repository.history(since=since, role="challenger"),
    )
    report = compare(champions, challengers, Task.parse(task), seed=seed)
    if json_output:
        print_json(report.as_dict())
    else:
        _print(report)


def _print(report: ShadowReport) -> None:
    from rich.console import Console
    from rich.table import Table

    say(f"{report.task}: champion {report.champion}, challenger {report.challenger}")
    table = Table(
        "group", "pictures", "answered by both, champion, challenger", "agreement",
        f"difference ({report.unit})", box=None,
    )  # fmt: skip
    for group in report.groups:
        table.add_row(
            "all" if group.key == "all" else f"{group.key} {group.label}",
            str(group.pictures),
            f"{group.both_answered}, {group.champion_only}, {group.challenger_only}",
            _words(group.agreement),
            _words(group.difference),
        )
    Console(highlight=False).print(table)
    if report.unpaired:
        say(f"{report.unpaired} events of the challenger are not compared: repeats, or without a champion's")


def _words(measured: Measured) -> str:
    if measured.value is None:
        return "-"
    if measured.low is None:
        return f"{measured.value:.3f} (too few for an interval)"
    return f"{measured.value:.3f} ({measured.low:.3f} to {measured.high:.3f})"
