"""`osteon pipeline watch`: turns retraining requests into runs of the retraining pipeline on a cluster."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.cluster_options import (
    Claims,
    Experiment,
    Host,
    Namespace,
    RegistrySecret,
    TokenFile,
    submission,
)
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
    Studies,
)
from osteon.domain import FaultError

# The liveness probe of its deployment looks at the age of this file.
ALIVE = Path("/tmp/pipeline-watch.alive")


@answers
def watch(
    requests: Requests,
    host: Host,
    archive: Archive,
    studies: Studies,
    features: Features,
    frozen: Frozen,
    workspace: Annotated[str, typer.Option(help="Folder or URI; each request gets one of its own in it.")],
    references: References,
    registry: Annotated[
        str, typer.Option(help="MLflow's address; empty: each task has it from --registry-secret.")
    ] = "",
    gate: Gate = "",
    project: Annotated[str, typer.Option(help="Project of the features and models.")] = "osteon",
    recipe: Recipe = "standard",
    claims: Claims = [],  # noqa: B006
    registry_secret: RegistrySecret = "",
    namespace: Namespace = None,
    experiment: Experiment = "osteon-retraining",
    token_file: TokenFile = None,
    interval_s: Annotated[float, typer.Option(help="Pause between two looks.")] = 30.0,
    once: Once = False,
) -> None:
    """Claim retraining requests and submit the retraining pipeline for each; goes on until stopped.

    A request that this process did not finish comes back after an hour; the run that it became already is
    found by its name then, and none is made twice. A cluster that does not answer is asked again.
    """
    from monitoring.retraining import RequestFolder
    from pipelines.run import RetrainingSettings, submit_retraining
    from pipelines.storage import join

    folder = RequestFolder(requests)
    while True:
        while (claimed := folder.claim()) is not None:
            name = claimed.path.name.partition(".")[0]
            settings = RetrainingSettings(
                archive=archive, studies=studies, features=features, frozen=frozen,
                workspace=join(workspace, name), registry=registry, references=references, gate=gate,
                project=project, recipe=recipe, actor="osteon pipeline watch",
            )  # fmt: skip
            where = submission(
                host, experiment, claims, registry_secret=registry_secret, namespace=namespace,
                token_file=token_file,
            )  # fmt: skip
            try:
                run = submit_retraining(claimed.fields, settings, where, name=name)
            except FaultError as error:
                folder.release(claimed)
                if once:
                    raise
                say(f"not submitted, tried again at the next look: {error}")
                break
            folder.finish(claimed, run)
            say(f"retraining of {claimed.fields['task']} submitted as run {run}")
        ALIVE.touch()
        if once:
            return
        time.sleep(interval_s)
