"""Which cells of a picture are writing: a small convolutional network, run by onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.deid.pixels.box import Box
from osteon.deid.pixels.grey import Grey
from osteon.deid.pixels.tiles import TILE, likely_rectangles, tiles_near

CELL = 4  # pixels along one side
_STRIDE = 8  # inputs are padded to a multiple of it
KINDS = 2  # writing; a lone letter or shape
_GROUND, _WRITING, _WORD, _LONE = range(4)  # the network's own: words of position markers are writing here


@lru_cache(maxsize=1)
def _network() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # pictures are spread over processes
    options.inter_op_num_threads = 1
    content = (files("osteon.deid.pixels") / "data" / "writing.onnx").read_bytes()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier look found at one size of the picture, and where it was changed since.

    Attributes:
        kinds: as `kinds_in` gave them.
        changed: in pixels of that size.
        closer: the kinds are a second opinion's, which shows faint strokes of bone more evenly, too.
    """

    kinds: NDArray[np.float32]
    changed: list[Box]
    closer: bool = False


def kinds_in(grey: Grey, earlier: Earlier | None = None) -> NDArray[np.float32]:
    """The probability of writing and of a lone letter or shape in each cell, (2, rows / 4, columns / 4).

    Letters 8 to 26 pixels high are what the network knows; larger ones are found in a smaller copy of the
    picture. Of a picture seen earlier, only what changed and what is beside it is looked at.
    """
    shape = -(-grey.shape[0] // CELL), -(-grey.shape[1] // CELL)
    if earlier is None:
        found, near = np.zeros((KINDS, *shape), np.float32), None
    else:
        near = tiles_near(earlier.changed, grey.shape)
        anew = near.repeat(TILE // CELL, 0).repeat(TILE // CELL, 1)[: shape[0], : shape[1]]
        found = np.where(anew, np.float32(0), earlier.kinds)
        if not near.any():
            return found
    for box in likely_rectangles(grey, near):
        top, left = box.top // _STRIDE * _STRIDE, box.left // _STRIDE * _STRIDE
        kinds = kinds_of(grey[top : box.bottom, left : box.right])
        part = found[:, top // CELL :, left // CELL :][:, : kinds.shape[1], : kinds.shape[2]]
        np.maximum(part, kinds, out=part)
    return found


def kinds_of(crop: Grey) -> NDArray[np.float32]:
    """What `kinds_in` says of each cell of a piece of a picture, all of it looked at."""
    rows, columns = crop.shape
    wide = np.pad(crop, ((0, -rows % _STRIDE), (0, -columns % _STRIDE)), mode="edge")
    kinds = _network().run(None, {"grey": wide[None, None]})[0][0]
    found = np.stack([kinds[_WRITING] + kinds[_WORD], kinds[_LONE]])
    return np.asarray(found[:, : -(-rows // CELL), : -(-columns // CELL)], np.float32)
