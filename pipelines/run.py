"""Compiling the pipeline, running it on this machine, sending it to a cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osteon.domain import FaultError, UsageError, canonical_json

if TYPE_CHECKING:
    from pipelines.cluster import Cluster


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """The pipeline's parameters; names and meaning are those of `pipelines.dag.training_pipeline`."""

    source: str
    workspace: str
    registry: str
    references: str
    key_file: str
    policy: str = ""
    project: str = "osteon"
    actor: str = "pipeline"
    recipe: str = "standard"
    size: int = 256
    seed: int = 0
    workers: int = 0
    shards: int = 1
    vault: str = ""


@dataclass(frozen=True, kw_only=True)
class RetrainingSettings:
    """The parameters of `pipelines.retraining.retraining_pipeline`, but for the request and its task.

    Attributes:
        registry: empty: each task reads its address in OSTEON_REGISTRY_URI.
    """

    archive: str
    studies: str
    features: str
    frozen: str
    workspace: str
    registry: str
    references: str
    gate: str = ""
    project: str = "osteon"
    actor: str = "pipeline"
    recipe: str = "standard"
    seed: int = 0


def compile_pipeline(output: Path, *, retraining: bool = False, cluster: Cluster | None = None) -> Path:
    """The training pipeline, or that of a retraining, as YAML; two compiles give the same bytes."""
    from kfp import compiler

    from pipelines.cluster import Cluster
    from pipelines.dag import training_graph
    from pipelines.retraining import retraining_graph

    if output.suffix not in {".yaml", ".yml"}:
        raise UsageError("an output that ends in .yaml", "another ending", "name it osteon-train.yaml")
    output.parent.mkdir(parents=True, exist_ok=True)
    graph = retraining_graph if retraining else training_graph
    compiler.Compiler().compile(graph(cluster or Cluster()), str(output))
    return output


def run_here(settings: RunSettings, *, scratch: Path, progress_file: Path | None = None) -> None:
    """The pipeline ran to its end on this machine, every stage in its own process.

    Raises:
        FaultError: a stage failed; its own error stands in the log above.
    """
    from pipelines.dag import training_pipeline

    _run_local(training_pipeline, asdict(settings), scratch, progress_file)


def retrain_here(request: Mapping[str, Any], settings: RetrainingSettings, *, scratch: Path) -> None:
    """The retraining pipeline ran to its end on this machine; the gate's decision stands in the workspace.

    Raises:
        FaultError: a stage failed; what is finished is kept, and the same call goes on from there.
    """
    from pipelines.retraining import retraining_pipeline

    _run_local(retraining_pipeline, _retraining_parameters(request, settings), scratch, None)


def _retraining_parameters(request: Mapping[str, Any], settings: RetrainingSettings) -> dict[str, Any]:
    return {**asdict(settings), "request": canonical_json(dict(request)), "task": request["task"]}


def _run_local(pipeline: Any, parameters: dict[str, Any], scratch: Path, progress_file: Path | None) -> None:
    from kfp import local

    from pipelines.progress import PROGRESS_FILE

    scratch.mkdir(parents=True, exist_ok=True)
    if progress_file is not None:
        os.environ[PROGRESS_FILE] = str(progress_file)  # inherited by the stages' processes
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(scratch))
    try:
        pipeline(**parameters)
    except RuntimeError:  # what kfp.local raises when a task fails
        raise FaultError(
            "every stage of the pipeline to finish",
            "a stage that failed",
            "read the log of the run, mend the cause and run it again: finished stages are kept",
        ) from None


@dataclass(frozen=True, kw_only=True)
class Submission:
    """Where a run is sent, and what its tasks are given there.

    Attributes:
        namespace: of the run, where the API serves several; its claims and secrets lie there.
        token: the API's bearer token; None where it asks for none.
    """

    host: str
    experiment: str
    cluster: Cluster
    namespace: str | None = None
    token: str | None = None


def submit(settings: RunSettings, to: Submission) -> str:
    """Identifier of the training run that the Kubeflow Pipelines server has accepted."""
    from pipelines.dag import training_graph

    return _submit(training_graph(to.cluster), asdict(settings), to)


def submit_retraining(
    request: Mapping[str, Any], settings: RetrainingSettings, to: Submission, *, name: str
) -> str:
    """Identifier of the one run of that name that the Kubeflow Pipelines server has.

    A request whose worker died after it was sent is not sent again.
    """
    from pipelines.retraining import retraining_graph

    return _submit(retraining_graph(to.cluster), _retraining_parameters(request, settings), to, name)


def _submit(graph: Any, parameters: dict[str, Any], to: Submission, name: str | None = None) -> str:
    import kfp
    from kfp_server_api import ApiException
    from urllib3.exceptions import HTTPError

    try:
        with redirect_stdout(sys.stderr):  # the client announces links there; ours is for the answer
            client = kfp.Client(host=to.host, existing_token=to.token)
            if name is not None and (known := _run_named(client, name, to.namespace)) is not None:
                return known
            run = client.create_run_from_pipeline_func(
                graph,
                arguments=parameters,
                run_name=name,
                experiment_name=to.experiment,
                namespace=to.namespace,
                enable_caching=True,
            )
    except (ApiException, HTTPError, TimeoutError) as error:
        status = getattr(error, "status", None)
        raise FaultError(
            "Kubeflow Pipelines to take the run",
            f"HTTP {status}" if status else f"no answer ({type(error).__name__})",
            "look at its API's address, at its token and at the network policy, and try again",
        ) from None
    return str(run.run_id)


def _run_named(client: Any, name: str, namespace: str | None) -> str | None:
    predicate = {"operation": "EQUALS", "key": "name", "stringValue": name}
    wanted = canonical_json({"predicates": [predicate]})
    runs = client.list_runs(page_size=1, namespace=namespace, filter=wanted).runs
    return str(runs[0].run_id) if runs else None
