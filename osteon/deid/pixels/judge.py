"""A verdict learned beforehand: boosted trees over measures, as plain numbers in a file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Judge:
    """Trees as arrays (trees, nodes); a leaf points to itself."""

    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    below: NDArray[np.int16]
    above: NDArray[np.int16]
    value: NDArray[np.float32]
    start: float
    depth: int

    def __call__(self, measures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log odds of being text, one per row of measures."""
        if not len(measures):
            return np.zeros(0, np.float32)
        trees = np.arange(len(self.feature))
        node = np.zeros((len(measures), len(trees)), np.intp)
        rows = np.arange(len(measures))[:, None]
        for _ in range(self.depth):
            left = measures[rows, self.feature[trees, node]] <= self.threshold[trees, node]
            node = np.where(left, self.below[trees, node], self.above[trees, node])
        return np.asarray(self.start + self.value[trees, node].sum(1), np.float32)


@lru_cache(maxsize=4)
def load_judge(name: str) -> Judge:
    """The judge that comes with the package under this name; see benchmarks/deid_pixels/fit.py."""
    content = (files("osteon.deid.pixels") / "data" / f"{name}.npz").read_bytes()
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return Judge(
            arrays["feature"], arrays["threshold"], arrays["below"], arrays["above"], arrays["value"],
            float(arrays["start"]), int(arrays["depth"]),
        )  # fmt: skip
