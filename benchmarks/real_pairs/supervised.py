"""Supervised pretraining on the labels that the captions tell: what captions are to be measured against.

One linear head for each label, on the pictures of the same shards; a picture counts for the labels it has.
Shapes: B pictures, S side, K values of a label, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from osteon.artefact import folder_hash, read_manifest
from osteon.domain import Manifest, Task
from osteon.models.encoder_package import EncoderPackage, load_encoder, save_encoder_package
from osteon.models.encoders import TimmImageEncoder
from osteon.models.preprocess import Preprocess, normalise
from training.datasets import PictureRow
from training.datasets.phrases import facts_of
from training.distortion import distort
from training.pair_data import PairSet, epoch_batches, load_pairs, same_region_epoch
from training.pretrain_recipes import PretrainRecipe
from training.recipes import finetune_recipe
from training.schedule import learning_rate
from training.targets import distribution_loss, soft_targets

_WORDS: Mapping[str, tuple[str, ...]] = {
    "region": ("hand", "knee"), "laterality": ("L", "R"), "sex": ("F", "M"),
}  # fmt: skip
_TASKS = {task.label_column: task for task in Task}


@dataclass(frozen=True)
class Target:
    """One label over all studies: `labels` (N,), NaN where a study has none, and what it may be, (K,)."""

    name: str
    labels: Tensor
    values: Tensor

    def loss(self, logits_BK: Tensor, studies: NDArray[np.int64]) -> Tensor:
        """Mean loss over the pictures that have the label; 0 for a batch without one."""
        label_B = self.labels[torch.from_numpy(studies)]
        known_B = ~label_B.isnan()
        if not known_B.any():
            return logits_BK.sum() * 0
        label_B, logits_BK = label_B[known_B], logits_BK[known_B]
        if self.name in _WORDS:
            return cross_entropy(logits_BK, label_B.long())
        fit = finetune_recipe(_TASKS[self.name]).fit
        target_BK = soft_targets(label_B, self.values, fit.label_sigma)
        return distribution_loss(logits_BK, target_BK, label_B, self.values, l1_weight=fit.l1_weight)


def targets(studies: Sequence[str], rows: Sequence[PictureRow], tell: Sequence[str]) -> list[Target]:
    """The told labels of these studies, in their order; a label that is not in `tell` is in none of them."""
    facts = {row.study: facts_of(row) for row in rows}
    found = []
    for name in tell:
        words = _WORDS.get(name)
        values = tuple(range(len(words))) if words else _TASKS[name].values
        labels = [_number(facts[study].get(name), words) for study in studies]
        found.append(Target(name, torch.tensor(labels), torch.tensor(values, dtype=torch.float32)))
    return found


def _number(value: str | float | None, words: tuple[str, ...] | None) -> float:
    if words is None:
        return float("nan") if value is None else float(value)
    return float(words.index(value)) if isinstance(value, str) and value in words else float("nan")


def pretrain_supervised(
    recipe: PretrainRecipe,
    data: Path,
    rows: Sequence[PictureRow],
    tell: Sequence[str],
    output: Path,
    *,
    image_init: Path,
    seed: int,
) -> Manifest:
    """An encoder package: the caption recipe's pictures, batches, changes and rate, with labels for texts."""
    pairs = load_pairs(data, "train", Preprocess(size=recipe.size))
    encoder = load_encoder(image_init).encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    losses = _learn(encoder, pairs, targets(pairs.studies, rows, tell), recipe, seed)
    parent = read_manifest(data)
    manifest = Manifest(
        stage="pretrain-supervised",
        inputs={"pairs": parent.digest, "image_init": folder_hash(image_init)},
        settings={"recipe": asdict(recipe), "tell": list(tell)},
        figures={"steps": len(losses), "first_loss": losses[0], "last_loss": float(np.mean(losses[-20:]))},
        parents=(parent.digest,),
        seed=seed,
    )
    package = EncoderPackage(
        encoder=encoder.eval(),
        preprocess=Preprocess(size=recipe.size),
        metrics={},
        card="# Encoder of supervised pretraining, for one benchmark\n",
    )
    return save_encoder_package(output, package, manifest)


def _learn(
    encoder: TimmImageEncoder, pairs: PairSet, labels: Sequence[Target], recipe: PretrainRecipe, seed: int
) -> list[float]:
    """Trains the encoder in place; gives the loss of every step."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        heads = nn.ModuleDict({one.name: nn.Linear(encoder.feature_dim, len(one.values)) for one in labels})
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = _optimizer(parameters, recipe)
    batch = min(recipe.batch_studies, len(pairs))
    steps = recipe.epochs * (len(pairs) // batch)
    losses: list[float] = []
    encoder.train()
    for epoch in range(recipe.epochs):
        same_region = same_region_epoch(epoch, recipe.same_region_share)
        for studies in epoch_batches(pairs.regions, batch, seed, epoch, same_region=same_region):
            for group in optimizer.param_groups:
                share = len(losses) / steps
                group["lr"] = learning_rate(recipe.learning_rate, share, warmup=recipe.warmup_share)
            generator = torch.Generator().manual_seed(seed * 1_000_003 + len(losses))
            levels_BSS = torch.from_numpy(pairs.pictures(pairs.first[studies]))
            image_B1SS = normalise(distort(levels_BSS, recipe.distortion, recipe.size, generator))
            feature_BF = encoder.encode(image_B1SS.contiguous(memory_format=torch.channels_last))
            loss = torch.stack([one.loss(heads[one.name](feature_BF), studies) for one in labels]).sum()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, recipe.max_gradient_norm)
            optimizer.step()
            losses.append(float(loss.detach()))
    return losses


def _optimizer(parameters: Sequence[nn.Parameter], recipe: PretrainRecipe) -> torch.optim.Optimizer:
    groups = [
        {"params": [each for each in parameters if each.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=recipe.betas)
