"""Random changes to a batch of prepared pictures that keep their answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Distortion:
    """How far a training picture may be changed.

    Attributes:
        rotation_degrees, log_scale, shift: largest turn, |log| of size change, and move as a part of
            the side.
        flip: mirror half of the pictures; only where neither label nor report names a side.
        gamma, contrast, brightness: largest change of each, on values in [0, 1].
        invert: chance to swap bone dark and bright, as found in files that say nothing of it.
        erase: chance to cover a rectangle, so that no single landmark decides.
        mixup: alpha of mixing pairs of pictures (Zhang et al. 2018, arXiv:1710.09412); 0 for none.
    """

    rotation_degrees: float = 15.0
    log_scale: float = 0.12
    log_aspect: float = 0.05
    shift: float = 0.06
    flip: bool = True
    gamma: float = 0.3
    contrast: float = 0.25
    brightness: float = 0.1
    invert: float = 0.03
    erase: float = 0.25
    mixup: float = 0.0


def distort(
    levels_BHW: Tensor,
    settings: Distortion,
    size: int,
    generator: torch.Generator,
    *,
    first: int = 0,
    total: int | None = None,
) -> Tensor:
    """Changed pictures (B, 1, size, size) in about [0, 1] from bytes (B, H, W), on their device.

    Args:
        first: position of these pictures among `total`; each changes as it would with all of them.
        total: pictures that the generator draws for; B by default.
    """
    draws = _Draws(generator, slice(first, first + len(levels_BHW)), total or len(levels_BHW))
    image_B1HW = levels_BHW[:, None].float() / 255
    moved = _move(image_B1HW, settings, size, draws)
    return _erase(_relight(moved, settings, draws), settings, draws)


@dataclass(frozen=True)
class _Draws:
    """Random numbers for `total` pictures, of which only those of `own` are wanted."""

    generator: torch.Generator
    own: slice
    total: int

    def uniform(self, reach: float) -> Tensor:
        """Numbers in [-reach, reach)."""
        return ((torch.rand(self.total, generator=self.generator) * 2 - 1) * reach)[self.own]

    def chosen(self, share: float) -> Tensor:
        """True with probability `share`."""
        return (torch.rand(self.total, generator=self.generator) < share)[self.own]


def mixup(
    image_BCHW: Tensor, target_BK: Tensor, value_B: Tensor, alpha: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """The batch blended with a shuffled copy of itself, answers in the same proportion."""
    share = float(_beta(alpha, generator))
    order = torch.randperm(len(image_BCHW), generator=generator)
    return (
        torch.lerp(image_BCHW[order], image_BCHW, share),
        torch.lerp(target_BK[order], target_BK, share),
        torch.lerp(value_B[order], value_B, share),
    )


def _move(image_B1HW: Tensor, settings: Distortion, size: int, draws: _Draws) -> Tensor:
    count = len(image_B1HW)
    angle = draws.uniform(settings.rotation_degrees) * (math.pi / 180)
    scale = draws.uniform(settings.log_scale).exp()
    aspect = draws.uniform(settings.log_aspect).exp()
    mirror = torch.ones(count)
    if settings.flip:
        mirror = torch.where(draws.chosen(0.5), -1.0, 1.0)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = (
        torch.stack([cos * aspect * mirror, -sin, 2 * draws.uniform(settings.shift)], dim=1),
        torch.stack([sin * mirror, cos / aspect, 2 * draws.uniform(settings.shift)], dim=1),
    )
    theta = torch.stack(rows, dim=1).to(image_B1HW.device)
    grid = F.affine_grid(theta, [count, 1, size, size], align_corners=False)
    return F.grid_sample(image_B1HW, grid, padding_mode="zeros", align_corners=False)


def _relight(image_B1HW: Tensor, settings: Distortion, draws: _Draws) -> Tensor:
    def each(reach: float) -> Tensor:
        return draws.uniform(reach).view(-1, 1, 1, 1).to(image_B1HW.device)

    lit = image_B1HW.clamp(1e-4, 1) ** each(settings.gamma).exp()
    lit = (lit - 0.5) * (1 + each(settings.contrast)) + 0.5 + each(settings.brightness)
    inverted = draws.chosen(settings.invert).to(lit.device)
    lit[inverted] = 1 - lit[inverted]
    return lit


def _erase(image_B1HW: Tensor, settings: Distortion, draws: _Draws) -> Tensor:
    size = image_B1HW.shape[-1]
    chosen = torch.rand(draws.total, generator=draws.generator) < settings.erase
    for index in torch.where(chosen)[0].tolist():
        part = torch.rand(5, generator=draws.generator).tolist()
        if not draws.own.start <= index < draws.own.stop:
            continue
        height, width = (max(1, int(size * (0.1 + 0.2 * part[axis]))) for axis in (0, 1))
        top, left = int(part[2] * (size - height)), int(part[3] * (size - width))
        image_B1HW[index - draws.own.start, :, top : top + height, left : left + width] = part[4]
    return image_B1HW


def _beta(alpha: float, generator: torch.Generator) -> Tensor:
    gamma = torch._standard_gamma(torch.full((2,), alpha), generator=generator)
    return gamma[0] / gamma.sum().clamp_min(1e-12)
