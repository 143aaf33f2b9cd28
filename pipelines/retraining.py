"""The retraining pipeline: what a request asks for, on a cluster or on this machine by the same graph."""

from kfp import dsl

from pipelines.retraining_components import (
    gate_stage,
    gather_stage,
    register_candidate_stage,
    retrain_evaluate_stage,
    retrain_reference_stage,
    retrain_stage,
)


@dsl.pipeline(
    name="osteon-retrain",
    description="Gather, train one task from its champion, evaluate, register, judge by the gate.",
)
def retraining_pipeline(
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
    gathered = gather_stage(
        archive=archive, workspace=workspace, task=task, request=request, features=features,
        frozen=frozen, project=project,
    )  # fmt: skip
    gathered.set_caching_options(False)  # an address says nothing about what lies there
    model = retrain_stage(
        gathered_digest=gathered.output, workspace=workspace, task=task, registry=registry,
        project=project, recipe=recipe, seed=seed,
    )  # fmt: skip
    figures = retrain_evaluate_stage(model_digest=model.output, workspace=workspace, task=task)
    registered = register_candidate_stage(
        evaluation_digest=figures.output, workspace=workspace, task=task, registry=registry,
        project=project, actor=actor,
    )  # fmt: skip
    window = retrain_reference_stage(
        registered_digest=registered.output, workspace=workspace, studies=studies, task=task,
        references=references,
    )  # fmt: skip
    gate_stage(
        reference_digest=window.output, workspace=workspace, task=task, registry=registry,
        project=project, actor=actor, policy=gate,
    )  # fmt: skip
