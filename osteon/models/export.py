"""A package's model as a graph for other runtimes, beside its weights and checked against them."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from osteon.artefact import read_manifest, sha256_files, write_manifest
from osteon.dicom import read_picture
from osteon.domain import FaultError, Kind, Manifest, RefusedError
from osteon.models.engine import (
    FEATURE_OUTPUT,
    IMAGE_INPUT,
    LOG_OUTPUT,
    ONNX_NAME,
    OPENVINO_NAMES,
    SEX_INPUT,
    EngineName,
    open_package,
    require_engine,
)
from osteon.models.package import load_package
from osteon.models.package_files import package_folder
from osteon.models.predictor import Answers, Predictor
from osteon.models.task_model import TaskModel

Target = Literal["onnx", "openvino"]
PARITY = 1e-4
MOST_PICTURES = 64
_OPSET = 17
_ENGINES: dict[Target, EngineName] = {"onnx": "onnxruntime", "openvino": "openvino"}
# Only to build predictors that nobody else sees: no digest of these pictures leaves this module.
_NO_DIGEST_KEY = bytes(32)


class AnswerGraph(nn.Module):
    """`TaskModel.answer` in operations that every runtime has."""

    def __init__(self, model: TaskModel) -> None:
        super().__init__()
        self._model = model

    def forward(self, image_B1SS: Tensor, sex_B: Tensor) -> tuple[Tensor, Tensor]:
        """Log probabilities (B, K) and features (B, F)."""
        model = self._model
        feature_BF = model.image_encoder.encode(image_B1SS)
        log_BK = model.head(feature_BF, sex_B).log_softmax(dim=1)
        if model.config.flip_average:
            mirrored_BK = model.head(model.image_encoder.encode(image_B1SS.flip(-1)), sex_B).log_softmax(
                dim=1
            )
            log_BK = ((log_BK.exp() + mirrored_BK.exp()) / 2).clamp_min(1e-38).log()
        return log_BK, feature_BF


def export_package(
    folder: Path,
    target: Target,
    pictures: Sequence[Path],
    *,
    output: Path | None = None,
    tolerance: float = PARITY,
) -> Manifest:
    """The package with its graph beside the weights, both listed in its manifest.

    `model.safetensors` stays the truth: the version does not change, and training starts from it.

    Args:
        pictures: real pictures that both engines must answer alike, up to 64.
        tolerance: largest difference of a probability that is let through.
        output: another folder for the new package; None replaces the old one at once or not at all.
    Returns:
        The manifest; `figures["exports"]` holds the largest differences that were seen.
    Raises:
        UsageError: the runtime is not installed.
        RefusedError: no picture, or a file that is none.
        FaultError: a probability differs by more than the tolerance; nothing is written then.
    """
    require_engine(_ENGINES[target])
    loaded = load_package(folder)
    squares = _squares(loaded.package.preprocess.prepare, pictures)
    before = Predictor(loaded, hmac_key=_NO_DIGEST_KEY)

    def write(building: Path) -> tuple[str, ...]:
        return _write_graph(loaded.package.model, squares.shape[-1], target, building)

    def check(building: Path) -> Mapping[str, Any]:
        engine = _ENGINES[target]
        figures = differences(before, building, engine, squares)
        found = figures["max_abs_probability"]
        if not found <= tolerance:
            raise FaultError(
                f"answers of {engine} within {tolerance:g} of torch's",
                f"a difference of {found:.2g}",
                "report it, and serve with torch",
            )
        return figures

    return add_graph(folder, target, write, check, output=output)


def add_graph(
    folder: Path,
    name: str,
    write: Callable[[Path], tuple[str, ...]],
    check: Callable[[Path], Mapping[str, Any]],
    *,
    output: Path | None = None,
) -> Manifest:
    """The package with one more graph, written whole and checked before it takes the old one's place.

    Args:
        name: key of the check's figures under `figures["exports"]`.
        write: writes the graph's files into a folder and names them.
        check: figures of the package in a folder; whatever it raises leaves the old package as it was.
    """
    before = read_manifest(folder)
    with package_folder(output or folder) as building:
        for file in before.outputs:
            shutil.copy2(folder / file, building / file)
        names = write(building)
        kept = [file for file in before.outputs if file not in names]
        manifest = replace(
            before,
            outputs=sha256_files(building, (*kept, *names)),
            parents=tuple(dict.fromkeys((*before.parents, before.digest))),
            time_utc="",
            code_version="",
        )
        write_manifest(building, manifest)
        exports = {**manifest.figures.get("exports", {}), name: dict(check(building))}
        write_manifest(building, replace(manifest, figures={**manifest.figures, "exports": exports}))
    return read_manifest(output or folder)


def write_onnx(model: TaskModel, size: int, path: Path) -> None:
    """The model as one ONNX file; the batch size is free, the side of the pictures is fixed."""
    image_B1SS, sex_B = torch.zeros(2, 1, size, size), torch.zeros(2, dtype=torch.int64)
    batch = {0: "batch"}
    with warnings.catch_warnings():
        # The exporter on torch.export needs onnxscript; the one on TorchScript needs nothing but warns.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        torch.onnx.export(
            AnswerGraph(model).eval(),
            (image_B1SS, sex_B),
            str(path),
            dynamo=False,
            opset_version=_OPSET,
            input_names=[IMAGE_INPUT, SEX_INPUT],
            output_names=[LOG_OUTPUT, FEATURE_OUTPUT],
            dynamic_axes=dict.fromkeys((IMAGE_INPUT, SEX_INPUT, LOG_OUTPUT, FEATURE_OUTPUT), batch),
        )


def _write_graph(model: TaskModel, size: int, target: Target, folder: Path) -> tuple[str, ...]:
    if target == "onnx":
        write_onnx(model, size, folder / ONNX_NAME)
        (folder / ONNX_NAME).chmod(0o644)
        return (ONNX_NAME,)
    openvino: Any = import_module("openvino")
    with tempfile.TemporaryDirectory() as scratch:
        between = Path(scratch)
        write_onnx(model, size, between / ONNX_NAME)
        graph = openvino.convert_model(str(between / ONNX_NAME))
        openvino.save_model(graph, str(between / "graph.xml"), compress_to_fp16=False)
        for suffix, name in zip((".xml", ".bin"), OPENVINO_NAMES, strict=True):
            shutil.copyfile(between / f"graph{suffix}", folder / name)
            (folder / name).chmod(0o644)
    return OPENVINO_NAMES


def _squares(prepare: Any, pictures: Sequence[Path]) -> NDArray[np.float32]:
    if not pictures:
        raise RefusedError("pictures to compare the engines on", "none", "name some radiographs")
    return np.stack([prepare(read_picture(path)) for path in pictures[:MOST_PICTURES]])


def differences(
    before: Predictor, folder: Path, engine: EngineName, squares_NSS: NDArray[np.float32]
) -> dict[str, float | int]:
    """The largest differences between a predictor and a package's graph, over all sexes a model may be told.

    `min_cosine` is of the embeddings: 1 where they are the same.
    """
    after = Predictor(open_package(folder, engine, threads=1), hmac_key=_NO_DIGEST_KEY)
    probability, value, features, cosine = 0.0, 0.0, 0.0, 1.0
    for code in (0, 1, 2) if before.config.sex_dim else (0,):
        sex = np.full(len(squares_NSS), code, dtype=np.int64)
        own, other = (one.answer(squares_NSS, sex, answer_views=1) for one in (before, after))
        probability = max(probability, _largest(own.probability, other.probability))
        value = max(value, _largest(_answered(before, own), _answered(before, other)))
        features = max(features, _largest(own.features, other.features) / float(np.abs(own.features).max()))
        cosine = min(cosine, float((own.embedding * other.embedding).sum(axis=1).min()))
    return {
        "pictures": len(squares_NSS),
        "max_abs_probability": probability,
        "max_abs_value": value,
        "max_relative_features": features,
        "min_cosine": cosine,
    }


def _answered(predictor: Predictor, answers: Answers) -> NDArray[np.float64]:
    """What differs smoothly: a grade may flip where its expectation lies on a cut."""
    return answers.expectation if predictor.task.kind is Kind.ORDINAL else answers.value


def _largest(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.abs(np.asarray(one, dtype=np.float64) - other).max())
