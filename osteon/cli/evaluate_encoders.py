"""`osteon evaluate-encoders`: pretrained encoders side by side, in one report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, say, staged_progress
from osteon.domain.errors import UsageError


@answers
def evaluate_encoders(
    encoder: Annotated[
        list[str],
        typer.Option(
            help="NAME=FOLDER of a model package, or NAME=random; again for each. The first leads. A NAME "
            "given again is another pretraining seed: label efficiency pools them."
        ),
    ],
    data: Annotated[Path, typer.Option(help="Label table (CSV); heads learn from its training rows.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the report.")],
    task: Annotated[list[str], typer.Option(help="Task whose labels the table holds; again for more.")],
    held_out: Annotated[
        Path | None, typer.Option(help="Label table of another hospital, all of it measured on.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="Folder of pairs whose test reports are searched with.")
    ] = None,
    boxes: Annotated[
        Path | None, typer.Option(help="CSV of findings' places: file, x0, y0, x1, y1 from 0 to 1.")
    ] = None,
    prompts: Annotated[Path | None, typer.Option(help="Zero-shot prompts (YAML); our own otherwise.")] = None,
    quick: Annotated[bool, typer.Option(help="Few samples and draws: a look, not a result.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure frozen encoders side by side: label efficiency, zero-shot, retrieval, saliency, subgroups.

    Writes OUTPUT/report.html (one page that needs nothing else), results.json, tables/*.csv, plots/* and
    manifest.json. Test rows are the project's own (SHA-256 of the patient modulo 5 is 0); columns region,
    laterality, sex, age_years, hospital, device are used where the table has them.

    Example: osteon evaluate-encoders --encoder vlp=encoder/ --encoder simclr=images-only/ --encoder
    random=random --data pairs/labels.csv --held-out pairs/labels_held_out.csv --pairs pairs/ --task fracture
    --output report/
    """
    from osteon.models.zero_shot import PROMPTS
    from training.evaluate import evaluate_encoders as run
    from training.evaluation.settings import SuiteSettings
    from training.evaluation.settings import quick as quick_settings

    with staged_progress() as progress:
        manifest = run(
            [source_of(text) for text in encoder],
            data,
            output,
            tasks=task,
            held_out=held_out,
            pairs=pairs,
            boxes=boxes,
            prompts=prompts or PROMPTS,
            settings=quick_settings() if quick else SuiteSettings(),
            progress=progress,
        )
    if json_output:
        print_json(dict(manifest.figures))
        return
    for name, one in manifest.figures.items():
        if one["value"] is not None:
            typer.echo(f"{name} {one['value']:.4f} ({one['low']:.4f} to {one['high']:.4f})")
    say(f"{output / 'report.html'}")


def source_of(text: str) -> tuple[str, str]:
    """Name and source of `NAME=FOLDER`."""
    name, found, source = text.partition("=")
    if not found or not name.strip() or not source.strip():
        raise UsageError("NAME=FOLDER or NAME=random", "another form", "write --encoder vlp=encoder/")
    return name.strip(), source.strip()
