"""Coordinates in which a change of any direction is seen alike: whitened components of a reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtri

from monitoring.statistics.components import PrincipalComponents
from monitoring.statistics.result import Floats

_AXES_PART = 1 / 3  # of the reference; on rows that made them, axes explain more than on any new row
_ROUNDING = 1e-8  # of the variance
_RARE = 1e-3  # share of events that are longer; they are shortened, as one odd picture is no change
_LEAST_NUMBERED = 0.9  # of the reference has numbers of quality, else they are left out
_LEAST_CELL = 20  # reference events of a cell that has a mean of its own
_LEAST_VARIANCE = 1e-3  # of the first component's: what varies less is the noise of the encoder's last bits


@dataclass(frozen=True, kw_only=True)
class MonitoredSpace:
    """Reference events are standard normal in each coordinate, in each cell of the case mix.

    Coordinates are normal scores: the quantile of the normal distribution at an event's rank among the
    reference (van der Waerden 1952), so that a few odd pictures weigh no more than they are.

    Attributes:
        components: principal components of the reference.
        unexplained: whether they leave more than rounding.
        ordered: raw coordinates of the reference, each sorted, (n, k): the components, the logarithm of what
            they leave unexplained, which tells pictures of a kind never seen, and the numbers of quality.
        scores: the normal score of each of these, (n, k); that of equal values is their mean.
        numbers: how many of the coordinates, the last ones, are numbers of quality.
        cells: how far each cell's mean is from that of all; an event of another cell is compared with all.
    """

    components: PrincipalComponents
    unexplained: bool
    ordered: Floats
    scores: Floats
    numbers: int
    cells: dict[str, Floats]

    @classmethod
    def fit(
        cls,
        reference: ArrayLike,
        cells: Sequence[str] | None = None,
        *,
        components: int = 16,
        numbers: int = 0,
        rng: np.random.Generator,
    ) -> tuple[MonitoredSpace, Floats]:
        """The space of reference rows (n, D + numbers), and the coordinates of those that it was scaled by.

        A third of the rows makes the axes and the others the scale; only these can stand for new events.

        Args:
            cells: the cell of each row: what may change without a drift, such as the answer. A winter of
                fractures moves the mean of all events, and none within its cell.
            numbers: how many of the columns, the last ones, are numbers of quality beside the embedding; they
                are left out where more than a tenth of the reference has none.
        """
        whole_rows = np.asarray(reference, dtype=np.float64)
        x, beside = np.split(whole_rows, [whole_rows.shape[1] - numbers], axis=1)
        if np.isfinite(beside).all(axis=1).mean() < _LEAST_NUMBERED:
            beside = beside[:, :0]
        order = rng.permutation(len(x))
        makes, scales = np.split(order, [max(2, round(_AXES_PART * len(x)))])
        axes = PrincipalComponents.fit(x[makes], components)
        x, beside = x[scales], beside[scales]
        cells = None if cells is None else [cells[row] for row in scales]
        enough = axes.variance > _LEAST_VARIANCE * axes.variance[0]
        axes = PrincipalComponents(mean=axes.mean, axes=axes.axes[enough], variance=axes.variance[enough])
        unexplained = float(np.median(_left(axes, x, axes.project(x)))) > _ROUNDING * float(
            axes.variance.sum()
        )
        raw = np.concatenate([_coordinates(axes, x, unexplained=unexplained), beside], axis=1)
        means = {
            name: np.nanmean(raw[rows], axis=0)
            for name, rows in _rows_of(cells, len(x))
            if len(rows) >= _LEAST_CELL and np.isfinite(raw[rows]).any(axis=0).all()
        }
        whole = np.nanmean(raw, axis=0)
        offsets = {name: mean - whole for name, mean in means.items()}
        within = raw - _of_cells(offsets, cells, raw.shape)
        ordered = np.sort(np.where(np.isfinite(within), within, np.nanmedian(within, axis=0)), axis=0)
        space = cls(
            components=axes,
            unexplained=unexplained,
            ordered=ordered,
            scores=_normal_scores(ordered),
            numbers=beside.shape[1],
            cells=offsets,
        )
        return space, space.project(np.concatenate([x, beside], axis=1), cells)

    @property
    def width(self) -> int:
        """Number of coordinates."""
        return int(self.ordered.shape[1])

    def project(self, embeddings: ArrayLike, cells: Sequence[str] | None = None) -> Floats:
        """Coordinates (n, k) of rows (n, D) or (n, D + numbers); a number that is not there is usual."""
        rows = np.atleast_2d(np.asarray(embeddings, dtype=np.float64))
        x, beside = np.split(rows, [len(self.components.mean)], axis=1)
        numbers = np.full((len(x), self.numbers), np.nan)
        if beside.shape[1]:
            numbers = beside[:, : self.numbers]
        raw = np.concatenate(
            [_coordinates(self.components, x, unexplained=self.unexplained), numbers], axis=1
        )
        placed = raw - _of_cells(self.cells, cells, raw.shape)
        found = np.column_stack(
            [_scored(placed[:, n], self.ordered[:, n], self.scores[:, n]) for n in range(self.width)]
        )
        length = np.linalg.norm(found, axis=1, keepdims=True)
        longest = np.sqrt(chdtri(self.width, _RARE))
        bounded: Floats = found * np.minimum(1.0, longest / np.maximum(length, 1e-9))
        return bounded


def _coordinates(axes: PrincipalComponents, x: Floats, *, unexplained: bool) -> Floats:
    """Components and, where it is more than rounding, the logarithm of the unexplained squared length."""
    along = axes.project(x)
    if not unexplained:
        return along
    return np.column_stack([along, np.log(np.maximum(_left(axes, x, along), 1e-12))])


def _normal_scores(ordered: Floats) -> Floats:
    """Normal scores of sorted columns (n, k); equal values have the mean of theirs."""
    count = len(ordered)
    plain, found = ndtri((np.arange(count) + 0.5) / count), np.empty_like(ordered)
    for column in range(ordered.shape[1]):
        _, place, size = np.unique(ordered[:, column], return_inverse=True, return_counts=True)
        found[:, column] = (np.bincount(place, plain) / size)[place]
    return found


def _scored(values: Floats, ordered: Floats, scores: Floats) -> Floats:
    """Scores between those of the reference; beyond it the score of the outermost rank."""
    found = np.interp(values, ordered, scores)
    outermost = ndtri(1 - 0.5 / len(ordered))
    found = np.where(values > ordered[-1], outermost, np.where(values < ordered[0], -outermost, found))
    return np.where(np.isfinite(values), found, 0.0)


def _left(axes: PrincipalComponents, x: Floats, along: Floats) -> Floats:
    centred = x - axes.mean
    left: Floats = np.einsum("nd,nd->n", centred, centred) - np.einsum("nk,nk->n", along, along)
    return left


def _rows_of(cells: Sequence[str] | None, count: int) -> list[tuple[str, NDArray[np.intp]]]:
    if cells is None:
        return []
    names = np.asarray(cells, dtype=str)
    if len(names) != count:
        raise ValueError(f"one cell per reference row is needed: got {len(names)} for {count} rows")
    return [(str(name), np.flatnonzero(names == name)) for name in np.unique(names)]


def _of_cells(offsets: dict[str, Floats], cells: Sequence[str] | None, shape: tuple[int, ...]) -> Floats:
    """The offset of each row's cell, 0 where none is known."""
    zero = np.zeros(shape[1])
    if cells is None:
        return np.zeros(shape)
    return np.stack([offsets.get(cell, zero) for cell in cells])
