"""One preprocessing for training and serving: from a picture of any size to the square a model sees."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.domain import RefusedError, canonical_json, sha256_text
from osteon.models.extremes import extremes

if TYPE_CHECKING:
    from torch import Tensor

TensorOrArray = TypeVar("TensorOrArray", "Tensor", NDArray[np.float32])
Contrast = Literal["percentile", "local"]
PREPROCESS_NAME = "preprocess.json"
_ALGORITHM = 2  # raise it when the arithmetic below changes: old packages then refuse to load
_LEVELS = 255
_COMMON_SIDE = 256  # longest side of the pictures that osteon.pairs keeps: serving starts from there too
_LOCAL_RANGE = 3.0  # standard deviations either side of the local mean that the 256 levels span
_LOCAL_FLOOR = 0.03  # keeps noise in an empty background from being stretched to full contrast
_MEAN, _STD = 0.5, 0.25


class HasPixels(Protocol):
    """A picture as `osteon.dicom.read_picture` gives it."""

    @property
    def pixels(self) -> NDArray[np.float32]:
        """Float (H, W) in [0, 1], bone bright."""
        ...


@dataclass(frozen=True, kw_only=True)
class Preprocess:
    """Settings of the one path that training, evaluation, the command line and the server share.

    Attributes:
        size: side S of the prepared square, in pixels.
        low_percentile, high_percentile: these stretch to 0 and 1; lead markers and collimator
            borders lie outside them.
        contrast: `percentile` stops there; `local` then divides the difference from the local mean
            by the local standard deviation, so that exposure and vendor look count less.
        local_scale: Gaussian sigma of "local" as a part of S.
    """

    size: int = 128
    low_percentile: float = 1.0
    high_percentile: float = 99.0
    contrast: Contrast = "percentile"
    local_scale: float = 0.1
    algorithm: int = _ALGORITHM

    def __post_init__(self) -> None:
        if self.algorithm != _ALGORITHM:
            raise RefusedError(
                f"preprocessing of version {_ALGORITHM}", "another version", "fine-tune the model again"
            )

    @property
    def version(self) -> str:
        """Short digest of all settings: equal versions prepare equal tensors."""
        return sha256_text(canonical_json(asdict(self)))[:12]

    def prepare(self, picture: HasPixels | NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """The picture as float32 (S, S) in [0, 1], on 256 levels; deterministic.

        The levels make a training cache of bytes and the serving path give the same tensor.
        """
        return self.prepare_levels(picture).astype(np.float32) / np.float32(_LEVELS)

    def prepare_levels(self, picture: HasPixels | NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
        """The same as bytes (S, S), for a training cache."""
        pixels = picture if isinstance(picture, np.ndarray) else picture.pixels
        if pixels.ndim != 2 or 0 in pixels.shape:
            raise RefusedError(
                "a two-dimensional picture", f"{pixels.ndim} dimensions", "send one grayscale radiograph"
            )
        small = shrink(np.asarray(pixels, dtype=np.float32), max(_COMMON_SIDE, self.size))
        square = letterbox(self._stretch(small), self.size)
        if self.contrast == "local":
            square = _local_contrast(square, self.local_scale * self.size)
        square *= np.float32(_LEVELS)
        return np.rint(square, out=square).astype(np.uint8)

    def tensor(self, prepared: NDArray[np.float32]) -> Tensor:
        """The prepared square as a model's input, float32 (1, S, S)."""
        import torch

        return normalise(torch.from_numpy(np.ascontiguousarray(prepared))[None])

    def _stretch(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        sample = pixels[:: max(1, pixels.shape[0] // 512), :: max(1, pixels.shape[1] // 512)]
        low, high = extremes(sample, self.low_percentile, self.high_percentile)
        if high - low < 1e-6:  # a picture of one level, or all bone in the tails
            low, high = float(pixels.min()), float(pixels.max())
        # In place: each new array of a large picture costs more than its arithmetic.
        stretched = pixels - np.float32(low)
        stretched /= np.float32(max(high - low, 1e-6))
        return np.clip(stretched, np.float32(0), np.float32(1), out=stretched)

    def save(self, folder: Path) -> Path:
        """Writes preprocess.json with the version, and gives its path."""
        path = folder / PREPROCESS_NAME
        path.write_text(
            json.dumps({**asdict(self), "version": self.version}, indent=2, sort_keys=True) + "\n",
            encoding="utf-8",
        )
        return path

    @classmethod
    def load(cls, folder: Path) -> Preprocess:
        """The settings that `save` wrote; RefusedError when they are not whole or were edited."""
        try:
            fields = json.loads((folder / PREPROCESS_NAME).read_text(encoding="utf-8"))
            version = fields.pop("version")
            preprocess = cls(**fields)
        except FileNotFoundError:
            raise RefusedError(
                "a model package", "a folder without preprocess.json", "name the folder that finetune wrote"
            ) from None
        except (TypeError, ValueError, KeyError, AttributeError):
            raise RefusedError(
                "a preprocess.json of this version", "other fields", "fine-tune the model again"
            ) from None
        if preprocess.version != version:
            raise RefusedError(
                "a preprocess.json as it was written", "a changed one", "fine-tune the model again"
            )
        return preprocess


def normalise(level: TensorOrArray) -> TensorOrArray:
    """Prepared values in [0, 1] to about zero mean and unit spread: what encoders take.

    A float32 array and a float32 tensor of equal values give equal bits.
    """
    return (level - _MEAN) / _STD


def shrink(pixels: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The picture with its longest side at most `side`, areas averaged; a smaller one is left as it is.

    The range is stretched after this step, so that the noise of a large picture does not widen it.
    """
    height, width = pixels.shape
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA), dtype=np.float32)


def letterbox(pixels: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """The picture scaled to longest side `size` and centred on a black square, aspect kept.

    Averages areas when it shrinks (no aliasing of trabeculae), cubic when it grows.
    """
    height, width = pixels.shape
    scale = size / max(height, width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    if (new_height, new_width) != (height, width):
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        pixels = np.clip(cv2.resize(pixels, (new_width, new_height), interpolation=how), 0.0, 1.0)
    square = np.zeros((size, size), dtype=np.float32)
    top, left = (size - new_height) // 2, (size - new_width) // 2
    square[top : top + new_height, left : left + new_width] = pixels
    return square


def _local_contrast(square: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Each pixel against the mean and spread around it, mapped to [0, 1] with 0.5 as the local mean.

    Source: subtractive and divisive normalisation, Jarrett et al. 2009, "What is the best multi-stage
    architecture for object recognition?", section 2.1.
    """
    mean = cv2.GaussianBlur(square, (0, 0), sigma)
    variance = cv2.GaussianBlur(square * square, (0, 0), sigma) - mean * mean
    spread = np.sqrt(np.maximum(variance, 0.0)) + _LOCAL_FLOOR
    normal = np.clip((square - mean) / spread, -_LOCAL_RANGE, _LOCAL_RANGE)
    return np.asarray(normal / (2 * _LOCAL_RANGE) + 0.5, dtype=np.float32)
