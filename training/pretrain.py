"""Vision-language pretraining: pictures and French reports of the same studies, drawn together.

Read from the top: `pretrain` is the whole run. Radford et al. 2021 (arXiv:2103.00020) for the loss, Englebert
et al. 2024 (arXiv:2405.08932) for bone radiographs with French reports.

Shapes: B studies of a batch, N studies of a split, S side of a picture, L tokens, D embedding.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from osteon.artefact import read_manifest
from osteon.domain import Manifest, canonical_json, sha256_text
from osteon.models.dual_encoder import DualEncoder, DualEncoderConfig
from osteon.models.dual_package import DualPackage, save_dual_package
from osteon.models.encoders import build_image_encoder
from osteon.models.preprocess import Preprocess, normalise
from osteon.models.tokenizer import ReportTokenizer
from training.checkpoint import load_checkpoint, save_checkpoint
from training.distortion import distort
from training.losses import info_nce, report_groups
from training.pace import BFLOAT16_PAYS
from training.pair_data import PairSet, epoch_batches, load_pairs
from training.pretrain_recipes import PretrainRecipe, pretrain_recipe
from training.retrieval import retrieval_figures
from training.schedule import learning_rate

Progress = Callable[[int, int], None]
_THOUSAND = 1000  # progress is told in thousandths of the run: it ends by steps or by time


def pretrain(
    recipe: PretrainRecipe | str,
    data: Path,
    output: Path,
    *,
    seed: int = 0,
    time_limit_min: float | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Trains a dual encoder on the train shards of `data` and writes its package.

    A run that was stopped goes on where its last epoch ended when called again with the same arguments. The
    same recipe, data and seed give the same bytes, unless a time limit ends the run: time is not repeatable.

    Args:
        recipe: the run, or its name.
        data: folder that `osteon pairs build` wrote.
        output: model package to write; `osteon finetune --init` takes it.
        time_limit_min: the schedule is fitted into this many minutes of training.
        progress: called with (done, 1000).
    """
    recipe = pretrain_recipe(recipe) if isinstance(recipe, str) else recipe
    parent = read_manifest(data)
    preprocess = Preprocess(size=recipe.size)
    train = load_pairs(data, "train", preprocess)
    tokenizer = ReportTokenizer.train(
        train.texts() + list(train.indications),
        vocab_size=recipe.vocab_size,
        context_length=recipe.context_length,
    )
    model = build_model(recipe, tokenizer, seed)
    optimizer = build_optimizer(model, recipe)
    checkpoint = Path(output).with_name(f".{Path(output).name}.checkpoint.safetensors")
    run_key = sha256_text(canonical_json([asdict(recipe), parent.digest, seed, time_limit_min]))
    state = load_checkpoint(checkpoint, model, optimizer, run_key)

    batch = min(recipe.batch_studies, len(train))
    steps_per_epoch = len(train) // batch
    steps = recipe.epochs * steps_per_epoch
    started = time.monotonic() - state.elapsed_s
    losses: list[float] = []
    while (share := _share(state.step / steps, time.monotonic() - started, time_limit_min)) < 1:
        epoch, position = divmod(state.step, steps_per_epoch)
        same_region = epoch % 2 == 1 and recipe.same_region_epochs
        batches = epoch_batches(train.regions, batch, seed, epoch, same_region=same_region)
        studies = batches[position]
        image_B1SS, token_BL = draw_batch(train, studies, recipe, tokenizer, [seed, state.step])
        losses.append(train_step(model, optimizer, image_B1SS, token_BL, recipe, share))
        state = replace(state, step=state.step + 1, elapsed_s=time.monotonic() - started)
        if progress is not None:
            progress(round(share * _THOUSAND), _THOUSAND)
        if state.step % steps_per_epoch == 0:
            log = {
                "step": state.step,
                "loss": float(np.mean(losses)),
                "logit_scale": float(model.logit_scale.detach()),
            }
            state, losses = replace(state, curve=[*state.curve, log]), []
            save_checkpoint(checkpoint, model, optimizer, state)

    retrieval = validate(model, data, preprocess, tokenizer)
    manifest = Manifest(
        stage="pretrain",
        inputs={"pairs": parent.digest},
        settings={"recipe": asdict(recipe), "time_limit_min": time_limit_min},
        figures={"elapsed_s": round(state.elapsed_s, 1), "steps": state.step, "studies": len(train)},
        parents=(parent.digest,),
        seed=seed,
        policy_hash=parent.policy_hash,
        synthetic_version=parent.synthetic_version,
        project=parent.project,
        site=parent.site,
    )
    package = DualPackage(
        model=model,
        preprocess=preprocess,
        tokenizer=tokenizer,
        metrics={"curve": state.curve, "validation": retrieval, "steps": state.step},
        card=model_card(recipe, len(train), retrieval),
    )
    written = save_dual_package(Path(output), package, manifest)
    checkpoint.unlink(missing_ok=True)
    if progress is not None:
        progress(_THOUSAND, _THOUSAND)
    return written


def build_model(recipe: PretrainRecipe, tokenizer: ReportTokenizer, seed: int) -> DualEncoder:
    """Both towers with random weights that the seed alone decides."""
    config = DualEncoderConfig(
        image_encoder=recipe.image_encoder,
        embedding_dim=recipe.embedding_dim,
        vocab_size=tokenizer.vocab_size,
        context_length=recipe.context_length,
        text_width=recipe.text_width,
        text_heads=recipe.text_heads,
        text_layers=recipe.text_layers,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = DualEncoder(build_image_encoder(recipe.image_encoder), config)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def build_optimizer(model: DualEncoder, recipe: PretrainRecipe) -> torch.optim.AdamW:
    """AdamW; no decay of norms, biases and the logit scale (Radford et al. 2021, section 2.5)."""
    decayed = [value for value in model.parameters() if value.ndim > 1]
    free = [value for value in model.parameters() if value.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98), eps=1e-6)


def draw_batch(
    pairs: PairSet,
    studies: np.ndarray[Any, np.dtype[np.int64]],
    recipe: PretrainRecipe,
    tokenizer: ReportTokenizer,
    seeds: list[int],
) -> tuple[Tensor, Tensor]:
    """One picture, changed, and one text of each study; the seeds decide every draw."""
    random = np.random.default_rng(seeds)
    generator = torch.Generator().manual_seed(int(random.integers(2**62)))
    levels_BSS = np.stack([pairs.sampled_picture(int(study), random) for study in studies])
    texts = [pairs.sampled_text(int(study), recipe.sampling, random) for study in studies]
    image_B1SS = distort(torch.from_numpy(levels_BSS), recipe.distortion, recipe.size, generator)
    return normalise(image_B1SS).contiguous(memory_format=torch.channels_last), tokenizer.encode(texts)


def train_step(
    model: DualEncoder,
    optimizer: torch.optim.Optimizer,
    image_B1SS: Tensor,
    token_BL: Tensor,
    recipe: PretrainRecipe,
    share: float,
) -> float:
    """One optimiser step at `share` of the run; gives the loss."""
    model.train()
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(recipe.learning_rate, share, warmup=recipe.warmup_share)
    report_B = report_groups(token_BL) if recipe.mask_repeated_reports else None
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=BFLOAT16_PAYS):
        image_BD, text_BD, logit_scale = model(image_B1SS, token_BL)
    loss = info_nce(image_BD.float(), text_BD.float(), logit_scale.float(), report_B=report_B)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.max_gradient_norm)
    optimizer.step()
    return float(loss.detach())


def validate(
    model: DualEncoder, data: Path, preprocess: Preprocess, tokenizer: ReportTokenizer
) -> dict[str, float]:
    """Retrieval between first pictures and whole findings of the validation studies."""
    val = load_pairs(data, "val", preprocess)
    image_ND, text_ND = embed(model, val, tokenizer)
    return retrieval_figures(image_ND, text_ND, val.texts())


@torch.inference_mode()
def embed(
    model: DualEncoder, pairs: PairSet, tokenizer: ReportTokenizer, *, batch: int = 64
) -> tuple[Tensor, Tensor]:
    """Embeddings of every study: its first picture, and all its findings."""
    model.eval()
    levels = torch.from_numpy(pairs.first_pictures())
    texts = pairs.texts()
    images, reports = [], []
    for start in range(0, len(pairs), batch):
        part = levels[start : start + batch, None].float() / 255
        images.append(model.encode_image(normalise(part).contiguous(memory_format=torch.channels_last)))
        reports.append(model.encode_text(tokenizer.encode(texts[start : start + batch])))
    return torch.cat(images), torch.cat(reports)


def model_card(recipe: PretrainRecipe, studies: int, retrieval: dict[str, float]) -> str:
    """What the package is, for the person who finds it."""
    lines = "\n".join(f"| {name} | {value:.3f} |" for name, value in sorted(retrieval.items()))
    return f"""# Dual encoder for bone radiographs and French reports

Pretrained from random weights on {studies} studies with recipe `{recipe.name}` ({recipe.image_encoder},
{recipe.size} pixels); `manifest.json` names the data, the code and the seed. Use it as
`osteon finetune --init`.

Retrieval among the validation studies (a report with the same text counts as found):

| figure | value |
|---|---|
{lines}

Research use only until a hospital's own validation says otherwise. Augmentation never mirrors a picture.
"""


def _share(by_steps: float, elapsed_s: float, time_limit_min: float | None) -> float:
    return by_steps if time_limit_min is None else max(by_steps, elapsed_s / (60 * time_limit_min))
