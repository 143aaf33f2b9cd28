"""Centres of inverted lists by spherical k-means, and which list a vector belongs to.

numpy's matrix product does here in one second what the product inside faiss's wheel does in five or more.
N vectors, L lists, D dimensions.

Source: Dhillon and Modha 2001, "Concept decompositions for large sparse text data using clustering".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BLOCK = 8192
_ITERATIONS = 5


def centres_of(sample_ND: NDArray[np.float32], lists: int, *, seed: int = 0) -> NDArray[np.float32]:
    """Unit-norm centres (L, D); the same sample gives the same ones.

    A list that no vector of the sample belongs to begins anew at one of them.
    """
    random = np.random.default_rng(seed)
    centre_LD = sample_ND[random.choice(len(sample_ND), lists, replace=len(sample_ND) < lists)].copy()
    for _ in range(_ITERATIONS):
        list_N = nearest_list(sample_ND, centre_LD)
        order = np.argsort(list_N, kind="stable")
        filled, start = np.unique(list_N[order], return_index=True)
        centre_LD = sample_ND[random.integers(0, len(sample_ND), lists)].copy()
        centre_LD[filled] = np.add.reduceat(sample_ND[order], start, axis=0)
        centre_LD /= np.maximum(np.linalg.norm(centre_LD, axis=1, keepdims=True), 1e-12)
    return np.ascontiguousarray(centre_LD, dtype=np.float32)


def nearest_list(vectors_ND: NDArray[np.float32], centre_LD: NDArray[np.float32]) -> NDArray[np.int64]:
    """Number (N,) of the centre with the largest cosine."""
    found = np.zeros(len(vectors_ND), dtype=np.int64)
    for start in range(0, len(vectors_ND), _BLOCK):
        scores = vectors_ND[start : start + _BLOCK] @ centre_LD.T
        found[start : start + _BLOCK] = scores.argmax(axis=1)
    return found
