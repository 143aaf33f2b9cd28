"""Options of the pipeline's commands, and of those that turn retraining requests into runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Requests = Annotated[Path, typer.Option(help="Folder where the drift monitor files its requests.")]
Archive = Annotated[str, typer.Option(help="Pairs of the de-identified studies: pictures and labels.")]
Studies = Annotated[str, typer.Option(help="De-identified studies that references are drawn from.")]
Features = Annotated[str, typer.Option(help="Folder of the feature repository, as the stages see it.")]
Frozen = Annotated[str, typer.Option(help="Folder of the frozen set; made once where there is none.")]
References = Annotated[str, typer.Option(help="Folder or URI of the reference windows.")]
Gate = Annotated[str, typer.Option(help="Gate in YAML; empty takes the shipped one.")]
Recipe = Annotated[str, typer.Option(help="Named training recipe: quick or standard.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Once = Annotated[bool, typer.Option("--once", help="Do what waits, then end.")]
