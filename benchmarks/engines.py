"""One picture through the network in eager torch and in each other engine: batch 1, one thread, same weights.

    python -m benchmarks.engines [--model FOLDER] [--size 512] [--encoder resnet18d-narrow]

Without a package the weights are random: speed does not depend on them, and all answers are compared before
anything is timed; what int8 does to accuracy is measured by `osteon export --to int8` on a label table.
Engines alternate, so that a busy machine slows all alike. The last line is JSON: milliseconds of each, then
the median of the paired ratios (torch over the engine; above 1 the engine is faster) with a bootstrap
interval of 95 %. OpenVINO is measured where it is installed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from osteon.models import TaskModelConfig, build_task_model, load_package
from osteon.models.engine import Engine, OnnxEngine, OpenVinoEngine, TorchEngine
from osteon.models.export import PARITY, write_onnx
from osteon.models.int8 import LEAST_PICTURES, write_int8
from osteon.models.task_model import TaskModel

INT8_PARITY = 0.05  # of a probability, for weights and pictures at random


def opened(model: TaskModel, size: int, folder: Path) -> dict[str, Engine]:
    """Every engine that is installed, torch first."""
    plain, int8 = folder / "model.onnx", folder / "model.int8.onnx"
    write_onnx(model, size, plain)
    squares = np.random.default_rng(1).random((LEAST_PICTURES, size, size), dtype=np.float32)
    write_int8(model, squares, int8)
    engines: dict[str, Engine] = {
        "torch": TorchEngine(model),
        "onnxruntime": OnnxEngine(plain, threads=1),
        "onnxruntime_int8": OnnxEngine(int8, threads=1),
    }
    if find_spec("openvino"):
        engines["openvino"] = OpenVinoEngine(plain, None, threads=1)
        engines["openvino_int8"] = OpenVinoEngine(int8, None, threads=1)
    return engines


def measure(model: TaskModel, size: int, rounds: int, warm_up: int) -> dict[str, Any]:
    """Milliseconds of one answer by each engine, and the ratios with their intervals."""
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    image = random.normal(size=(1, 1, size, size)).astype(np.float32)
    sex = np.zeros(1, dtype=np.int64)
    with tempfile.TemporaryDirectory() as folder:
        engines = opened(model, size, Path(folder))
        names = list(engines)
        own = np.exp(engines["torch"].infer(image, sex)[0])
        far = {
            name: float(np.abs(np.exp(one.infer(image, sex)[0]) - own).max()) for name, one in engines.items()
        }
        for name, difference in far.items():
            if difference > (INT8_PARITY if name.endswith("int8") else PARITY):
                raise SystemExit(f"{name} differs by {difference:.2g}: nothing was timed")
        seconds = np.zeros((rounds, len(names)))
        for turn in range(-warm_up, rounds):
            for column in range(len(names))[:: 1 if turn % 2 else -1]:
                before = time.perf_counter()
                engines[names[column]].infer(image, sex)
                if turn >= 0:
                    seconds[turn, column] = time.perf_counter() - before
    figures = {}
    for column, name in enumerate(names):
        ratios = seconds[:, 0] / seconds[:, column]
        resampled = np.median(random.choice(ratios, (2000, rounds)), axis=1)
        low, high = np.percentile(resampled, [2.5, 97.5])
        figures[name] = {
            "ms": round(float(1000 * np.median(seconds[:, column])), 2),
            "max_abs_probability": far[name],
            "ratio": round(float(np.median(ratios)), 3),
            "low": round(float(low), 3),
            "high": round(float(high), 3),
        }
    return {"engines": figures}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="folder of a package; random weights without it")
    parser.add_argument("--encoder", default="resnet18d-narrow")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    if arguments.model is not None:
        model = load_package(arguments.model).package.model
    else:
        torch.manual_seed(0)
        model = build_task_model(TaskModelConfig(task="fracture", image_encoder=arguments.encoder)).eval()
    figures = measure(model, arguments.size, arguments.rounds, warm_up=3)
    name = model.config.image_encoder
    print(json.dumps({"benchmark": "engines", "encoder": name, "size": arguments.size, **figures}))


if __name__ == "__main__":
    main()
