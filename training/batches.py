"""Which pictures a training step sees: single ones or the views of studies, as they come or classes alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from osteon.domain import Kind, Task, UsageError
from training.data import PreparedSet
from training.studies import Studies

Balance = Literal["none", "sampling"]
_MOST_VIEWS = 4  # of a study in one step; another step draws others


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one step learns from.

    Attributes:
        levels: bytes (B, H, W). sex: codes (B,).
        label: answers, one per picture, or one per study where `study` is given.
        study: number of each picture's study within the batch, (B,); None for single pictures.
    """

    levels: Tensor
    label: Tensor
    sex: Tensor
    study: Tensor | None = None


class Batches(Protocol):
    """An endless source of batches."""

    def take(self) -> Batch:
        """The next batch."""
        ...


class _Order:
    """Endless numbers, each once per epoch, or drawn by weight; an incomplete last batch is dropped."""

    def __init__(
        self, count: int, size: int, generator: torch.Generator, weight_N: Tensor | None = None
    ) -> None:
        self._count, self._size, self._generator = count, min(size, count), generator
        self._weight_N = weight_N
        self._order, self._next = torch.empty(0, dtype=torch.long), 0

    def take(self) -> Tensor:
        """The next numbers, (size,)."""
        if self._next + self._size > len(self._order):
            if self._weight_N is None:
                self._order = torch.randperm(self._count, generator=self._generator)
            else:
                self._order = torch.multinomial(
                    self._weight_N, self._count, replacement=True, generator=self._generator
                )
            self._next = 0
        chosen = self._order[self._next : self._next + self._size]
        self._next += self._size
        return chosen


class PictureBatches:
    """Batches of single pictures."""

    def __init__(
        self, data: PreparedSet, size: int, generator: torch.Generator, weight_N: Tensor | None = None
    ) -> None:
        self._rows = data.tensors()
        self._order = _Order(len(data), size, generator, weight_N)

    def take(self) -> Batch:
        """The next batch."""
        index_B = self._order.take()
        levels_NHW, label_N, sex_N = self._rows
        return Batch(levels=levels_NHW[index_B], label=label_N[index_B], sex=sex_N[index_B])


class StudyBatches:
    """Batches of whole studies with about `size` pictures, at most four views of each."""

    def __init__(
        self,
        data: PreparedSet,
        studies: Studies,
        size: int,
        generator: torch.Generator,
        weight_S: Tensor | None = None,
    ) -> None:
        self._rows = data.tensors()
        self._label_S = torch.from_numpy(studies.label.astype(np.float32))
        order = np.argsort(studies.index, kind="stable")
        ends = np.cumsum(np.bincount(studies.index))[:-1]
        self._views = [torch.from_numpy(part) for part in np.split(order, ends)]
        seen = np.mean([min(len(views), _MOST_VIEWS) for views in self._views])
        self._order = _Order(len(studies), max(2, round(size / float(seen))), generator, weight_S)
        self._generator = generator

    def take(self) -> Batch:
        """The next batch."""
        chosen = self._order.take()
        parts = [self._some(self._views[number]) for number in chosen.tolist()]
        index_B = torch.cat(parts)
        study_B = torch.repeat_interleave(
            torch.arange(len(parts)), torch.tensor([len(part) for part in parts])
        )
        return Batch(
            levels=self._rows[0][index_B],
            label=self._label_S[chosen],
            sex=self._rows[2][index_B],
            study=study_B,
        )

    def _some(self, views: Tensor) -> Tensor:
        if len(views) <= _MOST_VIEWS:
            return views
        return views[torch.randperm(len(views), generator=self._generator)[:_MOST_VIEWS]]


def balanced_weights(label_N: Tensor, task: Task) -> Tensor:
    """Weights (N,) with which each class is drawn equally often.

    Raises:
        UsageError: the task is a measure, which has no classes.
    """
    if task.kind is Kind.REGRESSION:
        raise UsageError(
            "a task with classes to balance", f"{task.value}, a measure", "leave the balance at none"
        )
    _, code_N, count_K = torch.unique(label_N, return_inverse=True, return_counts=True)
    weight_N: Tensor = 1.0 / count_K[code_N].double()
    return weight_N
