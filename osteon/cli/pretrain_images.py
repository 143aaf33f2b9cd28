"""`osteon pretrain-images`: the image-only encoders that every vision-language one is held against."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from osteon.cli.console import answers, print_json, progress_bar, say
from osteon.domain.errors import UsageError

_METHODS = ("simclr", "random", "weights")


@answers
def pretrain_images(
    data: Annotated[Path, typer.Option(help="Folder that `osteon pairs build` wrote.")],
    output: Annotated[Path, typer.Option(help="Model package to write; `finetune --init` takes it.")],
    method: Annotated[
        str, typer.Option(help="simclr trains; random and weights keep what they start from.")
    ] = ("simclr"),
    init: Annotated[
        Path | None,
        typer.Option(help="A model package, or timm's model.safetensors (ImageNet); nothing is fetched."),
    ] = None,
    recipe: Annotated[str, typer.Option(help="Name of the run: standard, quick or tiny.")] = "standard",
    seed: Annotated[int, typer.Option(help="Decides weights, order and augmentation.")] = 0,
    time_limit: Annotated[
        float | None, typer.Option(help="Minutes of training; the schedule is fitted into them.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Make an image encoder from pictures alone: SimCLR, random weights, or weights brought from elsewhere.

    It sees the pictures of the same studies as `osteon pretrain`, no report and no label. Augmentation never
    mirrors a picture. A stopped run goes on where it was when the same command is given again.

    Example: osteon pretrain-images --recipe standard --data pairs/ --output images-only/
    """
    from training.image_only.run import pretrain_images as run

    if method not in _METHODS:
        raise UsageError(f"a method among {', '.join(_METHODS)}", "another word", "choose one of them")
    with progress_bar("image-only pretraining (thousandths)") as progress:
        manifest = run(
            recipe,
            data,
            output,
            method=cast(Literal["simclr", "random", "weights"], method),
            init=init,
            seed=seed,
            time_limit_min=time_limit,
            progress=progress,
        )
    if json_output:
        print_json(dict(manifest.figures))
    else:
        say(f"{output}: {method}, {manifest.figures['steps']} steps")
