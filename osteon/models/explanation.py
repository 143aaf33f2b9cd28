"""Why a task model answered as it did: where in a picture the answer comes from, and that as an overlay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from osteon.dicom import Picture
from osteon.domain import Kind, Task, UsageError
from osteon.models.encoders import TimmImageEncoder
from osteon.models.package import Package
from osteon.models.saliency import MapMaker, hires_cam
from osteon.models.task_config import sex_code
from osteon.models.task_model import TaskModel

if TYPE_CHECKING:
    from osteon.models.dual_package import DualPackage

RESEARCH_LINE = "RESEARCH USE ONLY - NOT FOR DIAGNOSIS"
_LONGEST_PX = 1024
_LEAST_PX = 512  # a smaller picture is enlarged, so that the line below it can be read
_OPACITY = 0.55
_FAINT = 0.25  # of the highest place: below it nothing is coloured


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """Where an answer comes from.

    Attributes:
        heat: (H, W) of the picture, float32 in [0, 1]; 1 at the place that speaks most for the answer, 0
            where nothing does or something speaks against it.
        peak: that place, or the one that speaks least against it, as (x, y) in parts of width and height.
    """

    heat: NDArray[np.float32]
    peak: tuple[float, float]


def answer_maps(model: TaskModel, sex_B: Tensor) -> MapMaker:
    """Signed maps (B, h, w) of what speaks for yes, or for a higher grade or measure; mirrored ones added.

    The score is the log-odds of yes, or the expectation over the task's values.
    """
    binary = Task.parse(model.config.task).kind is Kind.BINARY

    def score(feature_BF: Tensor) -> Tensor:
        logits_BK = cast(Tensor, model.head(feature_BF, sex_B[: len(feature_BF)])).float()
        if binary:
            return logits_BK[:, 1] - logits_BK[:, 0]
        return logits_BK.softmax(dim=1) @ model.head.values

    maker = hires_cam(model.image_encoder, score)

    def maps(levels_BSS: Tensor) -> Tensor:
        found = maker(levels_BSS)
        return found + maker(levels_BSS.flip(-1)).flip(-1) if model.config.flip_average else found

    return maps


def explain(package: Package, picture: Picture, *, sex: str | None = None) -> Explanation:
    """The explanation of the package's answer about a picture; the same picture gives the same bytes."""
    levels = torch.from_numpy(package.preprocess.prepare_levels(picture))[None]
    sex_B = torch.tensor([sex_code(sex or picture.sex)])
    return _on_picture(answer_maps(package.model, sex_B)(levels)[0].numpy(), picture)


def explain_phrase(package: DualPackage, picture: Picture, phrase: str) -> Explanation:
    """Where in a picture a dual encoder finds what a phrase says: the word map of a French (or any) phrase.

    The score is the cosine of the picture's and the phrase's embeddings; the mirror image is not asked, since
    a phrase may say left or right.

    Raises:
        UsageError: an empty phrase.
    """
    if not phrase.strip():
        raise UsageError("a phrase", "an empty text", "say what to look for")
    model = package.model
    token_1L = package.tokenizer.encode([phrase])
    with torch.no_grad():
        text_1D = model.encode_text(token_1L)

    def score(feature_BF: Tensor) -> Tensor:
        return torch.cosine_similarity(model.projection_head(feature_BF), text_1D)

    maker = hires_cam(cast(TimmImageEncoder, model.image_encoder), score)
    levels = torch.from_numpy(package.preprocess.prepare_levels(picture))[None]
    return _on_picture(maker(levels)[0].numpy(), picture)


def _on_picture(map_hw: NDArray[np.float32], picture: Picture) -> Explanation:
    """A map of the prepared square as an explanation of the picture in it."""
    heat = unboxed(map_hw, picture.pixels.shape[0], picture.pixels.shape[1])
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    heat = np.asarray(np.maximum(heat, 0) / max(float(heat.max()), 1e-12), np.float32)
    return Explanation(
        heat=heat, peak=((float(column) + 0.5) / heat.shape[1], (float(row) + 0.5) / heat.shape[0])
    )


def unboxed(map_hw: NDArray[np.floating], height: int, width: int) -> NDArray[np.float32]:
    """A map of the prepared square, on the picture that lies centred in it, (height, width); bilinear."""
    side = max(height, width)
    scale = map_hw.shape[0] / side
    # Centre of each pixel in the square, as cv2.resize counts places.
    x = ((np.arange(width) + 0.5 + (side - width) / 2) * scale - 0.5).astype(np.float32)
    y = ((np.arange(height) + 0.5 + (side - height) / 2) * scale - 0.5).astype(np.float32)
    grid_x, grid_y = np.meshgrid(x, y)
    found = cv2.remap(
        np.asarray(map_hw, np.float32), grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(found, np.float32)


def overlay(picture: Picture, explanation: Explanation, words: str) -> NDArray[np.uint8]:
    """The picture in gray with the heat in colour and a black line of words below, (rows, columns, 3), RGB.

    Args:
        words: task and model version; RESEARCH_LINE is burned in beside them, whatever they say.
    """
    height, width = picture.pixels.shape
    longest = min(max(height, width, _LEAST_PX), _LONGEST_PX)
    scale = longest / max(height, width)
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    gray = np.clip(cv2.resize(picture.pixels, shape, interpolation=how), 0, 1)
    heat = np.clip(cv2.resize(explanation.heat, shape, interpolation=cv2.INTER_LINEAR), 0, 1)
    colour = cv2.applyColorMap(np.rint(heat * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1] / 255.0
    weight = (_OPACITY * np.clip((heat - _FAINT) / (1 - _FAINT), 0, 1))[..., None]
    mixed = np.rint(255 * ((1 - weight) * gray[..., None] + weight * colour)).astype(np.uint8)
    return np.concatenate([mixed, _footer(mixed.shape[1], (RESEARCH_LINE, words))])


def _footer(width: int, lines: tuple[str, ...]) -> NDArray[np.uint8]:
    """Lines of white words on black, each as wide as it may be."""
    rows = 26
    foot = np.zeros((rows * len(lines) + 8, width, 3), np.uint8)
    for number, line in enumerate(lines):
        (wide, _), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 1)
        size = 0.6 * min(1.0, (width - 12) / max(wide, 1))
        place = (6, rows * (number + 1) - 4)
        cv2.putText(foot, line, place, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), 1, cv2.LINE_AA)
    return foot
