"""`osteon encoder`: weights that a user brought, as the start of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, say


@answers
def encoder(
    weights: Annotated[Path, typer.Argument(help="One .safetensors file: CLIP's, ImageNet's, timm's.")],
    name: Annotated[str, typer.Option("--image-encoder", help="timm's name of the network that it is of.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder that `finetune --init` takes.")],
    licence: Annotated[str, typer.Option(help="Terms of the weights; they stand in the card.")],
    json_output: Annotated[bool, typer.Option("--json", help="Print the manifest's hashes as JSON.")] = False,
) -> None:
    """Make local weights of an image network into a start for fine-tuning and pretraining.

    Example: osteon encoder rn50.safetensors --image-encoder resnet50_clip_gap --licence MIT --output clip/
    """
    from training.local_weights import write_image_encoder

    manifest = write_image_encoder(weights, name, output, licence=licence)
    if json_output:
        print_json(dict(manifest.outputs))
    else:
        say(f"{output}: {name}")
