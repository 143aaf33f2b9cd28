"""A model divided among the workers (FSDP2): parameters, gradients and optimiser moments, each a part.

For models that do not fit one device. Zhao et al. 2023 (arXiv:2304.11277); torch's `fully_shard`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor

from training.team import Team


def shard_model(model: nn.Module, team: Team) -> None:
    """Divides the parameters along their first dimension, block by block: one block at a time is whole.

    Scalars cannot be divided: every worker keeps them, and `average_scalars` makes their gradients one.
    Call before the optimiser is built, and run the model through its own `forward`.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(team.device.type, (team.size,))
    model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # it takes no other layout
    for block in _blocks(model):
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh, ignored_params={value for value in model.parameters() if value.ndim == 0})


def _blocks(module: nn.Module) -> Iterator[nn.Module]:
    """The outermost members of lists of layers that hold parameters: residual stages, transformer blocks."""
    for child in module.children():
        if isinstance(child, nn.Sequential | nn.ModuleList):
            yield from (block for block in child if any(True for _ in block.parameters()))
        else:
            yield from _blocks(child)


def average_scalars(model: nn.Module, team: Team) -> None:
    """The gradients of what is not divided become their mean over the workers."""
    for value in model.parameters():
        if value.grad is not None and not isinstance(value, DTensor):
            dist.all_reduce(value.grad)
            value.grad /= team.size


def clip_gradients(parameters: Iterable[nn.Parameter], most: float) -> None:
    """`clip_grad_norm_` over divided and whole parameters together: the norm is that of all gradients."""
    gradients = [value.grad for value in parameters if value.grad is not None]
    divided = [value for value in gradients if isinstance(value, DTensor)]
    kept = [value for value in gradients if not isinstance(value, DTensor)]
    parts = [whole(torch.nn.utils.get_total_norm(each)) for each in (divided, kept) if each]
    scale = (most / (torch.stack(parts).norm() + 1e-6)).clamp(max=1.0)
    for value in gradients:
        value.mul_(scale)


def whole(value: Tensor) -> Tensor:
    """The tensor itself, or all parts of a divided one; then every worker must ask for it."""
    return value.full_tensor() if isinstance(value, DTensor) else value


def divided_like(value: Tensor, other: Tensor) -> Tensor:
    """This worker's part of `value`, divided as `other` is; the tensor itself where `other` is whole.

    Every worker has the same `value`; nothing is sent.
    """
    if not isinstance(other, DTensor) or value.shape != other.shape:
        return value
    value = value.to(other.device)
    return distribute_tensor(value, other.device_mesh, other.placements, src_data_rank=None)


def whole_state(model: nn.Module) -> dict[str, Tensor]:
    """The state of the whole model, on the CPU; every worker must ask for it."""
    return {name: whole(value).detach().cpu() for name, value in model.state_dict().items()}


def split_by_division(values: Sequence[nn.Parameter]) -> list[list[nn.Parameter]]:
    """Divided parameters and whole ones apart, which no fused optimiser takes together; no empty list."""
    apart: list[list[nn.Parameter]] = [[], []]
    for value in values:
        apart[not isinstance(value, DTensor)].append(value)
    return [each for each in apart if each]
