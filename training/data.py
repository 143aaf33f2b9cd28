"""Labelled pictures prepared once and kept in memory as bytes: what an epoch on a CPU needs to be fast."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from osteon.dicom import read_picture
from osteon.domain import RefusedError
from osteon.models.preprocess import Preprocess
from osteon.models.task_config import sex_code
from training.label_table import LabelRow

_UNREADABLE_PART = 0.02
_CHUNK = 64
Report = Callable[[int, int], None]


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, kw_only=True)
class PreparedSet:
    """Prepared pictures with their labels, row by row.

    Attributes:
        levels: bytes (N, S, S), exactly what serving prepares.
        sex: 0 unknown, 1 male, 2 female, (N,).
        rows: the rows behind them; unreadable ones are gone.
        unreadable: rows left out because no picture came out of their file.
        unread: rows left out because time was up.
    """

    levels: NDArray[np.uint8]
    label: NDArray[np.float64]
    sex: NDArray[np.int64]
    rows: tuple[LabelRow, ...]
    unreadable: int = 0
    unread: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Levels (N, S, S), labels (N,) and sex codes (N,) without a copy of the levels."""
        return (
            torch.from_numpy(self.levels),
            torch.from_numpy(self.label.astype(np.float32)),
            torch.from_numpy(self.sex),
        )


def prepare_rows(
    rows: Sequence[LabelRow],
    preprocess: Preprocess,
    *,
    workers: int = 2,
    deadline: float | None = None,
    progress: Report | None = None,
) -> PreparedSet:
    """Reads and prepares the pictures of rows.

    Args:
        deadline: `time.monotonic()` after which the remaining rows are left out and counted.
    Raises:
        RefusedError: more than 2 % of the files are no picture; names the first such row.
    """
    kept: list[LabelRow] = []
    squares: list[NDArray[np.uint8]] = []
    sexes: list[int] = []
    bad: list[int] = []
    done = 0
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(rows), _CHUNK):
            if deadline is not None and time.monotonic() > deadline and len(kept) >= _CHUNK:
                break
            chunk = rows[start : start + _CHUNK]
            for row, prepared in zip(
                chunk, pool.map(lambda row: _prepare(row, preprocess), chunk), strict=True
            ):
                if prepared is None:
                    bad.append(row.number)
                    continue
                kept.append(row)
                squares.append(prepared[0])
                sexes.append(prepared[1])
            done += len(chunk)
            if progress:
                progress(done, len(rows))
    if len(bad) > _UNREADABLE_PART * max(done, 1):
        raise RefusedError(
            "pictures (DICOM, PNG, JPEG) in the rows of the table",
            f"{len(bad)} of {done} files that are none, row {bad[0]} first",
            "correct or remove those rows",
        )
    size = preprocess.size
    return PreparedSet(
        levels=np.stack(squares) if squares else np.zeros((0, size, size), dtype=np.uint8),
        label=np.asarray([row.label for row in kept], dtype=np.float64),
        sex=np.asarray(sexes, dtype=np.int64),
        rows=tuple(kept),
        unreadable=len(bad),
        unread=len(rows) - done,
    )


def _prepare(row: LabelRow, preprocess: Preprocess) -> tuple[NDArray[np.uint8], int] | None:
    try:
        picture = read_picture(row.path)
    except RefusedError:
        return None
    return preprocess.prepare_levels(picture), sex_code(row.sex or picture.sex)
