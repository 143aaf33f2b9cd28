"""The training pipeline: the same graph on a cluster and on one machine."""

from kfp import dsl, kubernetes

from pipelines.components import (
    deid_plan_stage,
    deid_shard_stage,
    deid_stage,
    evaluate_stage,
    finetune_stage,
    pairs_stage,
    pretrain_stage,
    reference_stage,
    register_stage,
)
from pipelines.stages import TASKS

KEY_SECRET = "osteon-deid-key"
KEY_FOLDER = "/var/run/osteon/key"


@dsl.pipeline(
    name="osteon-train",
    description="De-identify, pair, pretrain, fine-tune three tasks, evaluate and register them.",
)
def training_pipeline(
    source: str,
    workspace: str,
    registry: str,
    references: str,
    key_file: str = f"{KEY_FOLDER}/key",
    policy: str = "",
    project: str = "osteon",
    actor: str = "pipeline",
    recipe: str = "standard",
    size: int = 256,
    seed: int = 0,
    workers: int = 0,
    shards: int = 1,
    vault: str = "",
) -> None:
    """Workspace, registry and references are URIs; every stage leaves its artefact in the workspace."""
    # A source's address says nothing about what lies there: these three look for themselves what is done.
    plan = deid_plan_stage(source=source, shards=shards).set_caching_options(False)
    rules = {"key_file": key_file, "policy": policy, "workers": workers, "project": project, "vault": vault}
    with dsl.ParallelFor(items=plan.output, name="de-identify") as shard:
        part = deid_shard_stage(source=source, workspace=workspace, shard=shard, **rules)
        part.set_caching_options(False)
        # The pseudonymisation key is mounted into these tasks alone.
        kubernetes.use_secret_as_volume(part, secret_name=KEY_SECRET, mount_path=KEY_FOLDER)
    studies = deid_stage(source=source, workspace=workspace, **rules).after(part)
    studies.set_caching_options(False)
    kubernetes.use_secret_as_volume(studies, secret_name=KEY_SECRET, mount_path=KEY_FOLDER)
    paired = pairs_stage(deid_digest=studies.output, workspace=workspace, size=size)
    encoder = pretrain_stage(pairs_digest=paired.output, workspace=workspace, recipe=recipe, seed=seed)
    for task in TASKS:  # three named tasks, one after the other on one machine, side by side on a cluster
        model = finetune_stage(
            encoder_digest=encoder.output, workspace=workspace, task=task, recipe=recipe, seed=seed
        )
        model.set_display_name(f"finetune {task}")
        figures = evaluate_stage(model_digest=model.output, workspace=workspace, task=task)
        figures.set_display_name(f"evaluate {task}")
        registered = register_stage(
            evaluation_digest=figures.outputs["Output"],
            workspace=workspace,
            task=task,
            registry=registry,
            project=project,
            actor=actor,
        )
        registered.set_display_name(f"register {task}")
        window = reference_stage(
            registered_digest=registered.output, workspace=workspace, task=task, references=references
        )
        window.set_display_name(f"reference {task}")
