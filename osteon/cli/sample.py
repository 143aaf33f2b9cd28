"""`osteon sample`: the synthetic hospitals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, print_json, progress_bar, say


@answers
def sample(
    output: Annotated[Path, typer.Option(help="Folder to create.")],
    studies: Annotated[int, typer.Option(help="Number of studies, over all hospitals.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Processes; all cores by default.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Make studies of three synthetic hospitals: radiographs, reports as text, HL7 and PDF, and the truth.

    Writes OUTPUT/truth.csv (one row per picture), OUTPUT/identities.jsonl (every invented identity and where
    it stands in each report) and per hospital dicom/, reports/, hl7/, pdf/. Nothing in it belongs to a real
    person. The same arguments again find the folder complete and change nothing.

    Example: osteon sample --output hospitals/ --studies 200 --seed 1
    """
    from dataclasses import asdict

    from osteon.dicom.synthetic import make_sample

    with progress_bar("synthetic studies") as progress:
        manifest = make_sample(output, studies, seed, workers=workers, progress=progress)
    if json_output:
        print_json(asdict(manifest))
    else:
        say(f"{manifest.figures['studies']} studies, {manifest.figures['images']} pictures in {output}")
