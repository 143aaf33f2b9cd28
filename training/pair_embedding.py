"""Embeddings of the studies of a split, and how well the two sides of them find each other.

Shapes: N studies, V places for pictures of a study, D embedding.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from osteon.models.dual_encoder import DualEncoder
from osteon.models.preprocess import Preprocess, normalise
from osteon.models.tokenizer import ReportTokenizer
from training.pair_data import PairSet, load_pairs
from training.retrieval import retrieval_figures


def validate(
    model: DualEncoder,
    data: Path,
    preprocess: Preprocess,
    tokenizer: ReportTokenizer,
    *,
    views: int = 1,
    memory_bytes: int | None = None,
) -> dict[str, float]:
    """Retrieval between first pictures and whole findings of the validation studies."""
    val = load_pairs(data, "val", preprocess, memory_bytes=memory_bytes)
    image_ND, text_ND = embed(model, val, tokenizer, views=views)
    return retrieval_figures(image_ND, text_ND, val.texts())


@torch.inference_mode()
def embed(
    model: DualEncoder, pairs: PairSet, tokenizer: ReportTokenizer, *, views: int = 1, batch: int = 64
) -> tuple[Tensor, Tensor]:
    """Embeddings of every study: its first pictures, at most `views`, and all its findings."""
    model.eval()
    device = model.log_logit_scale.device
    texts = pairs.texts()
    images, reports = [], []
    for start in range(0, len(pairs), batch):
        rows = [pairs.first_rows(study, views) for study in range(start, min(start + batch, len(pairs)))]
        view_BV = None
        if model.config.view_pooling is not None:
            view_BV = torch.arange(views) < torch.tensor([len(each) for each in rows])[:, None]
            view_BV = view_BV.to(device)
        levels = torch.from_numpy(pairs.pictures(np.concatenate(rows)))[:, None].to(device).float() / 255
        image = normalise(levels).contiguous(memory_format=torch.channels_last)
        images.append(model.encode_image(image, view_BV).cpu())
        reports.append(model.encode_text(tokenizer.encode(texts[start : start + batch]).to(device)).cpu())
    return torch.cat(images), torch.cat(reports)
