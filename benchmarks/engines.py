"""One picture through the network in eager torch and in onnxruntime: batch 1, one thread, the same weights.

    python -m benchmarks.engines [--model FOLDER] [--size 512] [--encoder resnet18d-narrow]

Without a package the weights are random: speed does not depend on them, and both answers are compared before
anything is timed. Calls alternate, so that a busy machine slows both alike. The last line is JSON:
milliseconds of each, then the median of the paired ratios (torch over onnxruntime; above 1 onnxruntime is
faster) with a bootstrap interval of 95 %.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from osteon.models import TaskModelConfig, build_task_model, load_package
from osteon.models.engine import Engine, OnnxEngine, TorchEngine
from osteon.models.export import PARITY, write_onnx
from osteon.models.task_model import TaskModel


def measure(model: TaskModel, size: int, rounds: int, warm_up: int) -> dict[str, float]:
    """Milliseconds of one answer by each engine, and the ratio with its interval."""
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    image = random.normal(size=(1, 1, size, size)).astype(np.float32)
    sex = np.zeros(1, dtype=np.int64)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write_onnx(model, size, path)
        engines: list[Engine] = [TorchEngine(model), OnnxEngine(path, threads=1)]
        answers = [np.exp(engine.infer(image, sex)[0]) for engine in engines]
        difference = float(np.abs(answers[0] - answers[1]).max())
        if difference > PARITY:
            raise SystemExit(f"the engines differ by {difference:.2g}: nothing was timed")
        seconds = np.zeros((rounds, 2))
        for turn in range(-warm_up, rounds):
            for column in (0, 1) if turn % 2 else (1, 0):
                before = time.perf_counter()
                engines[column].infer(image, sex)
                if turn >= 0:
                    seconds[turn, column] = time.perf_counter() - before
    ratios = seconds[:, 0] / seconds[:, 1]
    resampled = np.median(random.choice(ratios, (2000, rounds)), axis=1)
    low, high = np.percentile(resampled, [2.5, 97.5])
    milliseconds = 1000 * np.median(seconds, axis=0)
    return {
        "max_abs_probability": difference,
        "torch_ms": round(float(milliseconds[0]), 2),
        "onnxruntime_ms": round(float(milliseconds[1]), 2),
        "low": round(float(low), 3),
        "high": round(float(high), 3),
        "ratio": round(float(np.median(ratios)), 3),
    }


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
