"""`osteon pairs`: studies and their reports, matched, split by patient and packed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, progress_bar, say

app = typer.Typer(no_args_is_help=True, help="Match studies with reports and pack them for training.")


@app.callback()
def _group() -> None:
    """Match studies with reports and pack them for training."""


@app.command("build")
@answers
def build(
    deid_dir: Annotated[Path, typer.Argument(help="Folder that the de-identification wrote.")],
    output: Annotated[Path, typer.Argument(help="Folder to write; an earlier result there is replaced.")],
    size: Annotated[int, typer.Option(help="Longest side of the cached pictures, in pixels.")] = 256,
    val_fold: Annotated[int, typer.Option(help="Patient fold (1-4) that validates during pretraining.")] = 1,
    workers: Annotated[int | None, typer.Option(help="Processes; all cores by default.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Pack de-identified studies and reports into shards, and their labels into a table.

    Writes OUTPUT/train-00000.tar, val-..., test-... (WebDataset: pictures, report and meta of each study; all
    studies of a patient in one split), and OUTPUT/labels.csv with OUTPUT/images for `osteon finetune`;
    labels_held_out.csv has the hospital that is kept for testing.

    Example: osteon pairs build research/ pairs/
    """
    from osteon.pairs import build_pairs

    with progress_bar("pictures") as progress:
        manifest = build_pairs(
            deid_dir, output, size=size, val_fold=val_fold, workers=workers, progress=progress
        )
    if json_output:
        print_json(dict(manifest.figures))
    else:
        studies = ", ".join(f"{count} {split}" for split, count in manifest.figures["studies"].items())
        say(f"{manifest.figures['pairs']} pairs ({studies}) in {output}")
