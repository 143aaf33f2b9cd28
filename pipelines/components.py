"""KFP components: each makes one call to its stage.

KFP embeds a component's source in the compiled YAML, so imports sit inside the bodies. Every component gives
its artefact's digest to the next: KFP's cache and our ledger then agree on what is unchanged.
"""

from kfp import dsl

IMAGE = "osteon-pipelines:0.1.0"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def deid_plan_stage(source: str, shards: int) -> list[str]:
    """Number the shards that the studies are de-identified in."""
    from pipelines import shards as parts

    return parts.deid_plan(source, shards=shards)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def deid_shard_stage(
    source: str,
    workspace: str,
    key_file: str,
    policy: str,
    workers: int,
    project: str,
    vault: str,
    shard: str,
) -> int:
    """De-identify one shard of the studies."""
    from pipelines import shards
    from pipelines.deid_rules import DeidRules

    rules = DeidRules(key_file=key_file, policy=policy, workers=workers, project=project, vault=vault)
    return shards.deid_shard(source, workspace, shard=shard, rules=rules)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def deid_stage(
    source: str, workspace: str, key_file: str, policy: str, workers: int, project: str, vault: str
) -> str:
    """Join what the shards have de-identified: tables and manifest."""
    from pipelines import stages
    from pipelines.deid_rules import DeidRules

    rules = DeidRules(key_file=key_file, policy=policy, workers=workers, project=project, vault=vault)
    return stages.deid(source, workspace, rules).digest


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def pairs_stage(deid_digest: str, workspace: str, size: int) -> str:
    """Pair images with reports, split by patient, write shards."""
    from pipelines import stages

    del deid_digest  # names the run this one follows
    return stages.pairs(f"{workspace}/deid", workspace, size=size).digest


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def pretrain_stage(pairs_digest: str, workspace: str, recipe: str, seed: int) -> str:
    """Pretrain the dual encoder on images and reports."""
    from pipelines import stages

    del pairs_digest  # names the run this one follows
    return stages.pretrain(f"{workspace}/pairs", workspace, recipe=recipe, seed=seed).digest


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def finetune_stage(encoder_digest: str, workspace: str, task: str, recipe: str, seed: int) -> str:
    """Fine-tune one task from the pretrained encoder."""
    from pipelines import stages

    del encoder_digest  # names the run this one follows
    run = stages.finetune(
        f"{workspace}/pairs", f"{workspace}/pretrain", workspace, task=task, recipe=recipe, seed=seed
    )
    return run.digest


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def evaluate_stage(model_digest: str, workspace: str, task: str, metrics: dsl.Output[dsl.Metrics]) -> str:
    """Measure one model on the test rows, and on a hospital that is kept out of training."""
    from pipelines import stages

    del model_digest  # names the run this one follows
    run, figures = stages.evaluate(f"{workspace}/models/{task}", f"{workspace}/pairs", workspace, task=task)
    held_out = figures.get("held_out", {"metrics": {}})["metrics"]
    logged = figures["metrics"] | {f"held_out_{name}": value for name, value in held_out.items()}
    for name, value in logged.items():
        if isinstance(value, int | float):
            metrics.log_metric(name, float(value))
    return run.digest


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def register_stage(
    evaluation_digest: str, workspace: str, task: str, registry: str, project: str, actor: str
) -> str:
    """Register one model: champion if the task has none, else without an alias."""
    from pipelines import stages

    del evaluation_digest  # names the run this one follows
    run = stages.register(
        f"{workspace}/models/{task}",
        f"{workspace}/evaluation/{task}",
        workspace,
        task=task,
        registry=registry,
        project=project,
        actor=actor,
    )
    return run.digest


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def reference_stage(registered_digest: str, workspace: str, task: str, references: str) -> str:
    """Keep the reference window that drift is measured from."""
    from pipelines import stages

    del registered_digest  # names the run this one follows
    run = stages.reference(
        f"{workspace}/models/{task}", f"{workspace}/deid", workspace, task=task, references=references
    )
    return run.digest
