"""KFP components of a retraining: each makes one call to its stage; see `pipelines.components`."""

from kfp import dsl

from pipelines.components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def gather_stage(
    archive: str, workspace: str, task: str, request: str, features: str, frozen: str, project: str
) -> str:
    """Split the archive in what is learned from, what is frozen and what is fresh."""
    from pipelines import gather

    run = gather.gather(
        archive, workspace, task=task, request=request, features=features, frozen=frozen, project=project
    )
    return run.digest


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def retrain_stage(
    gathered_digest: str, workspace: str, task: str, registry: str, project: str, recipe: str, seed: int
) -> str:
    """Fine-tune the task from its champion's encoder."""
    from pipelines import lineage, stages

    del gathered_digest  # names the run this one follows
    champion = lineage.champion_package(registry, project, task)
    run = stages.finetune(f"{workspace}/gathered", champion, workspace, task=task, recipe=recipe, seed=seed)
    return run.digest


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def retrain_evaluate_stage(model_digest: str, workspace: str, task: str) -> str:
    """Measure the model on the test rows."""
    from pipelines import stages

    del model_digest  # names the run this one follows
    run, _ = stages.evaluate(f"{workspace}/models/{task}", f"{workspace}/gathered", workspace, task=task)
    return run.digest


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def retrain_reference_stage(
    registered_digest: str, workspace: str, studies: str, task: str, references: str
) -> str:
    """Keep the reference window that drift is measured from."""
    from pipelines import stages

    del registered_digest  # names the run this one follows
    run = stages.reference(f"{workspace}/models/{task}", studies, workspace, task=task, references=references)
    return run.digest


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def gate_stage(
    reference_digest: str, workspace: str, task: str, registry: str, project: str, actor: str, policy: str
) -> str:
    """Judge the model by the gate; it becomes challenger when it passes."""
    from pipelines import gate_stage as judging

    del reference_digest  # names the run this one follows
    run, _ = judging.gate(
        f"{workspace}/models/{task}",
        f"{workspace}/gathered",
        workspace,
        task=task,
        registry=registry,
        project=project,
        actor=actor,
        policy=policy,
    )
    return run.digest
