"""`osteon pretrain`: an image encoder learned from reports instead of labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, progress_bar, say


@answers
def pretrain(
    data: Annotated[Path, typer.Option(help="Folder that `osteon pairs build` wrote.")],
    output: Annotated[Path, typer.Option(help="Model package to write; `finetune --init` takes it.")],
    recipe: Annotated[str, typer.Option(help="Name of the run: standard, quick or tiny.")] = "standard",
    seed: Annotated[int, typer.Option(help="Decides weights, order and augmentation.")] = 0,
    time_limit: Annotated[
        float | None, typer.Option(help="Minutes of training; the schedule is fitted into them.")
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the validation figures as JSON.")
    ] = False,
) -> None:
    """Learn an image encoder from pictures and their reports, without labels.

    A stopped run goes on where it was when the same command is given again. Without --time-limit the same
    data and seed give the same weights.

    Example: osteon pretrain --recipe standard --data pairs/ --output encoder/ --time-limit 3
    """
    import json

    from training.pretrain import pretrain as run

    with progress_bar("pretraining (thousandths)") as progress:
        manifest = run(recipe, data, output, seed=seed, time_limit_min=time_limit, progress=progress)
    validation = json.loads((output / "metrics.json").read_text(encoding="utf-8"))["validation"]
    if json_output:
        print_json({"validation": validation, **manifest.figures})
    else:
        found, chance = validation["image_to_text_r1"], validation["chance_r1"]
        say(f"{output}: the right report first for {found:.0%} of validation pictures (chance {chance:.0%})")
