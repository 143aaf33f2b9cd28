"""`osteon evaluate-captions`: retrieval by medical concept on captioned pictures."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, cast

import typer

from osteon.cli.console import answers, print_json
from osteon.cli.evaluate_encoders import source_of
from osteon.domain.errors import UsageError
from osteon.domain.pair import Split


@answers
def evaluate_captions(
    encoder: Annotated[
        list[str],
        typer.Option(help="NAME=FOLDER of a model package, or NAME=random; again for each. The first leads."),
    ],
    pairs: Annotated[Path, typer.Option(help="Folder that `osteon data pairs` wrote.")],
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    json_output: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure how well encoders find pictures of the same medical concepts: CUI@K, beside chance.

    Picture to picture for every encoder; picture to caption and back, with recall, for those that have a
    text side. Nothing of a query's own patient or article counts.

    Example: osteon evaluate-captions --encoder clip=encoders/roco --encoder random=random --pairs pairs/roco
    """
    from training.caption_retrieval import caption_retrieval
    from training.evaluation.features import open_encoders

    if split not in ("train", "val", "test"):
        raise UsageError("a split among train, val, test", "another word", "choose one of them")
    opened = open_encoders([source_of(text) for text in encoder])
    found, recall = caption_retrieval(opened, pairs, split=cast(Split, split))
    if json_output:
        print_json({"split": split, "cui": [asdict(one) for one in found], "recall": recall})
        return
    for one in found:
        typer.echo(
            f"{one.encoder:<16}{one.direction:<20}CUI@{one.k:<4}{one.cui:.4f}  chance {one.chance:.4f}"
            f"  any of {one.k}: {one.coverage:.4f}  ({one.queries} queries)"
        )
