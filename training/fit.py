"""The fine-tuning loop: prepared pictures in, averaged weights out, on time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from osteon.models.preprocess import normalise
from osteon.models.task_model import TaskModel
from training.data import PreparedSet
from training.distortion import Distortion, distort, mixup
from training.pace import BFLOAT16_PAYS, Pace, Way, kept_threads
from training.schedule import Budget, learning_rate
from training.targets import distribution_loss, soft_targets

Batch = tuple[Tensor, Tensor, Tensor]
_LOSS_MEMORY = 0.98
_MIXED_PART = 0.5  # of the batches, where mixup is on
_CURVE_POINTS = 40


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How weights are learned.

    Attributes:
        epochs: passes over the rows when no time limit is given.
        max_epochs: passes after which even a time-limited run ends; `min_samples` keeps a small table
            from ending too early.
        start_size: side of training pictures in the first part of a run, 0 for full size at once
            (progressive resizing, Karras et al. 2018 for the idea; it buys epochs on a CPU).
        full_size_from: part of the run from which pictures have full size.
        encoder_rate: learning rate of a pretrained encoder as a part of the peak.
        average_decay: of the exponential mean of weights that is kept.
        unknown_sex: chance that a picture's sex is withheld, so that unknown stays answerable.
        label_sigma: spread of the soft target, in units of the label.
    """

    learning_rate: float = 1.5e-3
    encoder_rate: float = 0.5
    weight_decay: float = 0.05
    batch_size: int = 32
    epochs: int = 60
    max_epochs: int = 400
    min_samples: int = 12_000
    warmup: float = 0.08
    start_size: int = 0
    full_size_from: float = 0.5
    average_decay: float = 0.998
    clip_norm: float = 2.0
    label_sigma: float = 0.0
    l1_weight: float = 0.0
    unknown_sex: float = 0.05
    distortion: Distortion = field(default_factory=Distortion)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A trained model and how training went."""

    model: TaskModel
    steps: int
    samples: int
    loss_curve: tuple[float, ...]


def fit(
    model: TaskModel,
    data: PreparedSet,
    settings: FitSettings,
    budget: Budget,
    *,
    seed: int,
    pretrained: bool = False,
    progress: Callable[[float, float], None] | None = None,
) -> Fitted:
    """Trains `model` in place and gives the exponential mean of its weights.

    Args:
        budget: when to stop; the schedule is laid over it.
        pretrained: the encoder starts from learned weights, so it moves more slowly.
        progress: called with the part done (0 to 1) and the running loss.
    """
    with kept_threads() as threads:
        # Without a deadline the thread count stays, since it changes the last bits of a sum.
        pace = None if budget.deadline is None else Pace(threads)
        return _fit(
            model, data, settings, budget, seed=seed, pretrained=pretrained, pace=pace, progress=progress
        )


def _fit(
    model: TaskModel,
    data: PreparedSet,
    settings: FitSettings,
    budget: Budget,
    *,
    seed: int,
    pretrained: bool,
    pace: Pace | None,
    progress: Callable[[float, float], None] | None,
) -> Fitted:
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # dropout has no generator of its own
    batches = _Batches(data, settings.batch_size, generator)
    optimizer = _optimizer(model, settings, pretrained=pretrained)
    averaged = copy.deepcopy(model)
    curve: list[float] = []
    loss_mean, step = 0.0, 0
    way = Way(torch.get_num_threads(), BFLOAT16_PAYS)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    while (done := budget.progress) < 1.0 or step == 0:
        if pace:
            way = pace.begin()
            torch.set_num_threads(way.threads)
        rate = learning_rate(1.0, done, warmup=settings.warmup)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["peak"]
        batch = batches.take()
        small = settings.start_size if done < settings.full_size_from else 0
        loss = _batch_loss(model, batch, settings, small or batch[0].shape[-1], generator, way)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
        optimizer.step()
        step += 1
        budget.seen += len(batch[0])
        _average(averaged, model, min(settings.average_decay, (1 + step) / (10 + step)))
        loss_mean += (1 - _LOSS_MEMORY) * (loss.item() - loss_mean)
        if done * _CURVE_POINTS >= len(curve):
            curve.append(loss_mean / (1 - _LOSS_MEMORY**step))
        if pace:
            pace.end()
        if progress:
            progress(done, loss_mean / (1 - _LOSS_MEMORY**step))
    return Fitted(model=averaged.eval(), steps=step, samples=budget.seen, loss_curve=tuple(curve))


class _Batches:
    """Endless batches, each row once per epoch; an incomplete last batch is dropped."""

    def __init__(self, data: PreparedSet, batch_size: int, generator: torch.Generator) -> None:
        self._rows = data.tensors()
        self._size, self._generator = min(batch_size, len(data)), generator
        self._order, self._next = torch.empty(0, dtype=torch.long), 0

    def take(self) -> Batch:
        """Levels (B, H, W), labels (B,) and sex codes (B,)."""
        if self._next + self._size > len(self._order):
            self._order = torch.randperm(len(self._rows[0]), generator=self._generator)
            self._next = 0
        index_B = self._order[self._next : self._next + self._size]
        self._next += self._size
        levels_NHW, label_N, sex_N = self._rows
        return levels_NHW[index_B], label_N[index_B], sex_N[index_B]


def _batch_loss(
    model: TaskModel,
    batch: Batch,
    settings: FitSettings,
    size: int,
    generator: torch.Generator,
    way: Way,
) -> Tensor:
    levels_BHW, label_B, sex_B = batch
    values_K = model.head.values
    image_B1SS = distort(levels_BHW, settings.distortion, size, generator)
    target_BK = soft_targets(label_B, values_K, settings.label_sigma)
    withheld = torch.rand(len(sex_B), generator=generator) < settings.unknown_sex
    sex_B = torch.where(withheld, 0, sex_B)
    if settings.distortion.mixup and float(torch.rand(1, generator=generator)) < _MIXED_PART:
        image_B1SS, target_BK, label_B = mixup(
            image_B1SS, target_BK, label_B, settings.distortion.mixup, generator
        )
    image_B1SS = normalise(image_B1SS).contiguous(memory_format=torch.channels_last)
    model.train()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=way.bfloat16):
        logits_BK = model(image_B1SS, sex_B)
    return distribution_loss(logits_BK, target_BK, label_B, values_K, l1_weight=settings.l1_weight)


def _optimizer(model: TaskModel, settings: FitSettings, *, pretrained: bool) -> torch.optim.Optimizer:
    """AdamW with no decay on biases and norms; `peak` is each group's own highest rate."""
    encoder_rate = settings.learning_rate * (settings.encoder_rate if pretrained else 1.0)
    groups = []
    for part, rate in ((model.image_encoder, encoder_rate), (model.head, settings.learning_rate)):
        parameters = list(part.parameters())
        for decays in (True, False):
            chosen = [value for value in parameters if (value.ndim > 1) == decays]
            decay = settings.weight_decay if decays else 0.0
            groups.append({"params": chosen, "lr": rate, "peak": rate, "weight_decay": decay})
    return torch.optim.AdamW(groups, betas=(0.9, 0.99), fused=True)


@torch.no_grad()
def _average(averaged: nn.Module, model: nn.Module, decay: float) -> None:
    """Exponential mean of weights and of batch statistics (Tarvainen 2017, arXiv:1703.01780)."""
    kept, new = list(averaged.state_dict().values()), list(model.state_dict().values())
    floats = [index for index, value in enumerate(kept) if value.dtype.is_floating_point]
    torch._foreach_lerp_([kept[index] for index in floats], [new[index] for index in floats], 1 - decay)
    for index in set(range(len(kept))) - set(floats):
        kept[index].copy_(new[index])
