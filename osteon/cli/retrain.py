"""`osteon pipeline retrain`: turns retraining requests into runs on this machine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, say
from osteon.cli.retraining_options import (
    Archive,
    Features,
    Frozen,
    Gate,
    Once,
    Recipe,
    References,
    Requests,
    Seed,
    Studies,
)


@answers
def retrain(
    requests: Requests,
    archive: Archive,
    studies: Studies,
    features: Features,
    frozen: Frozen,
    workspace: Annotated[Path, typer.Option(help="Folder; each request gets one of its own in it.")],
    registry: Annotated[str, typer.Option(help="The model registry: a folder, or an MLflow address.")],
    references: References,
    gate: Gate = "",
    recipe: Recipe = "standard",
    seed: Seed = 0,
    lease_s: Annotated[
        float, typer.Option(help="A request whose worker was silent so long comes back.")
    ] = 90.0,
    interval_s: Annotated[float, typer.Option(help="Pause between two looks.")] = 10.0,
    once: Once = False,
) -> None:
    """Claim requests one by one and run the retraining pipeline here, the same graph as on a cluster.

    Killed at any moment, another start goes on: the request comes back when its lease is over, and the run
    goes on after its last finished stage.
    """
    from monitoring.retraining import RequestFolder
    from pipelines.run import RetrainingSettings, retrain_here

    folder = RequestFolder(requests)
    while True:
        while (claimed := folder.claim(lease_s=lease_s)) is not None:
            place = workspace / claimed.path.name.partition(".")[0]
            settings = RetrainingSettings(
                archive=archive, studies=studies, features=features, frozen=frozen, workspace=str(place),
                registry=registry, references=references, gate=gate, recipe=recipe, seed=seed,
                actor="osteon pipeline retrain",
            )  # fmt: skip
            with folder.held(claimed, every_s=lease_s / 4):
                retrain_here(claimed.fields, settings, scratch=place / "kfp")
            folder.finish(claimed, str(place))
            say(f"retraining of {claimed.fields['task']} ended in {place}")
        if once:
            return
        time.sleep(interval_s)
