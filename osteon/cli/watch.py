"""`osteon pipeline watch`: turns retraining requests into runs of the pipeline."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.console import answers, say

# The liveness probe of its deployment looks at the age of this file.
ALIVE = Path("/tmp/pipeline-watch.alive")


@answers
def watch(
    requests: Annotated[Path, typer.Option(help="Folder where the drift monitor files its requests.")],
    host: Annotated[str, typer.Option(help="Address of the Kubeflow Pipelines API.")],
    source: Annotated[str, typer.Option(help="Studies to train on: a folder or fsspec URI.")],
    workspace: Annotated[str, typer.Option(help="Where the artefacts of every stage go.")],
    registry: Annotated[str, typer.Option(help="MLflow's address of the registry.")],
    references: Annotated[str, typer.Option(help="Folder of the reference windows.")],
    recipe: Annotated[str, typer.Option(help="Named training recipe: quick or standard.")] = "standard",
    experiment: Annotated[str, typer.Option(help="Experiment to file the runs under.")] = "osteon-retraining",
    token_file: Annotated[Path | None, typer.Option(help="File with the API's bearer token.")] = None,
    interval_s: Annotated[float, typer.Option(help="Pause between two looks.")] = 30.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, then end.")] = False,
) -> None:
    """Claim retraining requests one by one and submit the pipeline for each; goes on until stopped.

    A request that this process did not finish comes back after an hour, so that a crash loses none.
    """
    from monitoring.retraining import RequestFolder
    from pipelines.run import RunSettings, submit

    folder = RequestFolder(requests)
    settings = RunSettings(
        source=source,
        workspace=workspace,
        registry=registry,
        references=references,
        key_file="/var/run/osteon/key/key",
        recipe=recipe,
        actor="osteon pipeline watch",
    )
    while True:
        while (claimed := folder.claim()) is not None:
            token = token_file.read_text(encoding="utf-8").strip() if token_file else None
            run = submit(settings, host=host, experiment=experiment, token=token)
            folder.finish(claimed, run)
            say(f"retraining of {claimed.fields['task']} submitted as run {run}")
        ALIVE.touch()
        if once:
            return
        time.sleep(interval_s)
