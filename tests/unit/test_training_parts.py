"""Targets, schedule and distortion: the small parts of the fine-tuning loop."""

from __future__ import annotations

import math
import time

import pytest
import torch

from osteon.domain import Task
from osteon.models.task_model import task_values
from training.distortion import Distortion, distort, mixup
from training.schedule import Budget, learning_rate
from training.targets import distribution_loss, soft_targets

MONTHS = torch.tensor(task_values(Task.BONE_AGE))
STILL = Distortion(
    rotation_degrees=0, log_scale=0, log_aspect=0, shift=0, flip=False, gamma=0, contrast=0, brightness=0,
    invert=0, erase=0,
)  # fmt: skip


def test_a_soft_target_sums_to_one_and_has_the_label_as_its_mean() -> None:
    target = soft_targets(torch.tensor([100.0, 61.0]), MONTHS, 6.0)
    assert torch.allclose(target.sum(dim=1), torch.ones(2))
    assert torch.allclose(target @ MONTHS, torch.tensor([100.0, 61.0]), atol=0.05)


def test_a_spread_of_zero_is_one_hot() -> None:
    target = soft_targets(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0]), 0.0)
    assert torch.equal(target, torch.eye(2))


def test_the_loss_of_a_yes_no_task_is_the_textbook_cross_entropy() -> None:
    logits = torch.tensor([[0.0, 0.0], [0.0, math.log(3.0)]])
    label = torch.tensor([0.0, 1.0])
    values = torch.tensor([0.0, 1.0])
    loss = distribution_loss(logits, soft_targets(label, values, 0.0), label, values, l1_weight=0.0)
    assert loss.item() == pytest.approx((math.log(2) - math.log(0.75)) / 2)


def test_the_learning_rate_rises_and_ends_low() -> None:
    rates = [learning_rate(1.0, step / 100, warmup=0.1) for step in range(101)]
    assert max(rates) == pytest.approx(1.0)
    assert rates.index(max(rates)) == 10
    assert rates[-1] == pytest.approx(0.01)


def test_a_run_ends_when_its_time_is_up_or_its_pictures_are_seen() -> None:
    assert Budget(samples=10, seen=10).progress == 1.0
    assert Budget(samples=10**9, deadline=time.monotonic() - 1).progress == 1.0
    assert Budget(samples=10, seen=5, deadline=time.monotonic() + 1000).progress == pytest.approx(0.5)


def test_no_distortion_is_the_prepared_picture() -> None:
    levels = torch.randint(0, 256, (3, 20, 20), dtype=torch.uint8)
    changed = distort(levels, STILL, 20, torch.Generator().manual_seed(0))
    assert torch.allclose(changed[:, 0], (levels.float() / 255).clamp(min=1e-4), atol=1e-4)


def test_distortion_depends_on_its_generator_alone_and_gives_the_size_asked_for() -> None:
    levels = torch.randint(0, 256, (4, 32, 32), dtype=torch.uint8)
    first = distort(levels, Distortion(), 24, torch.Generator().manual_seed(7))
    torch.manual_seed(1)
    second = distort(levels, Distortion(), 24, torch.Generator().manual_seed(7))
    assert first.shape == (4, 1, 24, 24)
    assert torch.equal(first, second)


def test_without_flip_a_picture_is_never_mirrored() -> None:
    levels = torch.zeros((64, 32, 32), dtype=torch.uint8)
    levels[:, :, :8] = 255
    settings = Distortion(
        rotation_degrees=10, flip=False, invert=0, erase=0, brightness=0, contrast=0, gamma=0
    )
    changed = distort(levels, settings, 32, torch.Generator().manual_seed(0))
    assert bool((changed[..., :16].mean(dim=(1, 2, 3)) > changed[..., 16:].mean(dim=(1, 2, 3))).all())


def test_mixup_keeps_the_targets_distributions() -> None:
    target = torch.softmax(torch.randn(6, 5), dim=1)
    image, value = torch.rand(6, 1, 8, 8), torch.arange(6.0)
    mixed = mixup(image, target, value, 0.4, torch.Generator().manual_seed(0))
    assert torch.allclose(mixed[1].sum(dim=1), torch.ones(6))
    assert mixed[2].mean().item() == pytest.approx(2.5)
