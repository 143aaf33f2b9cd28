"""One pretraining step of ours against a plain open_clip step: same towers, batch, data and precision.

    python -m benchmarks.pretrain_step

The plain step is the body of open_clip's training loop (`open_clip_train/train.py`, train_one_epoch) with its
ClipLoss; ours adds the masking of repeated reports. Steps alternate, so that a busy machine slows both alike.
The last line is JSON: the median of the paired ratios (ours over open_clip in studies/s; 1 is level) with a
bootstrap interval of 95 %.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from osteon.models.dual_encoder import MAX_LOGIT_SCALE, DualEncoder
from osteon.models.tokenizer import ReportTokenizer
from training.pace import BFLOAT16_PAYS
from training.pretrain import build_model, build_optimizer, train_step
from training.pretrain_recipes import PretrainRecipe, standard


def open_clip_step(
    model: DualEncoder, optimizer: torch.optim.Optimizer, image_B1SS: Tensor, token_BL: Tensor, norm: float
) -> float:
    """The body of open_clip's loop: forward, ClipLoss, backward, clip, step, bound the logit scale."""
    from open_clip.loss import ClipLoss

    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=BFLOAT16_PAYS):
        image_BD, text_BD, logit_scale, *_ = model(image_B1SS, token_BL)
        loss = ClipLoss()(image_BD, text_BD, logit_scale)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), norm, norm_type=2.0)
    optimizer.step()
    with torch.no_grad():
        model.log_logit_scale.clamp_(0, math.log(MAX_LOGIT_SCALE))
    return float(loss.detach())


def measure(recipe: PretrainRecipe, steps: int, warm_up: int) -> dict[str, float]:
    """Studies per second of both, and the ratio with its interval."""
    random = np.random.default_rng(0)
    words = [f"mot{number}" for number in range(200)]
    texts = [" ".join(random.choice(words, 40)) for _ in range(recipe.batch_studies)]
    tokenizer = ReportTokenizer.train(
        texts, vocab_size=recipe.vocab_size, context_length=recipe.context_length
    )
    image = torch.rand(recipe.batch_studies, 1, recipe.size, recipe.size)
    image = image.contiguous(memory_format=torch.channels_last)
    tokens = tokenizer.encode(texts)
    ours, theirs = (build_model(recipe, tokenizer, 0) for _ in range(2))
    optimizers = [build_optimizer(model, recipe) for model in (ours, theirs)]
    seconds = np.zeros((steps, 2))
    theirs.train()
    for step in range(-warm_up, steps):
        for column in (0, 1) if step % 2 else (1, 0):
            before = time.perf_counter()
            if column == 0:
                train_step(ours, optimizers[0], image, tokens, recipe, 0.5)
            else:
                open_clip_step(theirs, optimizers[1], image, tokens, recipe.max_gradient_norm)
            if step >= 0:
                seconds[step, column] = time.perf_counter() - before
    ratios = seconds[:, 1] / seconds[:, 0]
    resampled = np.median(random.choice(ratios, (2000, steps)), axis=1)
    low, high = np.percentile(resampled, [2.5, 97.5])
    rates = recipe.batch_studies / np.median(seconds, axis=0)
    return {
        "osteon_studies_per_s": round(float(rates[0]), 1),
        "open_clip_studies_per_s": round(float(rates[1]), 1),
        "ratio": round(float(np.median(ratios)), 3),
        "low": round(float(low), 3),
        "high": round(float(high), 3),
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=standard().batch_studies)
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    figures = measure(replace(standard(), batch_studies=arguments.batch), arguments.steps, warm_up=3)
    print(json.dumps({"benchmark": "pretrain_step", **figures}))


if __name__ == "__main__":
    main()
