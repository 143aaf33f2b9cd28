"""The plots of a report, drawn by matplotlib without a display; equal figures give equal bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.evaluation.label_efficiency import LabelCurve
from training.evaluation.subgroups import Subgroup

Floats = NDArray[np.float64]
# Told apart also by who sees no red or green (Okabe & Ito 2008).
COLOURS = ("#0072B2", "#D55E00", "#6b7475", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1c2526")
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa5a5",
    "axes.labelcolor": "#1c2526",
    "xtick.color": "#5d6b6c",
    "ytick.color": "#5d6b6c",
    "axes.grid": True,
    "grid.color": "#e6ebe9",
    "legend.frameon": False,
    "svg.hashsalt": "osteon",
    "svg.fonttype": "path",
}


def label_plot(curves: Sequence[LabelCurve], figure_name: str) -> bytes:
    """Figure against labels on a logarithmic axis, one panel per place, bands of 95 %."""
    places = list(dict.fromkeys(curve.place for curve in curves))
    names = list(dict.fromkeys(curve.encoder for curve in curves))
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.3 * len(places) + 0.4, 3.5), layout="constrained")
        panels = figure.subplots(1, len(places), sharey=True, squeeze=False)[0]
        for panel, place in zip(panels, places, strict=True):
            for curve in (one for one in curves if one.place == place):
                number = names.index(curve.encoder) % len(COLOURS)
                bounds = [curve.bounds(part) for part in range(len(curve.labels))]
                low = [np.nan if one[0] is None else one[0] for one in bounds]
                high = [np.nan if one[1] is None else one[1] for one in bounds]
                colour = COLOURS[number]
                panel.fill_between(curve.labels, low, high, color=colour, alpha=0.14, linewidth=0)
                panel.plot(
                    curve.labels,
                    curve.mean,
                    color=colour,
                    marker=_MARKS[number],
                    markersize=4,
                    linewidth=1.6,
                    label=curve.encoder,
                )
            panel.set_xscale("log")
            _label_ticks(panel, curves[0].labels)
            panel.set_title(place, fontsize=10, loc="left", color="#1c2526")
            panel.set_xlabel("labelled pictures")
        panels[0].set_ylabel(figure_name)
        panels[-1].legend(loc="best")
        return _svg(figure)


def _label_ticks(panel: Any, labels: Floats) -> None:
    """A tick at each measured number of labels, in figures; every second one where they crowd."""
    shown = labels[::-1][:: 2 if len(labels) > 4 else 1][::-1]
    panel.set_xticks(shown, [f"{value:.0f}" for value in shown])
    panel.set_xticks([], minor=True)


def scatter_plot(points: Sequence[tuple[str, Floats]], values: Sequence[str], *, title: str) -> bytes:
    """t-SNE of several encoders side by side, coloured by one fact."""
    names = sorted({value for value in values if value})
    value_N = np.asarray(values)
    with mpl.rc_context(_STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(3.1 * len(points), 3.3), layout="constrained")
        panels = figure.subplots(1, len(points), squeeze=False)[0]
        for panel, (encoder, point_N2) in zip(panels, points, strict=True):
            for number, name in enumerate(names):
                chosen = value_N == name
                panel.scatter(
                    point_N2[chosen, 0],
                    point_N2[chosen, 1],
                    s=7,
                    linewidths=0,
                    alpha=0.75,
                    color=COLOURS[number % len(COLOURS)],
                    label=name,
                )
            panel.set_title(encoder, fontsize=10, loc="left", color="#1c2526")
            panel.set_xticks([])
            panel.set_yticks([])
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=min(6, len(names)), title=title, markerscale=2
        )
        return _svg(figure)


def bar_plot(
    names: Sequence[str],
    values: Sequence[float],
    bounds: Sequence[tuple[float | None, float | None]],
    *,
    axis: str,
    reference: Sequence[float] | float | None = None,
    reference_name: str = "chance",
) -> bytes:
    """Horizontal figures with intervals, and a tick where chance stands."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 0.32 * len(names) + 1.0), layout="constrained")
        panel = figure.subplots()
        place = np.arange(len(names))[::-1]
        panel.hlines(
            place,
            [value if low is None else low for value, (low, _) in zip(values, bounds, strict=True)],
            [value if high is None else high for value, (_, high) in zip(values, bounds, strict=True)],
            color=COLOURS[0],
            linewidth=2,
            alpha=0.45,
        )
        panel.plot(values, place, "o", color=COLOURS[0], markersize=5)
        if isinstance(reference, float):
            panel.axvline(reference, color="#9aa5a5", linestyle="--", linewidth=1, label=reference_name)
            panel.legend(loc="best")
        elif reference is not None:
            panel.plot(reference, place, "|", color=COLOURS[1], markersize=11, label=reference_name)
            panel.legend(loc="best")
        panel.set_yticks(place, names)
        panel.set_xlabel(axis)
        panel.grid(axis="y", visible=False)
        return _svg(figure)


def subgroup_plot(groups: Sequence[Subgroup], figure_name: str, overall: float) -> bytes:
    """Every large enough subgroup with its interval, the whole as a dashed line."""
    told = [one for one in groups if one.figure is not None]
    return bar_plot(
        [f"{one.fact}: {one.group}" for one in told],
        [float(one.figure or 0) for one in told],
        [(one.low, one.high) for one in told],
        axis=figure_name,
        reference=overall,
        reference_name="all",
    )


def map_plot(
    pictures: Sequence[NDArray[np.uint8]],
    maps: Sequence[Floats],
    boxes: Sequence[Sequence[tuple[float, float, float, float]]],
) -> bytes:
    """Prepared pictures above, the same under their maps below; boxes where they are known. PNG."""
    with mpl.rc_context(_STYLE | {"axes.grid": False}):
        figure = Figure(
            figsize=(1.5 * len(pictures), 3.1), dpi=110, facecolor="#ffffff", layout="constrained"
        )
        panels = figure.subplots(2, len(pictures), squeeze=False)
        for column, (picture, one, rectangles) in enumerate(zip(pictures, maps, boxes, strict=True)):
            size = picture.shape[0]
            for row in (0, 1):
                panel = panels[row][column]
                panel.imshow(picture, cmap="gray", vmin=0, vmax=255)
                panel.set_axis_off()
                for x0, y0, x1, y1 in rectangles:
                    corner, width, height = (x0 * size, y0 * size), (x1 - x0) * size, (y1 - y0) * size
                    panel.add_patch(
                        mpl.patches.Rectangle(
                            corner, width, height, fill=False, edgecolor="#ffd23f", linewidth=1
                        )
                    )
            reach = max(float(np.abs(one).max()), 1e-12)
            panels[1][column].imshow(one, cmap="RdBu_r", vmin=-reach, vmax=reach, alpha=0.45)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
