"""Vision-language pretraining: pictures and French reports of the same studies, drawn together.

Read from the top: `pretrain` is the whole run. Radford et al. 2021 (arXiv:2103.00020) for the loss, Englebert
et al. 2024 (arXiv:2405.08932) for bone radiographs with French reports. Several workers run it together:

    torchrun --nproc-per-node 4 -m training.pretrain --recipe englebert-2024 --data pairs/ --output encoder/
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from osteon.artefact import folder_hash, read_manifest, sha256_files
from osteon.domain import Manifest, UsageError, canonical_json, sha256_text
from osteon.models.dual_package import DualPackage, save_dual_package
from osteon.models.preprocess import Preprocess
from osteon.models.tokenizer import ReportTokenizer
from training.checkpoint import RunState, load_checkpoint, save_checkpoint
from training.pair_batch import PairBatch, StepBatches, stream_batches
from training.pair_data import PairSet, load_pairs, quarter_of_memory
from training.pair_embedding import validate
from training.pretrain_model import build_model, build_tokenizer
from training.pretrain_recipes import PretrainRecipe, pretrain_recipe
from training.pretrain_step import Learner, make_learner, train_step
from training.sharding import whole_state
from training.team import Team, joined_team

Progress = Callable[[int, int], None]
_THOUSAND = 1000  # progress is told in thousandths of the run: it ends by steps or by time


def pretrain(
    recipe: PretrainRecipe | str,
    data: Path,
    output: Path,
    *,
    seed: int = 0,
    time_limit_min: float | None = None,
    image_init: Path | None = None,
    checkpoint_every_s: float = 300.0,
    memory_bytes: int | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Trains a dual encoder on the train shards of `data` and writes its package.

    A run that was stopped goes on from its last checkpoint when called again with the same arguments, on any
    number of workers. The same recipe, data and seed give the same bytes on as many workers, unless a time
    limit ends the run: time is not repeatable.

    Args:
        recipe: the run, or its name.
        data: folder that `osteon pairs build` wrote.
        output: model package to write; `osteon finetune --init` takes it.
        time_limit_min: the schedule is fitted into this many minutes of training.
        image_init: package whose image encoder is the start, in place of random weights.
        checkpoint_every_s: seconds between checkpoints; the end of an epoch writes one too.
        memory_bytes: pictures that take more stay in their shards; a quarter of the memory, over all
            workers, by default.
        progress: called with (done, 1000).
    """
    recipe = pretrain_recipe(recipe) if isinstance(recipe, str) else recipe
    with joined_team() as team:
        parent = read_manifest(data)
        preprocess = Preprocess(size=recipe.size)
        if memory_bytes is None:
            memory_bytes = quarter_of_memory() // team.size  # each worker keeps the pictures
        train = load_pairs(data, "train", preprocess, memory_bytes=memory_bytes)
        tokenizer = build_tokenizer(recipe, train)
        model = build_model(recipe, tokenizer, seed, device=team.device, image_init=image_init)
        learner = make_learner(model, recipe, team)
        inputs = _inputs(recipe, parent.digest, image_init)
        checkpoint = Path(output).with_name(f".{Path(output).name}.checkpoint.safetensors")
        run_key = sha256_text(canonical_json([asdict(recipe), inputs, seed, time_limit_min]))
        state = load_checkpoint(checkpoint, model, learner.optimizer, run_key)
        state = _learn(
            learner,
            _batches(train, recipe, tokenizer, seed, team),
            state,
            checkpoint,
            time_limit_min=time_limit_min,
            checkpoint_every_s=checkpoint_every_s,
            progress=progress,
        )
        if learner.sharded:
            weights = whole_state(model)
            model = build_model(recipe, tokenizer, seed)
            model.load_state_dict(weights)
        if team.is_first:
            retrieval = validate(
                model, data, preprocess, tokenizer, views=recipe.views, memory_bytes=memory_bytes
            )
            manifest = Manifest(
                stage="pretrain",
                inputs=inputs,
                settings={"recipe": asdict(recipe), "time_limit_min": time_limit_min, "workers": team.size},
                figures={"elapsed_s": round(state.elapsed_s, 1), "steps": state.step, "studies": len(train)},
                parents=(parent.digest,),
                seed=seed,
                policy_hash=parent.policy_hash,
                synthetic_version=parent.synthetic_version,
                project=parent.project,
                site=parent.site,
            )
            package = DualPackage(
                model=model.cpu(),
                preprocess=preprocess,
                tokenizer=tokenizer,
                metrics={"curve": state.curve, "validation": retrieval, "steps": state.step},
                card=model_card(recipe, len(train), retrieval, image_init=image_init is not None),
            )
            save_dual_package(Path(output), package, manifest)
            checkpoint.unlink(missing_ok=True)
        team.wait()
    if progress is not None:
        progress(_THOUSAND, _THOUSAND)
    return read_manifest(output)


def _learn(
    learner: Learner,
    batches: StepBatches,
    state: RunState,
    checkpoint: Path,
    *,
    time_limit_min: float | None,
    checkpoint_every_s: float,
    progress: Progress | None,
) -> RunState:
    """Every step from where `state` stands to the end of the run."""
    team, recipe = learner.team, learner.recipe
    steps = recipe.epochs * batches.steps_per_epoch
    started = saved = time.monotonic() - state.elapsed_s
    pin = team.device.type == "cuda"
    stream = iter(stream_batches(batches, state.step, workers=recipe.loader_workers, pin=pin))
    while True:
        share = state.step / steps
        if time_limit_min is not None:
            share = team.from_first(max(share, (time.monotonic() - started) / (60 * time_limit_min)))
        if share >= 1:
            return state
        loss = _step(learner, next(stream), batches.seed, state.step, share)
        state = replace(
            state,
            step=state.step + 1,
            elapsed_s=time.monotonic() - started,
            losses=[*state.losses, loss],
        )
        if progress is not None:
            progress(round(share * _THOUSAND), _THOUSAND)
        epoch_over = state.step % batches.steps_per_epoch == 0
        if epoch_over:
            state = _logged(state, learner)
        due = epoch_over or time.monotonic() - saved > checkpoint_every_s
        if learner.sharded:  # every worker holds a part, and clocks differ
            due = team.from_first(float(due)) > 0
        if due and (team.is_first or learner.sharded):
            save_checkpoint(checkpoint, learner.model, learner.optimizer, state, writes=team.is_first)
            saved = time.monotonic()


def _step(learner: Learner, batch: PairBatch, seed: int, step: int, share: float) -> float:
    """One step whose dropout depends on seed, step and worker alone."""
    device = learner.team.device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        entropy = np.random.SeedSequence([seed, step, learner.team.rank])
        torch.manual_seed(int(entropy.generate_state(1)[0]))
        return train_step(learner, batch.ready(learner.recipe, device, share=share), share)


def _logged(state: RunState, learner: Learner) -> RunState:
    """The state at the end of an epoch: its mean loss joins the curve."""
    log = {
        "step": state.step,
        "loss": float(np.mean(state.losses)),
        "logit_scale": float(learner.model.logit_scale.detach()),
    }
    return replace(state, curve=[*state.curve, log], losses=[])


def _batches(
    train: PairSet, recipe: PretrainRecipe, tokenizer: ReportTokenizer, seed: int, team: Team
) -> StepBatches:
    batch = min(recipe.batch_studies, len(train)) // team.size * team.size
    if batch < 2 * team.size:
        raise UsageError(
            "two studies of each batch for every worker", "fewer", "start fewer workers or enlarge the batch"
        )
    return StepBatches(train, recipe, tokenizer, seed, batch, team.rank, team.size)


def _inputs(recipe: PretrainRecipe, pairs: str, image_init: Path | None) -> dict[str, str]:
    """Digests of all that the run starts from."""
    inputs = {"pairs": pairs}
    if image_init is not None:
        inputs["image_init"] = folder_hash(image_init)
    if recipe.text_model is not None and (folder := Path(recipe.text_model)).is_dir():
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
        inputs["text_model"] = sha256_text(canonical_json(sha256_files(folder, names)))
    return inputs


def model_card(recipe: PretrainRecipe, studies: int, retrieval: dict[str, float], *, image_init: bool) -> str:
    """What the package is, for the person who finds it."""
    origin = "random weights"
    if image_init or recipe.text_model is not None:
        parts = (("image encoder", image_init), ("text encoder", recipe.text_model is not None))
        learned = " and ".join(name for name, given in parts if given)
        origin = f"a learned {learned} (named in `manifest.json`)"
    lines = "\n".join(f"| {name} | {value:.3f} |" for name, value in sorted(retrieval.items()))
    return f"""# Dual encoder for bone radiographs and French reports

Pretrained from {origin} on {studies} studies with recipe `{recipe.name}` ({recipe.image_encoder},
{recipe.size} pixels); `manifest.json` names the data, the code and the seed. Use it as
`osteon finetune --init`.

Retrieval among the validation studies (a report with the same text counts as found):

| figure | value |
|---|---|
{lines}

Research use only until a hospital's own validation says otherwise. Augmentation never mirrors a picture.
"""


def main() -> None:
    """`python -m training.pretrain`, alone or under torchrun."""
    import argparse

    parser = argparse.ArgumentParser(prog="training.pretrain", description=__doc__)
    parser.add_argument("--recipe", default="standard")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, help="minutes")
    parser.add_argument("--epochs", type=int, help="in place of the recipe's")
    parser.add_argument("--image-init", type=Path, help="package with the first image encoder")
    parser.add_argument("--text-model", help="folder or cached name in place of the recipe's")
    parser.add_argument("--shard", action="store_true", help="divide the model among the workers")
    parser.add_argument("--checkpoint-every", type=float, default=300.0, help="seconds")
    arguments = parser.parse_args()
    recipe = pretrain_recipe(arguments.recipe)
    if arguments.text_model is not None:
        recipe = replace(recipe, text_model=arguments.text_model)
    if arguments.epochs is not None:
        recipe = replace(recipe, epochs=arguments.epochs)
    if arguments.shard:
        recipe = replace(recipe, shard_parameters=True)
    pretrain(
        recipe,
        arguments.data,
        arguments.output,
        seed=arguments.seed,
        time_limit_min=arguments.time_limit,
        image_init=arguments.image_init,
        checkpoint_every_s=arguments.checkpoint_every,
    )


if __name__ == "__main__":
    main()
