"""One optimiser step of pretraining: whole, or in parts that keep every negative; on one worker or many."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from osteon.models.dual_encoder import DualEncoder, Embedded, LocalEmbedding
from training.objective import batch_loss
from training.pace import BFLOAT16_PAYS
from training.pair_batch import PairBatch
from training.pretrain_model import TEXT_GROUP, build_optimizer
from training.pretrain_recipes import PretrainRecipe
from training.schedule import learning_rate
from training.sharding import average_scalars, clip_gradients, shard_model
from training.team import Team, share_batch_norms, still_statistics


@dataclass(frozen=True, kw_only=True)
class Learner:
    """A model with its optimiser, and the way its forward pass goes: through DDP or FSDP2 with workers."""

    model: DualEncoder
    forward: nn.Module
    optimizer: torch.optim.Optimizer
    recipe: PretrainRecipe
    team: Team

    @property
    def sharded(self) -> bool:
        """Whether the model is divided among the workers."""
        return self.recipe.shard_parameters and self.team.size > 1

    @property
    def bfloat16(self) -> bool:
        """Whether the networks compute in bfloat16."""
        if self.recipe.precision == "auto":
            return BFLOAT16_PAYS if self.team.device.type == "cpu" else torch.cuda.is_bf16_supported()
        return self.recipe.precision == "bfloat16"

    def embed(self, batch: PairBatch) -> Embedded:
        """Both sides of a batch, float32."""
        with torch.autocast(self.team.device.type, dtype=torch.bfloat16, enabled=self.bfloat16):
            embedded: Embedded = self.forward(batch.image, batch.token, batch.view, batch.word, batch.words)
        local = embedded.local
        if local is not None:
            local = LocalEmbedding(local.regions.float(), local.words.float(), local.word_mask)
        return embedded._replace(
            image=embedded.image.float(),
            text=embedded.text.float(),
            logit_scale=embedded.logit_scale.float(),
            local=local,
        )


def make_learner(model: DualEncoder, recipe: PretrainRecipe, team: Team) -> Learner:
    """A learner whose workers see the whole batch: shared batch norms, averaged gradients."""
    forward: nn.Module = model
    share_batch_norms(model, team)
    sharded = recipe.shard_parameters and team.size > 1
    if sharded:
        shard_model(model, team)
    if recipe.compile_backend is not None:
        model.compile(backend=recipe.compile_backend)
    if team.size > 1 and not sharded:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # the argument's new name is unknown to torch 2.11
            # Batch norms are shared already, so that every worker has the same statistics.
            forward = DistributedDataParallel(model, broadcast_buffers=False)
    return Learner(
        model=model, forward=forward, optimizer=build_optimizer(model, recipe), recipe=recipe, team=team
    )


def train_step(learner: Learner, batch: PairBatch, share: float) -> float:
    """One optimiser step at `share` of the run; gives the loss of the whole batch."""
    recipe, model = learner.recipe, learner.model
    learner.forward.train()
    rate = learning_rate(recipe.learning_rate, share, warmup=recipe.warmup_share)
    for group in learner.optimizer.param_groups:
        group["lr"] = rate
    learner.optimizer.zero_grad(set_to_none=True)
    text_still = share < recipe.text_still_share
    if learner.team.size == 1:  # DDP and FSDP want the gradients that they were made for
        model.text_encoder.requires_grad_(not text_still)
    loss = backward(learner, batch)
    if text_still:
        _forget_text_gradients(learner.optimizer)
    if learner.sharded:
        clip_gradients(model.parameters(), recipe.max_gradient_norm)
    else:
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.max_gradient_norm)
    learner.optimizer.step()
    return learner.team.mean(loss)


def _forget_text_gradients(optimizer: torch.optim.Optimizer) -> None:
    """The text tower then has no part in this step: none in the clipped norm, none in any moment."""
    for group in optimizer.param_groups:
        if group[TEXT_GROUP]:
            for value in group["params"]:
                value.grad = None


def backward(learner: Learner, batch: PairBatch) -> float:
    """Adds the loss's gradients to the model, averaged over workers; gives this worker's loss."""
    part = learner.recipe.micro_batch
    if part is None or part >= len(batch):
        loss = batch_loss(learner.embed(batch), batch, learner.recipe, learner.team)
        loss.backward()  # type: ignore[no-untyped-call]
        value = float(loss.detach())
    else:
        value = _cached_backward(learner, batch, batch.parts(part))
    if learner.sharded:
        average_scalars(learner.model, learner.team)
    return value


def _cached_backward(learner: Learner, batch: PairBatch, parts: list[PairBatch]) -> float:
    """The gradients of the whole batch with the memory of one part.

    Each part goes through the networks twice: first for its embeddings alone, from which the loss and its
    gradients at the embeddings follow; then again with those gradients. Dropout repeats what it did.

    Source: Gao et al. 2021, arXiv:2101.06983, section 3. A batch norm counts over one part (of all workers),
    not over the batch, and remembers only the second pass.
    """
    states, embedded = [], []
    with torch.no_grad(), still_statistics(learner.model):
        for part in parts:
            states.append(_random_state(learner.team.device))
            embedded.append(learner.embed(part))
    leaves = [tensor.requires_grad_() for tensor in _joined(embedded)]
    joined = _as_embedded(leaves, embedded)
    loss = batch_loss(joined, batch, learner.recipe, learner.team)
    loss.backward()  # type: ignore[no-untyped-call]
    start = 0
    for number, part in enumerate(parts):
        last = number + 1 == len(parts)
        ddp = learner.forward if isinstance(learner.forward, DistributedDataParallel) else None
        with (
            _random_from(states[number], learner.team.device),
            nullcontext() if last or ddp is None else ddp.no_sync(),
        ):
            again = learner.embed(part)
            rows = slice(start, start + len(part))
            pulled = [
                (tensor * leaf.grad[rows]).sum()
                for tensor, leaf in zip(_tensors(again), leaves, strict=False)
                if leaf.grad is not None
            ]
            if last:
                pulled += _scalar_pulls(again, joined)
            torch.stack(pulled).sum().backward()  # type: ignore[no-untyped-call]
        start += len(part)
    return float(loss.detach())


def _tensors(embedded: Embedded) -> list[Tensor]:
    local = [] if embedded.local is None else [embedded.local.regions, embedded.local.words]
    return [embedded.image, embedded.text, *local]


def _joined(embedded: list[Embedded]) -> list[Tensor]:
    """The parts' tensors end to end, then the scale and the bias."""
    columns = zip(*(_tensors(each) for each in embedded), strict=True)
    scalars = [embedded[0].logit_scale, *([] if embedded[0].logit_bias is None else [embedded[0].logit_bias])]
    return [torch.cat(list(column)) for column in columns] + [scalar.detach().clone() for scalar in scalars]


def _as_embedded(leaves: list[Tensor], embedded: list[Embedded]) -> Embedded:
    local, scalars = None, leaves[2:]
    if embedded[0].local is not None:
        masks = torch.cat([cast(LocalEmbedding, each.local).word_mask for each in embedded])
        local, scalars = LocalEmbedding(leaves[2], leaves[3], masks), leaves[4:]
    return Embedded(leaves[0], leaves[1], scalars[0], scalars[1] if len(scalars) > 1 else None, local)


def _scalar_pulls(again: Embedded, joined: Embedded) -> list[Tensor]:
    pairs = [(again.logit_scale, joined.logit_scale)]
    if again.logit_bias is not None and joined.logit_bias is not None:
        pairs.append((again.logit_bias, joined.logit_bias))
    return [value * leaf.grad for value, leaf in pairs if leaf.grad is not None]


def _random_state(device: torch.device) -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


@contextmanager
def _random_from(state: tuple[Tensor, Tensor | None], device: torch.device) -> Iterator[None]:
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.set_rng_state(state[0])
        if state[1] is not None:
            torch.cuda.set_rng_state(state[1], device)
        yield
