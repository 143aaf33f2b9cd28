"""The training pipeline: the same graph on a cluster and on one machine."""

from kfp import dsl, kubernetes
from kfp.dsl.graph_component import GraphComponent

from pipelines.cluster import Cluster
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


def training_graph(cluster: Cluster) -> GraphComponent:
    """The pipeline whose tasks are given what `cluster` has."""
    give = cluster.give

    @dsl.pipeline(
        name="osteon-train",
        description="De-identify, pair, pretrain, fine-tune three tasks, evaluate and register them.",
    )
    def training(
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
        plan = give(deid_plan_stage(source=source, shards=shards), "source")
        plan.set_caching_options(False)
        rules = {
            "key_file": key_file,
            "policy": policy,
            "workers": workers,
            "project": project,
            "vault": vault,
        }
        with dsl.ParallelFor(items=plan.output, name="de-identify") as shard:
            part = give(deid_shard_stage(source=source, workspace=workspace, shard=shard, **rules), "source")
            part.set_caching_options(False)
            # The pseudonymisation key is mounted into these tasks alone.
            kubernetes.use_secret_as_volume(part, secret_name=KEY_SECRET, mount_path=KEY_FOLDER)
        studies = give(deid_stage(source=source, workspace=workspace, **rules), "source").after(part)
        studies.set_caching_options(False)
        kubernetes.use_secret_as_volume(studies, secret_name=KEY_SECRET, mount_path=KEY_FOLDER)
        paired = give(pairs_stage(deid_digest=studies.output, workspace=workspace, size=size))
        encoder = give(
            pretrain_stage(pairs_digest=paired.output, workspace=workspace, recipe=recipe, seed=seed)
        )
        for task in TASKS:  # named tasks, one after the other on one machine, side by side on a cluster
            model = give(finetune_stage(
                encoder_digest=encoder.output, workspace=workspace, task=task, recipe=recipe, seed=seed
            ))  # fmt: skip
            model.set_display_name(f"finetune {task}")
            figures = give(evaluate_stage(model_digest=model.output, workspace=workspace, task=task))
            figures.set_display_name(f"evaluate {task}")
            registered = give(register_stage(
                evaluation_digest=figures.outputs["Output"],
                workspace=workspace,
                task=task,
                registry=registry,
                project=project,
                actor=actor,
            ), "registry")  # fmt: skip
            registered.set_display_name(f"register {task}")
            window = give(reference_stage(
                registered_digest=registered.output, workspace=workspace, task=task, references=references
            ))  # fmt: skip
            window.set_display_name(f"reference {task}")

    return training


training_pipeline = training_graph(Cluster())
