"""What one torchrun worker of a test does: the gradients of one step, written by the first."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors.torch import save_file
from torch import nn
from torch.distributed.tensor import DTensor

from osteon.models.preprocess import Preprocess
from training.pair_batch import StepBatches
from training.pair_data import load_pairs
from training.pretrain_model import build_model, build_tokenizer
from training.pretrain_recipes import PretrainRecipe, tiny
from training.pretrain_step import backward, make_learner
from training.sharding import whole
from training.team import joined_team, leave_team, share_batch_norms

BATCH = 16


def recipe_of(loss: str, **fields: Any) -> PretrainRecipe:
    """A tiny recipe of a loss, in float32: half the digits of bfloat16 would hide what is compared."""
    return replace(tiny(), loss=loss, batch_studies=BATCH, precision="float32", size=64, **fields)


def gradients(data: Path, recipe: PretrainRecipe, *, train_mode: bool) -> dict[str, torch.Tensor]:
    """Gradients and loss of the first batch, on this process's team."""
    with joined_team() as team:
        train = load_pairs(data, "train", Preprocess(size=recipe.size))
        tokenizer = build_tokenizer(recipe, train)
        model = build_model(recipe, tokenizer, 0, device=team.device)
        learner = make_learner(model, recipe, team)
        if recipe.shard_parameters and team.size > 1:
            assert all(isinstance(value, DTensor) for value in model.parameters() if value.ndim)
        learner.forward.train(train_mode)
        batches = StepBatches(train, recipe, tokenizer, 0, BATCH, team.rank, team.size)
        loss = team.mean(backward(learner, batches[0].ready(recipe, team.device)))
        named = model.named_parameters()
        found = {
            name: whole(value.grad).contiguous().clone() for name, value in named if value.grad is not None
        }
        buffers = {f"buffer.{name}": value.clone() for name, value in model.named_buffers()}
        return found | buffers | {"loss": torch.tensor(loss, dtype=torch.float64)}


def batch_norm_gradients() -> dict[str, torch.Tensor]:
    """What a batch norm makes of a batch that the team shares, and its mean gradients, in float64."""
    with joined_team() as team:
        net = nn.Sequential(nn.BatchNorm2d(3), nn.Tanh()).double()
        share_batch_norms(net, team)
        generator = torch.Generator().manual_seed(0)
        whole = torch.randn(8, 3, 5, 5, generator=generator, dtype=torch.float64) * 3 + 1
        part = 8 // team.size
        net(whole[team.rank * part : (team.rank + 1) * part]).square().mean().backward()
        found = {f"buffer.{name}": value.clone() for name, value in net.named_buffers()}
        for name, value in net.named_parameters():
            assert value.grad is not None
            if team.size > 1:
                dist.all_reduce(value.grad)
            found[name] = value.grad / team.size
        return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--micro-batch", type=int)
    parser.add_argument("--shard", action="store_true")
    arguments = parser.parse_args()
    dist.init_process_group("gloo")  # once for all cases: starting costs more than they do
    norm = batch_norm_gradients()
    if dist.get_rank() == 0:
        (arguments.output / "norm").mkdir()
        save_file(norm, arguments.output / "norm" / "norm.safetensors")
    for loss in ("clip", "sigmoid", "gloria"):
        for train_mode in (False, True) if arguments.micro_batch is None else (False,):
            found = gradients(
                arguments.data,
                recipe_of(loss, micro_batch=arguments.micro_batch, shard_parameters=arguments.shard),
                train_mode=train_mode,
            )
            if dist.get_rank() == 0:
                name = f"{loss}-{'train' if train_mode else 'eval'}.safetensors"
                save_file(found, arguments.output / name)
    dist.barrier()
    leave_team()


if __name__ == "__main__":
    main()
