"""The rows of a label table as what is answered for: single pictures, or studies of several views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.domain import Kind, RefusedError, Task
from osteon.models.task_config import Level
from training.label_table import LabelRow


@dataclass(frozen=True, kw_only=True)
class Studies:
    """Which rows belong together, and the answer of each group.

    Attributes:
        index: number of each row's study, 0 to S - 1 in the order of their first rows, (N,).
        label: answer of each study, (S,).
        keys: patient of each study: what is resampled and split by.
        sites: site of each study; empty where it is not known.
    """

    index: NDArray[np.int64]
    label: NDArray[np.float64]
    keys: tuple[str, ...]
    sites: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.keys)


def require_whole_studies(rows: Sequence[LabelRow], level: Level) -> None:
    """Refuses studies whose views a split could part: rows without a patient are split by their files."""
    keys: dict[str, str] = {}
    for row in rows if level == "study" else ():
        if row.study and keys.setdefault(row.study, row.key) != row.key:
            raise RefusedError(
                "a column patient beside the column study",
                f"row {row.number}, a view of a study without a patient",
                "add it (a study may stand for its patient), or tune for single pictures",
            )


def studies_of(rows: Sequence[LabelRow], task: Task, level: Level) -> Studies:
    """The studies of rows; at the level of pictures each row is one.

    A study is positive when any of its views is labelled so.

    Raises:
        RefusedError: views of one study have different grades or measures; names the row.
    """
    numbers: dict[str, int] = {}
    labels: list[float] = []
    keys: list[str] = []
    sites: list[str] = []
    index = []
    for place, row in enumerate(rows):
        name = (row.study or f"row {row.number}") if level == "study" else str(place)
        number = numbers.setdefault(name, len(numbers))
        if number == len(labels):
            labels.append(row.label)
            keys.append(row.key)
            sites.append(row.site)
        elif row.label != labels[number]:
            if task.kind is not Kind.BINARY:
                raise RefusedError(
                    f"one {task.label_column} for all views of a study",
                    f"row {row.number} with another than the study's first row",
                    "give left and right their own study, or tune for single pictures",
                )
            labels[number] = max(labels[number], row.label)
        index.append(number)
    return Studies(
        index=np.asarray(index, dtype=np.int64),
        label=np.asarray(labels, dtype=np.float64),
        keys=tuple(keys),
        sites=tuple(sites),
    )
