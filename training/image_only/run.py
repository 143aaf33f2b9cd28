"""Image encoders that never saw a report: SimCLR, random weights, weights from elsewhere.

Every evaluation of a vision-language encoder shows them beside it. Each becomes a package that
`finetune --init` and the evaluation suite take like any other.

Shapes: B pictures of a batch, S side of a picture, D projection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from osteon.artefact import folder_hash, read_manifest, sha256_file
from osteon.domain import Manifest, UsageError, canonical_json, sha256_text
from osteon.models.encoder_package import EncoderPackage, load_encoder, save_encoder_package
from osteon.models.encoders import TimmImageEncoder, build_image_encoder
from osteon.models.preprocess import Preprocess
from training.checkpoint import load_checkpoint, save_checkpoint
from training.image_only.card import image_only_card
from training.image_only.recipes import ImageOnlyRecipe, image_only_recipe
from training.image_only.step import Projected, two_views, view_figures, view_step
from training.local_weights import load_local_weights
from training.pair_data import load_pairs
from training.schedule import Budget

Method = Literal["simclr", "random", "weights"]
Progress = Callable[[int, int], None]
_THOUSAND = 1000


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The encoder before its first step, and where its weights came from."""

    encoder: TimmImageEncoder
    inputs: dict[str, str]
    parents: tuple[str, ...] = ()


def pretrain_images(
    recipe: ImageOnlyRecipe | str,
    data: Path,
    output: Path,
    *,
    method: Method = "simclr",
    init: Path | None = None,
    seed: int = 0,
    time_limit_min: float | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """An encoder package made from the pictures of the train shards alone.

    A stopped run goes on where its last epoch ended when called again with the same arguments. The same
    recipe, data and seed give the same bytes, unless a time limit ends the run.

    Args:
        recipe: the run, or its name.
        data: folder that `osteon pairs build` wrote; the same studies as vision-language pretraining sees.
        method: `simclr` trains; `random` and `weights` keep the weights they start from.
        init: start from this package, or from a safetensors file of timm's (ImageNet weights brought by
            hand: nothing is fetched); random weights without it.
        progress: called with (done, 1000).
    Raises:
        UsageError: `weights` without `init`, or `random` with it.
    """
    recipe = image_only_recipe(recipe) if isinstance(recipe, str) else recipe
    if (method == "weights") != (init is not None) and method != "simclr":
        raise UsageError(
            "init with the method weights, and none with random", "the other way round", "correct the call"
        )
    parent = read_manifest(data)
    origin = _origin(recipe, init, seed)
    preprocess = Preprocess(size=recipe.size)
    curve: list[dict[str, float]] = []
    figures: dict[str, float] = {"steps": 0, "pictures": 0, "elapsed_s": 0.0}
    if method == "simclr":
        run_key = sha256_text(
            canonical_json([asdict(recipe), parent.digest, origin.inputs, seed, time_limit_min])
        )
        curve, figures = _learn(
            origin.encoder, recipe, data, Path(output), seed, time_limit_min, run_key, progress
        )
    val = load_pairs(data, "val", preprocess)
    validation = view_figures(origin.encoder, val.levels, recipe, seed)
    manifest = Manifest(
        stage="pretrain-images",
        inputs={"pairs": parent.digest, **origin.inputs},
        settings={"recipe": asdict(recipe), "method": method, "time_limit_min": time_limit_min},
        figures=figures,
        parents=(parent.digest, *origin.parents),
        seed=seed,
        policy_hash=parent.policy_hash,
        synthetic_version=parent.synthetic_version,
        project=parent.project,
        site=parent.site,
    )
    package = EncoderPackage(
        encoder=origin.encoder,
        preprocess=preprocess,
        metrics={"curve": curve, "validation": validation},
        card=image_only_card(recipe, method, figures, validation),
    )
    written = save_encoder_package(Path(output), package, manifest)
    _checkpoint(Path(output)).unlink(missing_ok=True)
    if progress is not None:
        progress(_THOUSAND, _THOUSAND)
    return written


def _origin(recipe: ImageOnlyRecipe, init: Path | None, seed: int) -> Origin:
    if init is None:
        return Origin(encoder=build_image_encoder(recipe.image_encoder, seed=seed), inputs={})
    if init.is_dir():
        encoder = load_encoder(init).encoder
        if encoder.name != recipe.image_encoder:
            raise UsageError(
                f"a package of {recipe.image_encoder}",
                "one of another image encoder",
                "name that encoder in the recipe",
            )
        digest = folder_hash(init)
        return Origin(encoder=encoder, inputs={"init": digest}, parents=(digest,))
    encoder = load_local_weights(init, recipe.image_encoder)
    return Origin(encoder=encoder, inputs={"init": sha256_file(init)})


def _learn(
    encoder: TimmImageEncoder,
    recipe: ImageOnlyRecipe,
    data: Path,
    output: Path,
    seed: int,
    time_limit_min: float | None,
    run_key: str,
    progress: Progress | None,
) -> tuple[list[dict[str, float]], dict[str, float]]:
    """Trains the encoder in place; gives the curve and what was done."""
    levels_NSS = load_pairs(data, "train", Preprocess(size=recipe.size)).levels
    model = Projected(encoder, recipe, seed)
    optimizer = torch.optim.AdamW(_groups(model, recipe.weight_decay), lr=recipe.learning_rate)
    state = load_checkpoint(_checkpoint(output), model, optimizer, run_key)
    batch = min(recipe.batch_pictures, len(levels_NSS))
    per_epoch = len(levels_NSS) // batch
    budget = Budget(samples=recipe.epochs * per_epoch)
    budget.seen = state.step
    if time_limit_min is not None:
        budget.started -= state.elapsed_s
        budget.deadline = budget.started + 60 * time_limit_min
    before_s, losses = budget.started, []
    while (share := budget.progress) < 1:
        epoch, position = divmod(state.step, per_epoch)
        rows = np.random.default_rng([seed, epoch]).permutation(len(levels_NSS))
        picked = rows[position * batch : (position + 1) * batch]
        views = two_views(levels_NSS[picked], recipe, [seed, state.step], share=share)
        losses.append(view_step(model, optimizer, views, recipe, share))
        budget.seen = state.step + 1
        state = replace(state, step=state.step + 1, elapsed_s=time.monotonic() - before_s)
        if progress is not None:
            progress(round(share * _THOUSAND), _THOUSAND)
        if state.step % per_epoch == 0:
            log = {"step": float(state.step), "loss": float(np.mean(losses))}
            state, losses = replace(state, curve=[*state.curve, log]), []
            save_checkpoint(_checkpoint(output), model, optimizer, state)
    figures = {
        "steps": state.step,
        "pictures": len(levels_NSS),
        "elapsed_s": round(state.elapsed_s, 1),
    }
    return state.curve, figures


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    decayed = [value for value in model.parameters() if value.ndim > 1]
    free = [value for value in model.parameters() if value.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


def _checkpoint(output: Path) -> Path:
    return output.with_name(f".{output.name}.checkpoint.safetensors")
