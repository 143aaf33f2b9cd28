"""Checkpoints that resume to the same loss: weights and optimiser state as safetensors, never a pickle."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from osteon.artefact import atomic_write
from training.sharding import divided_like, whole, whole_state

_MODEL, _OPTIMIZER = "model.", "optimizer."


@dataclass(frozen=True, kw_only=True)
class RunState:
    """Where a run stands, beside its tensors.

    Attributes:
        run_key: digest of recipe, data and seed; a checkpoint of another run is not resumed.
        step: optimiser steps done.
        elapsed_s: training time so far, over all starts.
        curve: what the run has logged, once per epoch.
        losses: of the steps since.
    """

    run_key: str
    step: int = 0
    elapsed_s: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


def save_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, state: RunState, *, writes: bool = True
) -> None:
    """Writes the whole run to one file, atomically: a kill leaves the earlier one.

    The file is the same however many workers the model is divided among; then all of them must call this.

    Args:
        writes: false for the workers that only give their parts.
    """
    tensors = {_MODEL + name: value.contiguous() for name, value in whole_state(model).items()}
    names = _numbered(model, optimizer)
    for number, slots in optimizer.state_dict()["state"].items():
        for slot, value in slots.items():
            one = whole(torch.as_tensor(value)).cpu().contiguous()
            tensors[f"{_OPTIMIZER}{names[number]}.{slot}"] = one
    if writes:
        atomic_write(path, save(tensors, metadata={"state": json.dumps(asdict(state))}))


def load_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, run_key: str) -> RunState:
    """Puts model and optimiser where the checkpoint left them; a fresh state when it is not this run's."""
    if not path.is_file():
        return RunState(run_key=run_key)
    try:
        with safe_open(path, framework="pt") as archive:
            state = RunState(**json.loads((archive.metadata() or {})["state"]))
            if state.run_key != run_key:
                return RunState(run_key=run_key)
            tensors = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, KeyError, TypeError, ValueError):
        return RunState(run_key=run_key)  # not a checkpoint of ours: the run starts again
    own = model.state_dict()
    model.load_state_dict(
        {name: divided_like(value, own[name]) for name, value in _under(_MODEL, tensors).items()}
    )
    numbers = {name: number for number, name in enumerate(_numbered(model, optimizer))}
    slots: dict[int, dict[str, Any]] = {}
    for key, value in _under(_OPTIMIZER, tensors).items():
        name, slot = key.rsplit(".", 1)
        slots.setdefault(numbers[name], {})[slot] = divided_like(value, own[name])
    optimizer.load_state_dict({**optimizer.state_dict(), "state": slots})
    return state


def _numbered(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[str]:
    """The names of the parameters in the order in which the optimiser numbers them."""
    names = {id(value): name for name, value in model.named_parameters()}
    return [names[id(value)] for group in optimizer.param_groups for value in group["params"]]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
