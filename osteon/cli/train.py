"""`osteon finetune` and `osteon evaluate`: from a label table to a model package and its figures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from osteon.cli.console import answers, print_json, staged_progress
from osteon.domain.errors import UsageError
from osteon.domain.task import Task


@answers
def finetune(
    task: Annotated[str, typer.Option(help=f"One of {', '.join(Task)}.")],
    data: Annotated[
        Path, typer.Option(help="Label table (CSV): file, the task's label, optionally patient and sex.")
    ],
    init: Annotated[str, typer.Option(help="random, or the folder of a model package.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new model package.")],
    val: Annotated[
        Path | None, typer.Option(help="Label table to calibrate on; else a tenth of the patients.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same recipe, no time limit: same model.")] = 0,
    time_limit: Annotated[
        float | None, typer.Option(help="Minutes for everything, reading and writing included.")
    ] = None,
    label_fraction: Annotated[float, typer.Option(help="Part of the training patients to learn from.")] = 1.0,
    answer_views: Annotated[
        int, typer.Option(help="The package averages each answer over so many slightly moved views.")
    ] = 1,
    how: Annotated[
        str, typer.Option(help="full: every weight; linear: a head on the frozen encoder; lora: low rank.")
    ] = "full",
    level: Annotated[
        str | None, typer.Option(help="picture or study (pools a study's views); else as the task has it.")
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the package's manifest as JSON.")
    ] = False,
) -> None:
    """Learn a task from a table of labelled pictures and write a model package.

    The label column is fracture, abnormal or implant (0/1), bone_age_months, kl_grade (0-4) or hka_degrees
    (150-210, 180 is straight); files are named relative to the table; rows without a label are skipped.
    Rows with the same patient and study are views of one examination. The project's own test rows (SHA-256
    of the patient, else of the file name, modulo 5 is 0) are never learned from: `osteon evaluate`
    measures on them. With --time-limit the learning rate follows the clock and always reaches its end.

    Example: osteon finetune --task knee-oa --data knees/labels.csv --init random --output models/knee
    --time-limit 20
    """
    started = time.monotonic()  # importing torch takes seconds, which count
    from dataclasses import asdict

    from training.finetune import finetune as run

    with staged_progress() as progress:
        manifest = run(
            Task.parse(task),
            data,
            init,
            output,
            val=val,
            seed=seed,
            time_limit_min=time_limit,
            label_fraction=label_fraction,
            answer_views=answer_views,
            how=cast(Any, how),  # the recipe refuses another word
            level=cast(Any, level),
            progress=progress,
            started=started,
        )
    if json_output:
        print_json(asdict(manifest))
        return
    typer.echo(f"{output}: {manifest.figures['rows_learned']} pictures, {manifest.figures['minutes']} min")
    for name, value in manifest.figures["validation"].items():
        typer.echo(f"  {name} {value}")


@answers
def evaluate(
    model: Annotated[Path, typer.Option(help="Folder of a model package.")],
    data: Annotated[Path, typer.Option(help="Label table (CSV) of the model's task.")],
    rows: Annotated[
        str, typer.Option(help="test: the project's test rows (all when there is none); all: every row.")
    ] = "test",
    answer_views: Annotated[
        int | None, typer.Option(help="Average each answer over 1 to 8 slightly moved views; never mirrored.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="What computes: torch, or what the package was exported to (auto: the best).")
    ] = "torch",
    json_output: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure a model package on a table, with 95 % intervals from resampled patients.

    Every readable row counts, also those on which the model would abstain.

    Example: osteon evaluate --model models/knee --data knees/labels.csv --json
    """
    from osteon.models.engine import EngineName
    from training.evaluate import evaluate as run

    if rows not in ("test", "all"):
        raise UsageError("--rows test or all", "another word", "choose one of the two")
    if engine not in get_args(EngineName):
        words = ", ".join(get_args(EngineName))
        raise UsageError(f"--engine as one of {words}", "another word", "name one of them")
    with staged_progress() as progress:
        result = run(
            model,
            data,
            rows="test" if rows == "test" else "all",
            answer_views=answer_views,
            engine=cast(EngineName, engine),
            progress=progress,
        )
    if json_output:
        print_json(result)
        return
    typer.echo(f"{result['task']}: {result['n']} rows, {result['abstained']} would be abstained on")
    for name, value in result["metrics"].items():
        typer.echo(_figure(name, value, result["intervals"][name]))


def _figure(name: str, value: float | None, bounds: dict[str, Any]) -> str:
    if value is None or bounds["low"] is None:
        return f"  {name} not known"
    return f"  {name} {value:.4f} ({bounds['low']:.4f} to {bounds['high']:.4f})"
