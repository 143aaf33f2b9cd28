"""What the gate judges: the answers of champion and challenger to the same labelled pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitoring.statistics.result import Floats
from osteon.domain import Kind, Task

UNSURE = 0.5  # what an abstention of a yes/no model says


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One model's answers to n pictures.

    Attributes:
        value: probability or measure, (n,); NaN where it abstained.
        low, high: its intervals, NaN where it gave none.
        promised: coverage that the intervals promise; NaN without intervals.
    """

    value: Floats
    low: Floats
    high: Floats
    promised: float = float("nan")

    def rows(self, index: NDArray[np.intp]) -> "Answered":
        """Some of them."""
        return Answered(
            value=self.value[index], low=self.low[index], high=self.high[index], promised=self.promised
        )


@dataclass(frozen=True, kw_only=True)
class CaseSet:
    """Labelled pictures with the answers of both; row i of each column is one picture.

    Attributes:
        groups: subgroup key -> label of each picture, as `site` or `age_band`.
    """

    label: Floats
    patient: NDArray[np.str_]
    champion: Answered
    challenger: Answered
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.label)

    @property
    def patients(self) -> int:
        """How many patients the pictures are of."""
        return len(set(self.patient.tolist()))

    def rows(self, index: NDArray[np.intp]) -> "CaseSet":
        """Some of them."""
        return CaseSet(
            label=self.label[index],
            patient=self.patient[index],
            champion=self.champion.rows(index),
            challenger=self.challenger.rows(index),
            groups={key: cells[index] for key, cells in self.groups.items()},
        )


@dataclass(frozen=True, kw_only=True)
class Altered:
    """Frozen pictures as a cause of drift would have made them."""

    label: Floats
    patient: NDArray[np.str_]
    champion: Floats
    challenger: Floats


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that one decision rests on.

    Attributes:
        altered: cause -> the same pictures altered.
        champion_s, challenger_s: seconds of single answers, in turns on the same pictures.
        learned_from: keys of the patients that the challenger learned from; None when nobody kept them.
    """

    task: Task
    champion_version: str
    challenger_version: str
    sets: Mapping[str, CaseSet]
    altered: Mapping[str, Altered]
    champion_s: Floats
    challenger_s: Floats
    learned_from: frozenset[str] | None


def loss_of(task: Task, value: Floats, label: Floats) -> Floats:
    """Loss of each answer: squared error of a probability, absolute error of a measure; NaN: none was given.

    >>> loss_of(Task.FRACTURE, np.array([0.9, float("nan")]), np.array([1.0, 1.0])).round(2).tolist()
    [0.01, 0.25]
    """
    if task.kind is Kind.BINARY:
        return np.asarray((np.where(np.isnan(value), UNSURE, value) - label) ** 2, dtype=np.float64)
    return np.asarray(np.abs(value - label), dtype=np.float64)


def bounded_loss(task: Task, value: Floats, label: Floats) -> Floats:
    """The loss as a share of the largest there is, in [0, 1]: what a promise and a watch are written in.

    >>> bounded_loss(Task.BONE_AGE, np.array([124.0]), np.array([100.0])).tolist()
    [0.1]
    """
    low, high = (0.0, 1.0) if task.kind is Kind.BINARY else (task.values[0], task.values[-1])
    return np.asarray(np.clip(loss_of(task, value, label) / (high - low), 0, 1), dtype=np.float64)
