"""`osteon drift`: did a hospital's pictures change since its model was made?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.console import answers, print_json, stderr

if TYPE_CHECKING:
    from monitoring.report import DriftReport

app = typer.Typer(
    no_args_is_help=True,
    help="Did a hospital's pictures change since its model was made?\n\n"
    "The verdict is `drift`, `no_drift` or `cannot_tell` (too few events), per site, device, view, "
    "body part, age band and sex, with one false-alarm probability for the whole report.",
)

WORDS = {
    "drift": "[bold red]drift[/]",
    "no_drift": "[green]no drift[/]",
    "cannot_tell": "[yellow]cannot tell[/]",
}


@app.callback()
def _root() -> None:
    pass


@app.command("report")
@answers
def report(
    features: Annotated[Path, typer.Option(help="Folder of the feature repository.")] = Path("var/features"),
    references: Annotated[Path, typer.Option(help="Folder of the reference windows.")] = Path(
        "var/references"
    ),
    policy: Annotated[
        Path | None, typer.Option(help="Drift policy in YAML; monitoring/thresholds.yaml by default.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(help="Judge this moment (UTC) instead of now.", formats=["%Y-%m-%dT%H:%M:%S"]),
    ] = None,
    history_days: Annotated[float, typer.Option(help="Older events are not read.")] = 90.0,
    seed: Annotated[int, typer.Option(help="Seed of the random draws; the same seed, the same report.")] = 0,
    json_output: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
) -> None:
    """Compare the newest week of events with the reference of each model, at every site.

    Example: osteon drift report --features var/features --json
    """
    from monitoring.alarms import AlarmWatch
    from monitoring.drift import drift_report
    from monitoring.expected import expected_performance
    from monitoring.policy import load_policy
    from monitoring.references import References
    from monitoring.windows import READ_COLUMNS
    from osteon.features import FeatureRepository

    now = until.replace(tzinfo=UTC) if until else datetime.now(UTC)
    rules = load_policy(policy)
    repository, kept = FeatureRepository(features), References(references)
    since = now - timedelta(days=history_days)
    events, vectors = repository.history(since=since, until=now, columns=READ_COLUMNS), repository.vectors
    made = drift_report(events, kept, rules, now=now, seed=seed, vectors=vectors)
    made = replace(
        made,
        alarms=AlarmWatch(kept, rules, seed=seed).look(events, vectors=vectors),
        performance=expected_performance(events, kept, rules, now=now, seed=seed, vectors=vectors),
    )
    if json_output:
        print_json(made.as_dict())
    else:
        _print(made)


def _print(report: DriftReport) -> None:
    from rich.console import Console
    from rich.table import Table

    if not report.streams:
        stderr.print("no events to judge; send a study first, and let the writer move it")
        return
    table = Table("site", "task", "narrowed by", "verdict", "events", "why", box=None)
    for stream in report.streams:
        if stream.key != "all" and stream.verdict != "drift":
            continue
        narrowed = "" if stream.key == "all" else f"{stream.key} {getattr(stream.stratum, stream.key)}"
        why = stream.doubt or ", ".join(n for n, one in stream.statistics.items() if one.alarms)
        table.add_row(
            stream.stratum.site,
            stream.task,
            narrowed,
            WORDS[stream.verdict],
            str(stream.production.events),
            why.replace("_", " "),
        )
    Console(highlight=False).print(table)
    for alarm in report.alarms:
        if alarm.alarm_utc:
            where = alarm.stratum.site if alarm.key == "all" else getattr(alarm.stratum, alarm.key)
            looks = ", ".join(f"{cause.name} ({cause.explained:.0%})" for cause in alarm.causes)
            stderr.print(
                f"[bold red]alarm[/] {where} {alarm.task}: changed after {alarm.since_utc}, "
                f"looks like {looks.replace('_', ' ') or 'no known cause'}"
            )
        if alarm.mix_since_utc:
            where = alarm.stratum.site if alarm.key == "all" else getattr(alarm.stratum, alarm.key)
            what = ", ".join(cause.name for cause in alarm.mix_causes) or "case mix"
            stderr.print(
                f"{where} {alarm.task}: {what} changed after {alarm.mix_since_utc}; no drift by itself"
            )
    for one in report.performance:
        doubt = f"; not to be trusted: {one.doubt.replace('_', ' ')}" if one.doubt else ""
        stderr.print(
            f"{one.site} {one.task}: {one.metric} without labels {one.value:.2f} "
            f"({one.low:.2f} to {one.high:.2f}), on the reference {one.reference_value:.2f}{doubt}"
        )
