"""Compiling the pipeline, running it on this machine, sending it to a cluster."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from osteon.domain import FaultError, UsageError, canonical_json


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
    """The parameters of `pipelines.retraining.retraining_pipeline`, but for the request and its task."""

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


def compile_pipeline(output: Path, *, retraining: bool = False) -> Path:
    """The training pipeline, or that of a retraining, as YAML; two compiles give the same bytes."""
    from kfp import compiler

    from pipelines.dag import training_pipeline
    from pipelines.retraining import retraining_pipeline

    if output.suffix not in {".yaml", ".yml"}:
        raise UsageError("an output that ends in .yaml", "another ending", "name it osteon-train.yaml")
    output.parent.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(retraining_pipeline if retraining else training_pipeline, str(output))
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

    parameters = {**asdict(settings), "request": canonical_json(dict(request)), "task": request["task"]}
    _run_local(retraining_pipeline, parameters, scratch, None)


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


def submit(settings: RunSettings, *, host: str, experiment: str, token: str | None = None) -> str:
    """Identifier of the run that the Kubeflow Pipelines server at `host` has accepted."""
    import kfp

    from pipelines.dag import training_pipeline

    client = kfp.Client(host=host, existing_token=token)
    run = client.create_run_from_pipeline_func(
        training_pipeline, arguments=asdict(settings), experiment_name=experiment, enable_caching=True
    )
    return str(run.run_id)
