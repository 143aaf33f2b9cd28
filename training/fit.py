"""The fine-tuning loop: prepared pictures in, averaged weights out, on time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from osteon.domain import Task
from osteon.models.preprocess import normalise
from osteon.models.task_model import TaskModel
from training.batches import Balance, Batch, Batches, PictureBatches, StudyBatches, balanced_weights
from training.data import PreparedSet
from training.distortion import Distortion, distort, mixup
from training.pace import BFLOAT16_PAYS, Pace, Way, kept_threads
from training.schedule import Budget, learning_rate
from training.studies import Studies
from training.targets import distribution_loss, pool_logits, soft_targets

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
        balance: `sampling` draws each class equally often and puts the table's own mix back into the
            head's bias afterwards, so that probabilities stay honest (Saerens et al. 2002, Neural
            Computation 14(1), equation 2.4).
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
    balance: Balance = "none"
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
    studies: Studies | None = None,
    pretrained: bool = False,
    progress: Callable[[float, float], None] | None = None,
) -> Fitted:
    """Trains `model` in place and gives the exponential mean of its weights; frozen ones are left alone.

    Args:
        studies: the answer is learned for studies, whose views' beliefs are pooled; None for pictures.
        budget: when to stop; the schedule is laid over it.
        pretrained: the encoder starts from learned weights, so it moves more slowly.
        progress: called with the part done (0 to 1) and the running loss.
    """
    with kept_threads() as threads:
        # Without a deadline the thread count stays, since it changes the last bits of a sum.
        pace = None if budget.deadline is None else Pace(threads)
        return _fit(
            model,
            data,
            settings,
            budget,
            studies=studies,
            seed=seed,
            pretrained=pretrained,
            pace=pace,
            progress=progress,
        )


def _fit(
    model: TaskModel,
    data: PreparedSet,
    settings: FitSettings,
    budget: Budget,
    *,
    studies: Studies | None,
    seed: int,
    pretrained: bool,
    pace: Pace | None,
    progress: Callable[[float, float], None] | None,
) -> Fitted:
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # dropout has no generator of its own
    batches, shift_K = _batches(model, data, studies, settings, generator)
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
        loss = _batch_loss(model, batch, settings, small or batch.levels.shape[-1], generator, way)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
        optimizer.step()
        step += 1
        budget.seen += len(batch.levels)
        _average(averaged, model, min(settings.average_decay, (1 + step) / (10 + step)))
        loss_mean += (1 - _LOSS_MEMORY) * (loss.item() - loss_mean)
        if done * _CURVE_POINTS >= len(curve):
            curve.append(loss_mean / (1 - _LOSS_MEMORY**step))
        if pace:
            pace.end()
        if progress:
            progress(done, loss_mean / (1 - _LOSS_MEMORY**step))
    with torch.no_grad():
        averaged.head.output.bias.add_(shift_K)
    return Fitted(model=averaged.eval(), steps=step, samples=budget.seen, loss_curve=tuple(curve))


def _batches(
    model: TaskModel,
    data: PreparedSet,
    studies: Studies | None,
    settings: FitSettings,
    generator: torch.Generator,
) -> tuple[Batches, Tensor]:
    """The batches, and what to add to the head's bias when they do not have the table's own mix (K,)."""
    label_N = torch.from_numpy((data.label if studies is None else studies.label).astype("float32"))
    values_K = model.head.values
    weight_N, shift_K = None, torch.zeros(len(values_K))
    if settings.balance == "sampling":
        weight_N = balanced_weights(label_N, Task.parse(model.config.task))
        target_NK = soft_targets(label_N, values_K, settings.label_sigma).double()
        drawn_K = (weight_N @ target_NK) / weight_N.sum()
        # A class that no row has is neither drawn nor there: it keeps its bias.
        own_K = torch.where(drawn_K > 0, target_NK.mean(dim=0), 1.0)
        shift_K = (own_K / torch.where(drawn_K > 0, drawn_K, 1.0)).log().float()
    if studies is None:
        return PictureBatches(data, settings.batch_size, generator, weight_N), shift_K
    return StudyBatches(data, studies, settings.batch_size, generator, weight_N), shift_K


def _batch_loss(
    model: TaskModel,
    batch: Batch,
    settings: FitSettings,
    size: int,
    generator: torch.Generator,
    way: Way,
) -> Tensor:
    label_B, values_K = batch.label, model.head.values
    image_B1SS = distort(batch.levels, settings.distortion, size, generator)
    target_BK = soft_targets(label_B, values_K, settings.label_sigma)
    withheld = torch.rand(len(batch.sex), generator=generator) < settings.unknown_sex
    sex_B = torch.where(withheld, 0, batch.sex)
    mixes = settings.distortion.mixup and batch.study is None
    if mixes and float(torch.rand(1, generator=generator)) < _MIXED_PART:
        image_B1SS, target_BK, label_B = mixup(
            image_B1SS, target_BK, label_B, settings.distortion.mixup, generator
        )
    image_B1SS = normalise(image_B1SS).contiguous(memory_format=torch.channels_last)
    model.train()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=way.bfloat16):
        logits_BK = model(image_B1SS, sex_B)
    if batch.study is not None:
        logits_BK = pool_logits(logits_BK, batch.study, Task.parse(model.config.task).kind)
    return distribution_loss(logits_BK, target_BK, label_B, values_K, l1_weight=settings.l1_weight)


def _optimizer(model: TaskModel, settings: FitSettings, *, pretrained: bool) -> torch.optim.Optimizer:
    """AdamW with no decay on biases and norms; `peak` is each group's own highest rate."""
    encoder_rate = settings.learning_rate * (settings.encoder_rate if pretrained else 1.0)
    groups = []
    for part, rate in ((model.image_encoder, encoder_rate), (model.head, settings.learning_rate)):
        parameters = [value for value in part.parameters() if value.requires_grad]
        for decays in (True, False):
            chosen = [value for value in parameters if (value.ndim > 1) == decays]
            decay = settings.weight_decay if decays else 0.0
            if not chosen:
                continue
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
