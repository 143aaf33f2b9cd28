"""The workers of one run: one process, or those that torchrun started."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Team:
    """Who this worker is among how many, and the device that it computes on."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_first(self) -> bool:
        """Whether this worker writes what the run leaves behind."""
        return self.rank == 0

    def mean(self, value: float) -> float:
        """The mean over the workers."""
        if self.size == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.all_reduce(shared)
        return float(shared) / self.size

    def from_first(self, value: float) -> float:
        """What the first worker says: clocks differ."""
        if self.size == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.broadcast(shared, src=0)
        return float(shared)

    def wait(self) -> None:
        """Returns when every worker has come here."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def joined_team() -> Iterator[Team]:
    """The team of this process: torchrun's (gloo on a CPU, NCCL on GPUs), an initialised one, or itself."""
    cuda = torch.cuda.is_available()
    started_here = dist.is_torchelastic_launched() and not dist.is_initialized()
    if started_here:
        _join_torchrun("nccl" if cuda else "gloo")
    device = torch.device("cpu")
    if cuda:
        local = dist.get_node_local_rank(0) if dist.is_torchelastic_launched() else 0
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    try:
        if dist.is_initialized():
            yield Team(rank=dist.get_rank(), size=dist.get_world_size(), device=device)
        else:
            yield Team(device=device)
    finally:
        if started_here:
            leave_team()


def leave_team() -> None:
    """Leaves the default group; what it holds is freed at the end of the process.

    DDP's reducer holds the group too. Were it the last to do so, it would free the group under the
    interpreter's lock and wait for the group's threads, which may wait for that lock: the worker would
    never end.
    """
    group = dist.group.WORLD
    if group is not None:
        _LEFT.append(group)
        dist.destroy_process_group()


_LEFT: list[dist.ProcessGroup] = []
atexit.register(_LEFT.clear)


def _join_torchrun(backend: str) -> None:
    """Joins the workers of this start; torchrun keeps one store over restarts, with the dead in it."""
    from torch.distributed.rendezvous import rendezvous

    store, rank, size = next(rendezvous("env://"))
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    fresh = dist.PrefixStore(f"attempt_{attempt}", store)  # type: ignore[attr-defined]
    dist.init_process_group(backend, store=fresh, rank=rank, world_size=size)


def _summed(value: Tensor) -> Tensor:
    """The sum over workers, with its gradient."""
    from torch.distributed.nn.functional import all_reduce

    total: Tensor = all_reduce(value)  # type: ignore[no-untyped-call]
    return total


class TeamBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the pictures of all workers, on any device.

    ``torch.nn.SyncBatchNorm`` refuses a CPU. Mean and variance are those of the whole batch, so that N
    workers take the step that one would take.
    """

    def forward(self, input: Tensor) -> Tensor:
        """As ``BatchNorm2d`` on the joined batch of all workers."""
        if not self.training:
            return super().forward(input)
        x_BCHW = input if input.dtype == torch.float64 else input.float()
        values: Tensor = _summed(x_BCHW.new_tensor([x_BCHW.numel() / x_BCHW.shape[1]]))
        mean_C = _summed(x_BCHW.sum(dim=(0, 2, 3))) / values
        centred_BCHW = x_BCHW - mean_C[:, None, None]
        variance_C = _summed(centred_BCHW.square().sum(dim=(0, 2, 3))) / values
        self._remember(mean_C.detach(), (variance_C * (values / (values - 1))).detach())
        scale_C = self.weight * torch.rsqrt(variance_C + self.eps)
        return (centred_BCHW * scale_C[:, None, None] + self.bias[:, None, None]).to(input.dtype)

    def _remember(self, mean_C: Tensor, variance_C: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.momentum is None:
            return
        with torch.no_grad():
            self.running_mean.lerp_(mean_C, self.momentum)
            self.running_var.lerp_(variance_C, self.momentum)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)


def share_batch_norms(model: nn.Module, team: Team) -> None:
    """Makes the model's batch norms count over all workers: torch's own on GPUs, ours on a CPU."""
    if team.size == 1:
        return
    for module in model.modules():
        for name, child in module.named_children():
            if type(child) is not nn.BatchNorm2d:
                continue
            if team.device.type == "cuda":
                setattr(module, name, nn.SyncBatchNorm.convert_sync_batchnorm(child))  # type: ignore[no-untyped-call]
            else:
                child.__class__ = TeamBatchNorm2d


@contextmanager
def still_statistics(model: nn.Module) -> Iterator[None]:
    """Batch norms that normalise by the batch and remember nothing of it, until the end of the context."""
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    kept = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    counts = [None if count is None else count.clone() for _, count in kept]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, _), count in zip(norms, kept, counts, strict=True):
            norm.momentum = momentum
            if count is not None and norm.num_batches_tracked is not None:
                norm.num_batches_tracked.copy_(count)
