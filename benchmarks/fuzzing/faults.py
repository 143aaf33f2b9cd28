"""The loop that breaks a whole input, and the faults that every form of input can have."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Fault = Callable[[bytes, random.Random], bytes]


def with_faults(draw: random.Random, whole: list[bytes], faults: Sequence[Fault], most: int) -> bytes:
    """One of the whole inputs with one to `most` faults, one after the other."""
    data = draw.choice(whole)
    for _ in range(draw.randint(1, most)):
        data = draw.choice(faults)(data, draw)
    return data


def cut(data: bytes, draw: random.Random) -> bytes:
    """The input ends too soon."""
    return data[: draw.randint(0, len(data))]


def doubling(longest: int, times: Sequence[int]) -> Fault:
    """A fault that says a piece of the input again, `times` once drawn."""

    def double(data: bytes, draw: random.Random) -> bytes:
        first = draw.randint(0, len(data))
        last = draw.randint(first, min(len(data), first + longest))
        return data[:last] + data[first:last] * draw.choice(times) + data[last:]

    return double


def insertion(pieces: Sequence[bytes]) -> Fault:
    """A fault that puts one of the pieces anywhere."""

    def insert(data: bytes, draw: random.Random) -> bytes:
        place = draw.randint(0, len(data))
        return data[:place] + draw.choice(pieces) + data[place:]

    return insert
