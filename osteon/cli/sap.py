"""`osteon sap`: a text encoder that knows the synonyms of medical concepts."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, progress_bar, say


@answers
def sap(
    names: Annotated[
        list[Path],
        typer.Argument(help="UMLS folder, hp.obo, hp-fr.babelon.tsv, or a TSV of concept and name; several."),
    ],
    init: Annotated[str, typer.Option(help="small, or a local folder of a Hugging Face text encoder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the aligned text encoder.")],
    languages: Annotated[str, typer.Option(help="Languages taken from the UMLS.")] = "FRE,ENG",
    semantic_types: Annotated[
        str, typer.Option(help="Semantic types taken from the UMLS, such as T023,T037; all by default.")
    ] = "",
    epochs: Annotated[int, typer.Option(min=1, help="Times that the table is gone through.")] = 1,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of AdamW; 2e-5, or 1e-3 for a small encoder.")
    ] = None,
    batch_pairs: Annotated[int, typer.Option(min=2, help="Pairs of names in a batch.")] = 256,
    seed: Annotated[int, typer.Option(help="Decides weights, pairs and their order.")] = 0,
    json_output: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Align a text encoder with a synonym table (Liu et al. 2021), so that names of one concept are near.

    A fifth of the concepts is only measured on. The output is a folder of the Hugging Face library. Nothing
    is downloaded: the UMLS and the encoder are files that you brought, under their own licences.

    Example: osteon sap hp.obo hp-fr.babelon.tsv --init encoders/camembert --output encoders/camembert-sap
    """
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # one bar is enough
    from training.sap import SapRecipe, align, read_synonyms

    recipe = SapRecipe(epochs=epochs, batch_pairs=batch_pairs)
    rate = learning_rate or (1e-3 if init == "small" else recipe.learning_rate)
    table = read_synonyms(names, languages=_codes(languages), semantic_types=_codes(semantic_types))
    with progress_bar("alignment") as progress:
        manifest = align(
            table, init, output, recipe=replace(recipe, learning_rate=rate), seed=seed, progress=progress
        )
    if json_output:
        print_json(dict(manifest.figures))
        return
    before, after = manifest.figures["before"], manifest.figures["after"]
    say(f"{output}: {manifest.figures['concepts_learned']} concepts learned from")
    typer.echo(f"acc@1 {before['acc_1']:.3f} before, {after['acc_1']:.3f} after, on held-out concepts")


def _codes(text: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in text.split(",") if code.strip())
