"""One pretraining step of ours against a plain open_clip step: same towers, batch, data and precision.

    python -m benchmarks.pretrain_step

The plain step is the body of open_clip's training loop (`open_clip_train/train.py`, train_one_epoch) with its
ClipLoss; ours adds the masking of repeated reports. Steps alternate, so that a busy machine slows both alike.
Beside the ratio: the peak memory of either in a process of its own, the share of the device's peak rate (MFU:
operations of one step as torch counts them, over its time, over the rate of a large matrix product here and
now in the same number format), and how many studies a second the loader makes ready, from memory and from
shards.
The last line is JSON: the median of the paired ratios (ours over open_clip in studies/s; 1 is level) with a
bootstrap interval of 95 %.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from osteon.models.dual_encoder import MAX_LOGIT_SCALE
from osteon.models.preprocess import Preprocess
from osteon.models.tokenizer import ReportTokenizer
from osteon.pairs import build_pairs
from tests.deid_folder import write_deid_folder
from training.losses import report_groups
from training.pair_batch import PairBatch, StepBatches, stream_batches
from training.pair_data import load_pairs
from training.pretrain_model import build_model
from training.pretrain_recipes import PretrainRecipe, pretrain_recipe
from training.pretrain_step import Learner, make_learner, train_step
from training.team import Team

WARM_UP = 3
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def open_clip_step(learner: Learner, batch: PairBatch) -> float:
    """The body of open_clip's loop: forward, ClipLoss, backward, clip, step, bound the logit scale."""
    from open_clip.loss import ClipLoss

    model, optimizer = learner.model, learner.optimizer
    optimizer.zero_grad()
    with torch.autocast(DEVICE.type, dtype=torch.bfloat16, enabled=learner.bfloat16):
        image_BD, text_BD, logit_scale, *_ = model(batch.image, batch.token)
        loss = ClipLoss()(image_BD, text_BD, logit_scale)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), learner.recipe.max_gradient_norm, norm_type=2.0)
    optimizer.step()
    with torch.no_grad():
        model.log_logit_scale.clamp_(0, math.log(MAX_LOGIT_SCALE))
    return float(loss.detach())


def prepared(recipe: PretrainRecipe) -> tuple[ReportTokenizer, PairBatch]:
    """A tokenizer, and a batch of noise with distinct reports."""
    random = np.random.default_rng(0)
    words = [f"mot{number}" for number in range(200)]
    texts = [" ".join(random.choice(words, 40)) for _ in range(recipe.batch_studies)]
    tokenizer = ReportTokenizer.train(
        texts, vocab_size=recipe.vocab_size, context_length=recipe.context_length
    )
    image = torch.rand(recipe.batch_studies, 1, recipe.size, recipe.size, device=DEVICE)
    token = tokenizer.encode(texts).to(DEVICE)
    image = image.contiguous(memory_format=torch.channels_last)
    return tokenizer, PairBatch(image=image, token=token, report=report_groups(token))


def learner_of(recipe: PretrainRecipe, tokenizer: ReportTokenizer) -> Learner:
    """A fresh model with its optimiser."""
    model = build_model(recipe, tokenizer, 0, device=DEVICE)
    return make_learner(model, recipe, Team(device=DEVICE))


def compare(recipe: PretrainRecipe, steps: int) -> dict[str, Any]:
    """Studies per second of both, the ratio with its interval, and the MFU of ours."""
    tokenizer, batch = prepared(recipe)
    ours, theirs = (learner_of(recipe, tokenizer) for _ in range(2))
    theirs.model.train()
    runs: tuple[Callable[[], float], ...] = (
        lambda: train_step(ours, batch, 0.5),
        lambda: open_clip_step(theirs, batch),
    )
    seconds = np.zeros((steps, 2))
    for step in range(-WARM_UP, steps):
        for column in (0, 1) if step % 2 else (1, 0):
            before = time.perf_counter()
            runs[column]()
            if step >= 0:
                seconds[step, column] = time.perf_counter() - before
    ratios = seconds[:, 1] / seconds[:, 0]
    resampled = np.median(np.random.default_rng(1).choice(ratios, (2000, steps)), axis=1)
    low, high = np.percentile(resampled, [2.5, 97.5])
    rates = recipe.batch_studies / np.median(seconds, axis=0)
    operations, peak = step_operations(ours, batch), peak_rate(ours.bfloat16)
    return {
        "osteon_studies_per_s": round(float(rates[0]), 1),
        "open_clip_studies_per_s": round(float(rates[1]), 1),
        "ratio": round(float(np.median(ratios)), 3),
        "low": round(float(low), 3),
        "high": round(float(high), 3),
        "bfloat16": ours.bfloat16,
        "gflop_per_study": round(operations / recipe.batch_studies / 1e9, 2),
        "matmul_gflop_per_s": round(peak / 1e9, 1),
        "mfu": round(operations / float(np.median(seconds[:, 0])) / peak, 3),
    }


def step_operations(learner: Learner, batch: PairBatch) -> float:
    """Multiplications and additions of one step's products and convolutions, forward and backward."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        train_step(learner, batch, 0.5)
    return float(counter.get_total_flops())


def peak_rate(bfloat16: bool, *, side: int = 2048, tries: int = 5) -> float:
    """Operations per second of the fastest of some large matrix products: the best this device shows now."""
    first = torch.rand(side, side, device=DEVICE, dtype=torch.bfloat16 if bfloat16 else torch.float32)
    times = []
    for _ in range(tries):
        before = time.perf_counter()
        float((first @ first)[0, 0])
        times.append(time.perf_counter() - before)
    return 2 * side**3 / min(times)


def peak_memory(form: str, recipe: PretrainRecipe) -> dict[str, float]:
    """Peak MiB above the model, its optimiser and the batch, over some steps of one form in this process."""
    tokenizer, batch = prepared(recipe)
    learner = learner_of(recipe, tokenizer)
    fields = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    before = float(next(line.split()[1] for line in fields if line.startswith("VmRSS"))) / 1024
    learner.model.train()
    for _ in range(3):
        train_step(learner, batch, 0.5) if form == "osteon" else open_clip_step(learner, batch)
    if DEVICE.type == "cuda":
        return {"peak_mib": torch.cuda.max_memory_allocated() / 2**20}
    return {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before}


def loader_rates(recipe: PretrainRecipe, folder: Path, workers: int, batches: int) -> dict[str, float]:
    """Studies per second that come out ready, from memory and from shards, in this process and in others."""
    if not (folder / "pairs").is_dir():
        build_pairs(write_deid_folder(folder / "deid", 400), folder / "pairs", size=256, workers=1)
    rates = {}
    for name, memory_bytes, processes in (
        ("memory", None, 0),
        ("shards", 0, 0),
        ("shards_and_processes", 0, workers),
    ):
        train = load_pairs(folder / "pairs", "train", Preprocess(size=recipe.size), memory_bytes=memory_bytes)
        tokenizer = ReportTokenizer.train(train.texts(), vocab_size=400, context_length=96)
        batch = min(recipe.batch_studies, len(train))
        stream = iter(
            stream_batches(StepBatches(train, recipe, tokenizer, 0, batch), 0, workers=processes, pin=False)
        )
        next(stream).ready(recipe, DEVICE)
        before = time.perf_counter()
        for _ in range(batches):
            next(stream).ready(recipe, DEVICE)
        rates[f"loader_{name}_studies_per_s"] = round(batches * batch / (time.perf_counter() - before), 1)
    return rates


def _in_a_child(form: str, arguments: argparse.Namespace) -> float:
    command = [sys.executable, "-m", "benchmarks.pretrain_step", "--form", form]
    command += ["--recipe", arguments.recipe, "--batch", str(arguments.batch)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1])["peak_mib"])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="standard", help="its text tower is our small one here")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--loader-workers", type=int, default=1)
    parser.add_argument("--form", choices=["osteon", "open_clip"], help="peak memory of one form, here")
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    recipe = replace(
        pretrain_recipe(arguments.recipe), batch_studies=arguments.batch, text_model=None, micro_batch=None
    )
    if arguments.form:
        print(json.dumps(peak_memory(arguments.form, recipe)))
        return
    figures = compare(recipe, arguments.steps)
    for form in ("osteon", "open_clip"):
        figures[f"{form}_peak_mib"] = round(_in_a_child(form, arguments), 1)
    with tempfile.TemporaryDirectory() as folder:
        figures |= loader_rates(recipe, Path(folder), arguments.loader_workers, batches=10)
    figures["loader_over_model"] = round(
        figures["loader_shards_studies_per_s"] / figures["osteon_studies_per_s"], 2
    )
    print(json.dumps({"benchmark": "pretrain_step", "recipe": arguments.recipe, **figures}))


if __name__ == "__main__":
    main()
