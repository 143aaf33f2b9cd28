"""What a picture shows before any task is asked: a limb's radiograph, or something no model judges.

A small convolutional network, run by onnxruntime, that `benchmarks.foreign.fit` fitted; it is shipped with
the product, knows no patient, and is asked before and beside each task's model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.models.preprocess import HasPixels, Preprocess

SIDE = 64
EMBEDDING = 32
LIMBS = ("hand", "knee", "forearm", "ankle")
KINDS = (*LIMBS, "chest", "skull", "scan", "photograph", "document", "noise")
_PREPROCESS = Preprocess(size=SIDE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recognition:
    """What the recogniser sees in pictures.

    Attributes:
        probability: over KINDS, (B, K), float64.
        vector: where the pictures lie for it, (B, EMBEDDING), float64; near pictures look alike.
    """

    probability: NDArray[np.float64]
    vector: NDArray[np.float64]

    @property
    def foreign(self) -> NDArray[np.float64]:
        """Log-odds that a picture is none of a limb, (B,)."""
        limb = self.probability[:, : len(LIMBS)].sum(axis=1)
        limb = np.clip(limb, 1e-7, 1 - 1e-7)
        return np.asarray(np.log((1 - limb) / limb))


def recognise(levels_BSS: NDArray[np.uint8]) -> Recognition:
    """What prepared bytes (B, SIDE, SIDE) of `recognisable` show; each picture is looked at alone."""
    kinds, vectors = [], []
    for levels in levels_BSS:
        given = (levels.astype(np.float32) / np.float32(255))[None, None]
        one_1K, vector_1E = _network().run(["kinds", "vector"], {"levels": given})
        kinds.append(one_1K[0])
        vectors.append(vector_1E[0])
    logit_BK = np.asarray(kinds, dtype=np.float64).reshape(-1, len(KINDS))
    shifted = np.exp(logit_BK - logit_BK.max(axis=1, keepdims=True)) if len(logit_BK) else logit_BK
    return Recognition(
        probability=shifted / shifted.sum(axis=1, keepdims=True) if len(logit_BK) else shifted,
        vector=np.asarray(vectors, dtype=np.float64).reshape(-1, EMBEDDING),
    )


def recognisable(picture: HasPixels | NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """The picture as the recogniser takes it, (SIDE, SIDE)."""
    return _PREPROCESS.prepare_levels(picture)


@lru_cache(maxsize=1)
def _network() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    content = (files("osteon.models") / "data" / "recogniser.onnx").read_bytes()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
