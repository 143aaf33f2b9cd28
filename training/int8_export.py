"""A package with an 8-bit graph: scales from a table's training rows, kept where its test rows agree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.domain import FaultError, Kind, Manifest, RefusedError, Task
from osteon.models.engine import INT8_NAME, require_engine
from osteon.models.export import MOST_PICTURES, add_graph, differences
from osteon.models.int8 import write_int8
from osteon.models.package import LoadedPackage, load_package
from osteon.models.predictor import Predictor
from training.data import prepare_rows
from training.evaluate import evaluate
from training.label_split import shuffled_keys
from training.label_table import LabelRow, read_label_table

# By kind of task: the figure that must hold, and how far it may move either way.
TOLERANCE: Mapping[Kind, tuple[str, float]] = {
    Kind.BINARY: ("auroc", 0.002),
    Kind.REGRESSION: ("mae_months", 0.1),
    Kind.ORDINAL: ("qwk", 0.005),
}
LEAST_COSINE = 0.98  # of an embedding with the one that references and limits of strangeness were made from
LEAST_TEST_ROWS = 100
_CALIBRATION_ROWS = 128
# Only to build a predictor that nobody else sees: no digest of these pictures leaves this module.
_NO_DIGEST_KEY = bytes(32)


def export_int8(folder: Path, table: Path, *, output: Path | None = None) -> Manifest:
    """The package with `model.int8.onnx`, whose accuracy on the table's test rows is that of the weights.

    Args:
        table: label table of the model's task; scales come from up to 128 of its training rows, the
            check is on all of its test rows, so that neither sees the other's patients.
        output: another folder for the new package; None replaces the old one at once or not at all.
    Returns:
        The manifest; `figures["exports"]["int8"]` holds the figure before and after.
    Raises:
        UsageError: onnx or onnxruntime is not installed, the processor does not sum 8-bit products exactly,
            or no such table.
        RefusedError: too few rows to set scales by, or to tell a difference on.
        FaultError: the figure moves beyond the tolerance, or embeddings do; nothing is written then.
    """
    for engine in ("onnx", "int8"):
        require_engine(engine)
    loaded = load_package(folder)
    rows = read_label_table(table, loaded.settings.task)
    if len(rows.test_rows()) < LEAST_TEST_ROWS:
        raise RefusedError(
            f"{LEAST_TEST_ROWS} test rows to find a loss of accuracy on",
            f"{len(rows.test_rows())}",
            "name a larger table, or serve model.onnx",
        )
    before = evaluate(folder, table)

    def write(building: Path) -> tuple[str, ...]:
        chosen = _chosen(rows.training_rows(), _CALIBRATION_ROWS)
        write_int8(loaded.package.model, _squares(chosen, loaded), building / INT8_NAME)
        return (INT8_NAME,)

    def check(building: Path) -> Mapping[str, Any]:
        squares = _squares(_chosen(rows.test_rows(), MOST_PICTURES), loaded)
        figures = differences(Predictor(loaded, hmac_key=_NO_DIGEST_KEY), building, "int8", squares)
        return require_accuracy(
            loaded.settings.task, before, evaluate(building, table, engine="int8"), figures
        )

    return add_graph(folder, "int8", write, check, output=output)


def require_accuracy(
    task: Task,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    figures: Mapping[str, float | int],
) -> dict[str, Any]:
    """The figures that go into the manifest; FaultError when accuracy or embeddings moved too far.

    Args:
        before, after: what `evaluate` found with the weights and with the int8 graph.
        figures: what `differences` found.
    """
    name, tolerance = TOLERANCE[task.kind]
    own, other = before["metrics"][name], after["metrics"][name]
    moved = abs(own - other) if own is not None and other is not None else float("inf")
    if not moved <= tolerance:
        raise FaultError(
            f"an int8 graph whose {name} is within {tolerance:g} of the weights'",
            f"a difference of {moved:.2g}",
            "serve model.onnx (`osteon export --to onnx`)",
        )
    if not figures["min_cosine"] >= LEAST_COSINE:
        raise FaultError(
            f"int8 embeddings within a cosine of {LEAST_COSINE} of the weights'",
            f"{figures['min_cosine']:.3f}",
            "serve model.onnx (`osteon export --to onnx`)",
        )
    return {
        **figures,
        "test_rows": before["n"],
        name: {"float": own, "int8": other, "tolerance": tolerance},
        "abstained": {"float": before["abstained"], "int8": after["abstained"]},
    }


def _chosen(rows: list[LabelRow], most: int) -> list[LabelRow]:
    """Up to so many rows, of as many patients as possible, the same ones every time."""
    order = {key: number for number, key in enumerate(shuffled_keys(rows, seed=0))}
    return sorted(rows, key=lambda row: (order[row.key], row.number))[:most]


def _squares(rows: list[LabelRow], loaded: LoadedPackage) -> NDArray[np.float32]:
    levels = prepare_rows(rows, loaded.package.preprocess).levels
    return levels.astype(np.float32) / np.float32(255)
