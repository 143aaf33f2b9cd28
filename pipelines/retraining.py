"""The retraining pipeline: what a request asks for, on a cluster or on this machine by the same graph."""

from kfp import dsl
from kfp.dsl.graph_component import GraphComponent

from pipelines.cluster import Cluster
from pipelines.components import register_stage
from pipelines.retraining_components import (
    gate_stage,
    gather_stage,
    retrain_evaluate_stage,
    retrain_reference_stage,
    retrain_stage,
)


def retraining_graph(cluster: Cluster) -> GraphComponent:
    """The pipeline whose tasks are given what `cluster` has."""
    give = cluster.give

    @dsl.pipeline(
        name="osteon-retrain",
        description="Gather, train one task from its champion, evaluate, register, judge by the gate.",
    )
    def retraining(
        request: str,
        task: str,
        archive: str,
        studies: str,
        features: str,
        frozen: str,
        workspace: str,
        registry: str,
        references: str,
        gate: str = "",
        project: str = "osteon",
        actor: str = "pipeline",
        recipe: str = "standard",
        seed: int = 0,
    ) -> None:
        """`request` is a retraining request as JSON; `archive` the pairs, `studies` the de-identified folder.

        The reference window comes before the gate: a challenger that passes is watched from its first answer.
        """
        gathered = give(gather_stage(
            archive=archive, workspace=workspace, task=task, request=request, features=features,
            frozen=frozen, project=project,
        ))  # fmt: skip
        gathered.set_caching_options(False)  # an address says nothing about what lies there
        model = give(retrain_stage(
            gathered_digest=gathered.output, workspace=workspace, task=task, registry=registry,
            project=project, recipe=recipe, seed=seed,
        ), "registry")  # fmt: skip
        figures = give(retrain_evaluate_stage(model_digest=model.output, workspace=workspace, task=task))
        registered = give(register_stage(
            evaluation_digest=figures.output, workspace=workspace, task=task, registry=registry,
            project=project, actor=actor,
        ), "registry")  # fmt: skip
        window = give(retrain_reference_stage(
            registered_digest=registered.output, workspace=workspace, studies=studies, task=task,
            references=references,
        ))  # fmt: skip
        give(gate_stage(
            reference_digest=window.output, workspace=workspace, task=task, registry=registry,
            project=project, actor=actor, policy=gate,
        ), "registry")  # fmt: skip

    return retraining


retraining_pipeline = retraining_graph(Cluster())
