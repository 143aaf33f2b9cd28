"""Peak memory of one forward and backward pass of the contrastive loss, ours against all logits at once.

    python -m benchmarks.loss_memory

Each form runs in a process of its own, on the same embeddings. What counts is the growth of the process's
resident memory above what it held with its inputs, by the kernel's own high-water mark, so that allocator
caches, temporaries and gradients all count. The naive form is open_clip's `ClipLoss`. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import osteon  # noqa: F401 (declares what torchvision lacks beside a CPU torch)


def measure(form: str, batch: int, width: int) -> dict[str, float]:
    """Runs one form here and gives its peak above the inputs, its loss, gradient norm and time."""
    from open_clip.loss import ClipLoss

    from training.losses import info_nce

    generator = torch.Generator().manual_seed(0)
    image, text = (F.normalize(torch.randn(batch, width, generator=generator), dim=-1) for _ in range(2))
    image.requires_grad_(), text.requires_grad_()
    scale = torch.tensor(1 / 0.07, requires_grad=True)
    loss = info_nce if form == "ours" else ClipLoss()
    warm = F.normalize(torch.randn(8, width), dim=-1)
    loss(warm, warm, scale.detach())  # what a first call loads is no part of the loss
    before, started = _resident_mib(), time.perf_counter()
    value = loss(image, text, scale)
    value.backward()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert image.grad is not None
    assert text.grad is not None
    return {
        "peak_mib": peak - before,
        "loss": float(value.detach()),
        "gradient": float(image.grad.double().norm() + text.grad.double().norm()),
        "seconds": time.perf_counter() - started,
    }


def _resident_mib() -> float:
    fields = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line.split()[1] for line in fields if line.startswith("VmRSS"))) / 1024


def in_a_child(form: str, batch: int, width: int) -> dict[str, float]:
    """`measure` in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.loss_memory", "--form", form]
    command += ["--batch", str(batch), "--width", str(width)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measures both forms and prints their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=16_384)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--form", choices=["ours", "naive"], help="measure one form, in this process")
    arguments = parser.parse_args()
    if arguments.form:
        print(json.dumps(measure(arguments.form, arguments.batch, arguments.width)))
        return
    ours = in_a_child("ours", arguments.batch, arguments.width)
    naive = in_a_child("naive", arguments.batch, arguments.width)
    half = in_a_child("ours", arguments.batch // 2, arguments.width)
    print(
        json.dumps(
            {
                "benchmark": "loss_memory",
                "batch": arguments.batch,
                "width": arguments.width,
                "osteon_peak_mib": round(ours["peak_mib"], 1),
                "osteon_half_batch_peak_mib": round(half["peak_mib"], 1),
                "naive_peak_mib": round(naive["peak_mib"], 1),
                "ratio": round(ours["peak_mib"] / naive["peak_mib"], 4),
                "loss_difference": abs(ours["loss"] - naive["loss"]),
                "gradient_relative_difference": abs(ours["gradient"] / naive["gradient"] - 1),
                "osteon_s": round(ours["seconds"], 1),
                "naive_s": round(naive["seconds"], 1),
            }
        )
    )


if __name__ == "__main__":
    main()
