"""What computes a task model's output: torch from the weights, or another runtime from an exported graph.

Nothing here imports torch but the torch engine itself: a server that answers from model.onnx never loads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from osteon.artefact import read_manifest
from osteon.domain import FaultError, RefusedError, UsageError
from osteon.models.moved_views import moved_views
from osteon.models.package_files import AnswerSettings, checked_manifest, read_answer_settings
from osteon.models.preprocess import normalise
from osteon.models.processor import adds_bytes_exactly

if TYPE_CHECKING:
    from osteon.models.task_model import TaskModel

EngineName = Literal["auto", "torch", "onnxruntime", "openvino", "int8"]
Outputs = tuple[NDArray[np.float64], NDArray[np.float32]]
ONNX_NAME = "model.onnx"
INT8_NAME = "model.int8.onnx"
OPENVINO_NAMES = ("model.openvino.xml", "model.openvino.weights")
_FILES: Mapping[str, tuple[str, ...]] = {
    "onnxruntime": (ONNX_NAME,),
    "int8": (INT8_NAME,),
    "openvino": OPENVINO_NAMES,
}
IMAGE_INPUT, SEX_INPUT = "image", "sex"
LOG_OUTPUT, FEATURE_OUTPUT = "log_probability", "features"


class Engine(Protocol):
    """A task model ready to compute."""

    def infer(self, image_B1SS: NDArray[np.float32], sex_B: NDArray[np.int64]) -> Outputs:
        """Log probabilities (B, K) and features (B, F) of normalised pictures; as `TaskModel.answer`."""
        ...


class TorchEngine:
    """The model in eager torch: what every other engine is compared with."""

    def __init__(self, model: TaskModel) -> None:
        self._model = model.eval()

    def infer(self, image_B1SS: NDArray[np.float32], sex_B: NDArray[np.int64]) -> Outputs:
        """See `Engine`."""
        import torch

        with torch.inference_mode():
            log_BK, feature_BF = self._model.answer(torch.from_numpy(image_B1SS), torch.from_numpy(sex_B))
        return log_BK.double().numpy(), feature_BF.numpy()


class OnnxEngine:
    """model.onnx in onnxruntime on the processor."""

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001  onnxruntime's errors share no public base
            raise FaultError(
                "a model.onnx that onnxruntime runs", type(error).__name__, "export the package again"
            ) from None
        self._takes_sex = any(one.name == SEX_INPUT for one in self._session.get_inputs())

    def infer(self, image_B1SS: NDArray[np.float32], sex_B: NDArray[np.int64]) -> Outputs:
        """See `Engine`."""
        inputs: dict[str, Any] = {IMAGE_INPUT: image_B1SS}
        if self._takes_sex:
            inputs[SEX_INPUT] = sex_B
        log_BK, feature_BF = self._session.run([LOG_OUTPUT, FEATURE_OUTPUT], inputs)
        return np.asarray(log_BK, dtype=np.float64), np.asarray(feature_BF, dtype=np.float32)


class OpenVinoEngine:
    """The exported graph in OpenVINO, in float32: its default of bfloat16 is another model.

    Without a file of weights the graph is an ONNX file.
    """

    def __init__(self, graph: Path, weights: Path | None, *, threads: int | None = None) -> None:
        openvino: Any = import_module("openvino")

        core = openvino.Core()
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        read = core.read_model(graph, weights) if weights else core.read_model(graph)
        self._model: Any = core.compile_model(read, "CPU", settings)
        self._takes_sex = any(SEX_INPUT in one.get_names() for one in self._model.inputs)

    def infer(self, image_B1SS: NDArray[np.float32], sex_B: NDArray[np.int64]) -> Outputs:
        """See `Engine`."""
        inputs: dict[str, Any] = {IMAGE_INPUT: image_B1SS}
        if self._takes_sex:
            inputs[SEX_INPUT] = sex_B
        found = self._model(inputs)
        return np.asarray(found[LOG_OUTPUT], dtype=np.float64), np.asarray(
            found[FEATURE_OUTPUT], dtype=np.float32
        )


@dataclass(frozen=True, kw_only=True)
class OpenedPackage:
    """A package ready to answer: its settings and an engine."""

    settings: AnswerSettings
    engine: Engine


class Answering(Protocol):
    """What a Predictor is made from: an opened package, or a loaded one with its torch model."""

    @property
    def settings(self) -> AnswerSettings:
        """What turns the engine's output into an answer."""
        ...

    @property
    def engine(self) -> Engine:
        """What computes."""
        ...


def open_package(folder: Path, engine: EngineName = "auto", *, threads: int | None = None) -> Answering:
    """The package of a folder with an engine; every byte that is read was checked.

    Args:
        engine: `auto` takes what the package was exported to: int8, else onnxruntime, else torch.
        threads: of one inference; None for the engine's default.
    Raises:
        UsageError: the engine is not installed, the package was not exported to it, or the processor would
            answer from an int8 graph otherwise than it was checked.
    """
    listed = read_manifest(folder).outputs
    if engine == "auto":
        engine = _best(listed)
    if engine == "torch":
        from osteon.models.package import load_package

        if threads is not None:
            import torch

            torch.set_num_threads(threads)
        return load_package(folder)
    names = _FILES[engine]
    if not all(name in listed for name in names):
        raise UsageError(
            f"a package exported to {engine}",
            "one that is not",
            "run `osteon export`, or use torch",
        )
    require_engine(engine)
    settings = read_answer_settings(folder)
    checked_manifest(folder, names)
    paths = [folder / name for name in names]
    opened: Engine = (
        OpenVinoEngine(paths[0], paths[1], threads=threads)
        if engine == "openvino"
        else OnnxEngine(paths[0], threads=threads)
    )
    return OpenedPackage(settings=settings, engine=opened)


def _best(listed: Mapping[str, str]) -> EngineName:
    """An int8 graph stands in a package only where its accuracy was found to hold."""
    if not find_spec("onnxruntime"):
        return "torch"
    if INT8_NAME in listed and adds_bytes_exactly():
        return "int8"
    return "onnxruntime" if ONNX_NAME in listed else "torch"


def require_engine(engine: str) -> None:
    """UsageError when a runtime is not installed, or the processor would give int8 other answers."""
    package = "onnxruntime" if engine == "int8" else engine
    if find_spec(package) is None:
        raise UsageError(f"{package}", "an environment without it", f"install the package {package}")
    if engine == "int8" and not adds_bytes_exactly():
        raise UsageError(
            "a processor that sums 8-bit products exactly (VNNI)", "another", "use onnxruntime, or auto"
        )


def infer_squares(
    engine: Engine,
    prepared_BSS: NDArray[np.float32],
    sex_B: NDArray[np.int64],
    *,
    answer_views: int = 1,
    batch_size: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Outputs:
    """Log probabilities (B, K) and features (B, F) of prepared squares.

    With several answer views the beliefs are averaged; the features are those of the picture as it is.
    """
    if not len(prepared_BSS):
        raise RefusedError("at least one picture", "none", "send one")
    log_parts, feature_parts = [], []
    for start in range(0, len(prepared_BSS), batch_size):
        square_BSS = prepared_BSS[start : start + batch_size]
        sex = sex_B[start : start + batch_size]
        logs = []
        for number, view_BSS in enumerate(moved_views(square_BSS, answer_views)):
            log_BK, feature_BF = engine.infer(np.ascontiguousarray(normalise(view_BSS[:, None])), sex)
            logs.append(log_BK)
            if number == 0:
                feature_parts.append(feature_BF)
        mean_BK = logs[0] if len(logs) == 1 else np.logaddexp.reduce(logs, axis=0) - np.log(len(logs))
        log_parts.append(mean_BK)
        if progress:
            progress(min(start + batch_size, len(prepared_BSS)), len(prepared_BSS))
    return np.concatenate(log_parts), np.concatenate(feature_parts)
