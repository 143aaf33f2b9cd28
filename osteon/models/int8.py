"""The model's graph with 8-bit convolutions: QDQ nodes that onnxruntime and OpenVINO run as integers.

Weights: signed, a scale per output channel. Activations: unsigned, scales from real pictures. Source: Jacob
et al. 2018, arXiv:1712.05877, section 2.1 (affine quantisation) and 3 (scales of weights per channel).
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.domain import RefusedError
from osteon.models.engine import IMAGE_INPUT, SEX_INPUT, require_engine
from osteon.models.export import write_onnx
from osteon.models.preprocess import normalise
from osteon.models.task_model import TaskModel

LEAST_PICTURES = 32
# What stands between convolutions goes along, so that values stay integers from one to the next; the head
# stays in float32, and so does the first layer, where one channel is all there is to round.
_QUANTISED = ("Conv", "MatMul", "Add", "Relu", "MaxPool", "AveragePool", "GlobalAveragePool")


class _Reader:
    """Pictures one by one, as onnxruntime's calibration asks for them."""

    def __init__(
        self, squares_NSS: NDArray[np.float32], inputs: frozenset[str], sexes: tuple[int, ...]
    ) -> None:
        self._rest = (
            {
                name: value
                for name, value in (
                    (IMAGE_INPUT, np.ascontiguousarray(normalise(square[None, None]))),
                    (SEX_INPUT, np.full(1, sexes[number % len(sexes)], dtype=np.int64)),
                )
                if name in inputs
            }
            for number, square in enumerate(squares_NSS)
        )

    def get_next(self) -> dict[str, Any] | None:
        """The next picture's inputs, or None."""
        return next(self._rest, None)


def write_int8(model: TaskModel, squares_NSS: NDArray[np.float32], path: Path) -> None:
    """The model as one ONNX file whose convolutions are 8-bit; scales come from these prepared pictures.

    Args:
        squares_NSS: prepared training pictures, float32 in [0, 1].
    Raises:
        UsageError: the package onnx is not installed.
        RefusedError: too few pictures.
    """
    require_engine("onnx")
    if len(squares_NSS) < LEAST_PICTURES:
        raise RefusedError(
            f"{LEAST_PICTURES} training pictures to set the scales by",
            f"{len(squares_NSS)}",
            "name a table with more rows",
        )
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    # A model takes some sexes and not others: scales must hold for all that it may be told.
    sexes = (0, 1, 2) if model.config.sex_dim else (0,)
    with tempfile.TemporaryDirectory() as scratch:
        plain, folded = Path(scratch) / "plain.onnx", Path(scratch) / "folded.onnx"
        write_onnx(model, squares_NSS.shape[-1], plain)
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)  # advice about steps that are taken here already
        try:
            quant_pre_process(str(plain), str(folded), skip_symbolic_shape=True)
            quantize_static(
                str(folded),
                str(path),
                _Reader(squares_NSS, _inputs(folded), sexes),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                nodes_to_exclude=_first_layers(folded),
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
                op_types_to_quantize=list(_QUANTISED),
            )
        finally:
            logging.disable(before)
    path.chmod(0o644)


def _first_layers(path: Path) -> list[str]:
    """Names of the convolutions that see the picture itself, one per pass of a mirror average."""
    import onnx

    seen, first = {IMAGE_INPUT}, []
    for node in onnx.load(path).graph.node:
        if node.op_type == "Conv" and node.input[0] in seen:
            first.append(str(node.name))
        elif set(node.input) & seen and node.op_type != "Conv":  # the mirrored picture
            seen.update(node.output)
    return first


def _inputs(path: Path) -> frozenset[str]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return frozenset(one.name for one in session.get_inputs())
