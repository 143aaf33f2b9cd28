"""Whether a saliency map depends on what was learned, and whether it points at the finding."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor, nn

from osteon.models.encoders import TimmImageEncoder
from osteon.models.saliency import MapMaker
from training.metrics import quantile_bounds, resampled

Floats = NDArray[np.float64]
Rectangle = tuple[float, float, float, float]
_SMALL_BATCH = 16


@dataclass(frozen=True, kw_only=True)
class RankCheck:
    """Spearman's rank correlation of maps with those of a randomised model, over pictures.

    Attributes:
        what: what was randomised.
        correlation, low, high: mean over pictures and its 95 % interval; near 1 means that the maps do not
            depend on it (Adebayo et al. 2018, arXiv:1810.03292).
        magnitude: mean without the sign; a map turned upside down counts as unchanged.
    """

    what: str
    correlation: float
    low: float | None
    high: float | None
    magnitude: float
    pictures: int


@dataclass(frozen=True, kw_only=True)
class Pointing:
    """The pointing game (Zhang et al. 2016, arXiv:1608.00507): is the map's highest place in a box?

    Attributes:
        hits: share of pictures, with its interval over patients.
        chance: mean share of the prepared square that boxes cover.
        centre: hits of always pointing at the picture's centre.
    """

    hits: float
    low: float | None
    high: float | None
    chance: float
    centre: float
    pictures: int


def rank_check(
    what: str, first: Floats, second: Floats, *, groups: Sequence[str], draws: int, seed: int = 0
) -> RankCheck:
    """How alike two sets of maps (B, h, w) rank their places; a constant map counts as no likeness."""
    each = []
    for one, other in zip(first, second, strict=True):
        if np.ptp(one) < 1e-12 or np.ptp(other) < 1e-12:
            each.append(0.0)
        else:
            each.append(float(spearmanr(one.ravel(), other.ravel()).statistic))
    each_B = np.asarray(each)
    low, high = quantile_bounds(
        np.asarray([each_B[index].mean() for index in resampled(len(each_B), groups, draws=draws, seed=seed)])
    )
    return RankCheck(
        what=what,
        correlation=float(each_B.mean()),
        low=low,
        high=high,
        magnitude=float(np.abs(each_B).mean()),
        pictures=len(each_B),
    )


def randomised(encoder: TimmImageEncoder, *, stages: int | None, seed: int) -> TimmImageEncoder:
    """A copy whose last stages, or all of it, have new weights: the cascade of Adebayo et al., section 3.1.

    Args:
        stages: how many of the last stages (a transformer's blocks) with weights; 0 for none, None for all.
    """
    other = copy.deepcopy(encoder)
    if stages == 0:
        return other.eval()
    parts = [part for part in _parts(other.network) if any(True for _ in part.parameters())]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for part in parts if stages is None else parts[-stages:]:
            for module in part.modules():
                reset = getattr(module, "reset_parameters", None)
                if callable(reset):
                    reset()
        if stages is None:
            for value in other.network.parameters(recurse=False):  # a transformer's places and class token
                nn.init.normal_(value, std=0.02)
    return other.eval()


def make_maps(maker: MapMaker, levels_NSS: NDArray[np.uint8]) -> Floats:
    """Maps (N, h, w) in small batches."""
    parts = [
        maker(torch.from_numpy(levels_NSS[start : start + _SMALL_BATCH]))
        for start in range(0, len(levels_NSS), _SMALL_BATCH)
    ]
    return np.asarray(torch.cat(parts).double().numpy())


def enlarged(maps_Nhw: Floats, size: int) -> Floats:
    """Maps at the side of the prepared picture, (N, S, S), bilinear."""
    maps: Tensor = torch.from_numpy(maps_Nhw)[:, None]
    large = nn.functional.interpolate(maps, (size, size), mode="bilinear", align_corners=False)
    return np.asarray(large[:, 0].numpy())


def pointing_game(
    maps_NSS: Floats,
    boxes: Sequence[Sequence[Rectangle]],
    *,
    groups: Sequence[str],
    draws: int,
    seed: int = 0,
) -> Pointing:
    """Hits of the highest place of each map.

    Args:
        maps_NSS: maps at the side of the prepared square.
        boxes: of each picture, as (x0, y0, x1, y1) in parts of the square's side.
    """
    size = maps_NSS.shape[-1]
    inside = [_mask(rectangles, size) for rectangles in boxes]
    best = [np.unravel_index(int(one.argmax()), one.shape) for one in maps_NSS]
    hit_N = np.asarray([mask[place] for mask, place in zip(inside, best, strict=True)], dtype=float)
    low, high = quantile_bounds(
        np.asarray([hit_N[index].mean() for index in resampled(len(hit_N), groups, draws=draws, seed=seed)])
    )
    return Pointing(
        hits=float(hit_N.mean()),
        low=low,
        high=high,
        chance=float(np.mean([mask.mean() for mask in inside])),
        centre=float(np.mean([mask[size // 2, size // 2] for mask in inside])),
        pictures=len(hit_N),
    )


def in_square(box: Rectangle, height: int, width: int) -> Rectangle:
    """A box of a picture of that shape, in parts of the square that `letterbox` centres it on.

    >>> in_square((0.0, 0.0, 1.0, 1.0), 200, 100)
    (0.25, 0.0, 0.75, 1.0)
    """
    side = max(height, width)
    left, top = (side - width) / 2, (side - height) / 2
    x0, y0, x1, y1 = box
    return (
        (left + x0 * width) / side,
        (top + y0 * height) / side,
        (left + x1 * width) / side,
        (top + y1 * height) / side,
    )


def _mask(rectangles: Sequence[Rectangle], size: int) -> NDArray[np.bool_]:
    mask = np.zeros((size, size), dtype=bool)
    for x0, y0, x1, y1 in rectangles:
        mask[
            int(y0 * size) : max(int(np.ceil(y1 * size)), 1), int(x0 * size) : max(int(np.ceil(x1 * size)), 1)
        ] = True
    return mask


def _parts(network: nn.Module) -> list[nn.Module]:
    """Stages in order: the network's own parts, and one by one what it holds as a list of blocks or stages.

    A residual block is no part of its own: its shortcut would carry what was learned around new weights.
    """
    parts: list[nn.Module] = []
    for name, child in network.named_children():
        parts += list(child.children()) if name in ("blocks", "stages") else [child]
    return parts
