"""`osteon labels`: what radiologists answered for recorded events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, say

app = typer.Typer(no_args_is_help=True, help="What radiologists answered: the truth that models are held to.")


@app.callback()
def _root() -> None:
    pass


@app.command("add")
@answers
def add(
    table: Annotated[Path, typer.Argument(help="CSV with event_id, label and, where known, reader.")],
    features: Annotated[Path, typer.Option(help="Folder of the feature repository.")] = Path("var/features"),
    labels_url: Annotated[
        str | None, typer.Option(help="Database of the labels; labels.db in the features folder by default.")
    ] = None,
    project: Annotated[str, typer.Option(help="Project whose events these are.")] = "osteon",
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Add labels to recorded events, all rows or none; a later label of an event replaces the earlier.

    Example: osteon labels add readings.csv --features var/features
    """
    from osteon.features import FeatureRepository
    from osteon.features.labels import LabelStore, label_store_url, read_labels

    known = FeatureRepository(features, project).history(columns=("time_utc", "event_id", "task", "site"))
    rows = read_labels(table, known)
    kept = LabelStore(labels_url or label_store_url(features), project).add(rows)
    if json_output:
        print_json({"labels": kept})
    else:
        say(f"{kept} events labelled")
