"""Options of the commands that send a graph to a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.cluster import Cluster
    from pipelines.run import Submission

Host = Annotated[str, typer.Option(help="Address of the Kubeflow Pipelines API.")]
Experiment = Annotated[str, typer.Option(help="Experiment to file the run under.")]
TokenFile = Annotated[Path | None, typer.Option(help="File with the API's bearer token.")]
Namespace = Annotated[str | None, typer.Option(help="Namespace of the runs, where the API serves several.")]
Claims = Annotated[
    list[str], typer.Option("--claim", help="NAME=/PATH: a volume claim that every task mounts; repeatable.")
]
SourceClaims = Annotated[
    list[str],
    typer.Option("--source-claim", help="NAME=/PATH: mounted by the de-identifying tasks alone; repeatable."),
]
RegistrySecret = Annotated[
    str, typer.Option(help="Secret whose `registry_uri` the tasks that open the registry get.")
]


def cluster_of(claims: Sequence[str], source_claims: Sequence[str], registry_secret: str) -> Cluster:
    """What stands on the cluster, from the options."""
    from pipelines.cluster import Claim, Cluster

    return Cluster(
        claims=tuple(map(Claim.parse, claims)),
        source_claims=tuple(map(Claim.parse, source_claims)),
        registry_secret=registry_secret,
    )


def submission(
    host: str,
    experiment: str,
    claims: Sequence[str],
    *,
    source_claims: Sequence[str] = (),
    registry_secret: str = "",
    namespace: str | None = None,
    token_file: Path | None = None,
) -> Submission:
    """Where a run is sent; the token is read anew each time, since clusters change it."""
    from pipelines.run import Submission

    return Submission(
        host=host,
        experiment=experiment,
        cluster=cluster_of(claims, source_claims, registry_secret),
        namespace=namespace,
        token=token_file.read_text(encoding="utf-8").strip() if token_file else None,
    )
